import { DAY_MS, HOUR_MS, type Instant } from "../../src/core/duration.ts";
import { pausedUntil, rolesDiffer, waitsForPerson } from "../../src/core/decide.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import type { Agenda } from "./agenda.ts";
import type { Host } from "./host.ts";
import { isLive } from "./ledger.ts";
import type { SimToken } from "./sim-token.ts";
import type { Draw } from "./streams.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

const LOOK_AGAIN_MS: number = 2 * HOUR_MS;

/**
 * Whoever is told when an issuer has ended the token in use and the fresh one was lost, or when a token that is extended is to
 * have other powers: comes after hours, looks at the issuer, and does what docs/failure-modes.md says.
 */
export class OnCall {
  mended = 0;
  readonly #world: World;
  readonly #host: Host;
  readonly #truth: Truth;
  readonly #agenda: Agenda;
  readonly #draw: Draw;
  readonly #comingTo = new Set<SimToken>();

  constructor(world: World, host: Host, truth: Truth, agenda: Agenda, draw: Draw) {
    this.#world = world;
    this.#host = host;
    this.#truth = truth;
    this.#agenda = agenda;
    this.#draw = draw;
  }

  heard(event: DomainEvent): void {
    if (event.type !== "incident:opened" || event.incident.target !== "") return;
    const token = this.#world.token(event.incident.token);
    if (token !== undefined) this.#come(token, this.#truth.now() + this.#draw.stretch(HOUR_MS, 12 * HOUR_MS));
  }

  /** What was told as the daemon died is seen by whoever looks at `status` now and then. */
  lookAtAll(): void {
    for (const token of this.#world.tokens) this.#come(token, this.#truth.now());
  }

  #come(token: SimToken, at: Instant): void {
    const { kind } = token.issuer;
    if ((kind !== "revoking" && kind !== "extending") || this.#comingTo.has(token)) return;
    this.#comingTo.add(token);
    this.#agenda.add(at, async () => {
      this.#comingTo.delete(token);
      const againMs = kind === "revoking" ? await this.#look(token) : await this.#lookAtPowers(token);
      if (againMs !== undefined) this.#come(token, this.#truth.now() + againMs);
    });
  }

  /** What is extended is replaced at a person's word only. */
  async #lookAtPowers({ declared }: SimToken): Promise<number | undefined> {
    const { key } = declared;
    const { process } = this.#host;
    if (process === undefined) return LOOK_AGAIN_MS;
    const record = await this.#world.state.token(key);
    if (record === undefined || !rolesDiffer(declared, record)) return undefined;
    if (pausedUntil(record.pause, this.#truth.host.now()) === undefined) {
      this.mended += 1;
      const order = { of: { kind: "declared", token: key }, expAt: null, reuse: false, secret: null } as const;
      this.#ask(process.controller.createToken({ ...order, superuser: false }));
    }
    return LOOK_AGAIN_MS;
  }

  /** Answers after how long it has to be looked at again. */
  async #look(token: SimToken): Promise<number | undefined> {
    const { key, name, request } = token.declared;
    const { process } = this.#host;
    if (process === undefined) return LOOK_AGAIN_MS;
    const record = await this.#world.state.token(key);
    if (record === undefined) return undefined;
    const { capabilities } = token.issuer;
    const isWaiting = waitsForPerson({ record, issuer: capabilities }, this.#truth.host.now());
    // A fresh one is on its way.
    if (record.mint !== null && !isWaiting) return LOOK_AGAIN_MS;
    const { desired } = record;
    const row = token.issuer.rowsOf(name).find((each) => each.fingerprint === desired?.fingerprint);
    const now = this.#truth.now();
    if (desired === null || (row !== undefined && isLive(row, now))) {
      // Nothing was made, or nothing of use.
      if (isWaiting) this.#discard(token);
      return isWaiting ? LOOK_AGAIN_MS : undefined;
    }
    this.mended += 1;
    const fresh = token.issuer.mintByHand(name, request.roles, request.lifetimeMs);
    for (const berth of token.berths) {
      if (berth.reader.text === undefined) continue;
      berth.meddled.push([now, this.#world.meddledUntil(berth.declared, now)]);
      berth.place.put(fresh.token.reveal());
    }
    if (this.#draw.chance(0.3)) this.#discard(token);
    return Math.max(...token.berths.map(({ declared }) => declared.observeMs)) + DAY_MS / 4;
  }

  #discard({ declared }: SimToken): void {
    const { process } = this.#host;
    if (process !== undefined) this.#ask(process.controller.discard(declared.key));
  }

  /** Not waited for: a process that dies over it never answers. */
  #ask(what: Promise<unknown>): void {
    what.catch((thrown: unknown) => {
      if (!(thrown instanceof RenewdError) || thrown.code === "bug")
        this.#world.break(`what a person mended ended in ${String(thrown)}`);
    });
  }
}
