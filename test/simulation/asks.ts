import { MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { paceOf } from "../../src/core/decide.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import type { Instant } from "../../src/core/duration.ts";
import { scheduleOf } from "../../src/core/schedule.ts";
import type { SimToken } from "./sim-token.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

/** The targets are asked one after the other, and each of them before the issuer. */
const LONGEST_PREFLIGHT_MS: number = 10 * MINUTE_MS;

/** Watches that the issuer is asked only when there is a reason to: a restart, a reload or a lost state is none. */
export class Asks {
  readonly #world: World;
  readonly #truth: Truth;
  readonly #causeOf = new Map<string, string>();

  constructor(world: World, truth: Truth) {
    this.#world = world;
    this.#truth = truth;
  }

  heard(event: DomainEvent): void {
    if (event.type === "renewal:started") this.#causeOf.set(event.token, event.cause);
    if (event.type !== "renewal:asked") return;
    const token = this.#world.token(event.token);
    if (token === undefined) return;
    void this.#expectNotPaused(token);
    if (token.issuer.kind === "revoking") void this.#expectAllTake(token);
    const cause = this.#causeOf.get(event.token);
    if (cause === "first") this.#expectNone(token);
    if (cause === "due") void this.#expectDue(token, event.at);
  }

  /** The pause is in the state, and was at the last look before the request. */
  async #expectNotPaused(token: SimToken): Promise<void> {
    const { key } = token.declared;
    const now = this.#truth.host.now();
    const pause = (await this.#world.state.token(key))?.pause;
    if (pause !== undefined && pause !== null && pause.since < now)
      this.#world.break(`${key}: the issuer was asked although the token is paused`);
  }

  /** By the daemon's own clock, and whatever its jitter was. */
  async #expectDue(token: SimToken, at: Instant): Promise<void> {
    const { declared } = token;
    const desired = (await this.#world.state.token(declared.key))?.desired;
    if (desired === undefined || desired === null) return;
    const { renewAt } = scheduleOf(desired, paceOf(declared, MINUTE_MS));
    if (at < renewAt - SECOND_MS)
      this.#world.break(
        `${declared.key}: the issuer was asked at ${at}, before ${renewAt}, when the newest token is due`,
      );
  }

  /** The old token ends with the renewal: each target that cannot take the fresh one would be left with a dead one. */
  async #expectAllTake({ declared, berths }: SimToken): Promise<void> {
    const now = this.#truth.now();
    const hostNow = this.#truth.host.now();
    const desired = (await this.#world.state.token(declared.key))?.desired ?? null;
    if (desired === null || desired.expAt <= hostNow) return;
    for (const { declared: target, place } of berths) {
      if ((place.refusesSince ?? now) <= now - LONGEST_PREFLIGHT_MS)
        this.#world.break(`${declared.key}/${target.label}: a renewal was asked for that this target could not take`);
    }
  }

  /** Nothing is there that would do: at the issuer where that has a list, else in a target, if its token can be proved. */
  #expectNone(token: SimToken): void {
    const { declared, issuer, berths } = token;
    if (issuer.kind === "opaque") return;
    const now = this.#truth.now();
    // One that cannot be proved holds up the first only for so long.
    if (now >= this.#world.stateSince + declared.policy.repairMs) return;
    const pace = paceOf(declared, MINUTE_MS);
    const texts = berths.map(({ place, reader }) => (place.isWell ? (reader.text ?? "") : ""));
    const held = texts.flatMap((text) => issuer.rowOf(text) ?? []);
    const usable = (issuer.capabilities.lists ? issuer.rowsOf(declared.name) : held).find(
      (row) =>
        row.flaw === undefined &&
        row.endedAt === null &&
        !token.withdrawn.has(row.fingerprint) &&
        row.startAt < now - MINUTE_MS &&
        now < scheduleOf({ ...row, u: 1 }, pace).renewAt &&
        row.roles.length === declared.request.roles.length &&
        declared.request.roles.every((role) => row.roles.includes(role)),
    );
    if (usable !== undefined)
      this.#world.break(`${declared.key}: a first token was asked for although ${usable.id} is there`);
  }
}
