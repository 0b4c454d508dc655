import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { Agenda } from "./agenda.ts";
import type { Host, Process } from "./host.ts";
import type { SimBerth, SimToken } from "./sim-token.ts";
import type { Draw } from "./streams.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

const ADOPTED_AFTER_MS: number = 3 * HOUR_MS;
const TRY_AGAIN_MS: number = 10 * MINUTE_MS;

/** Operators and strangers: who pauses, renews by hand, edits settings, mints and writes past renewd. */
export class Persons {
  acts = 0;
  readonly #world: World;
  readonly #host: Host;
  readonly #truth: Truth;
  readonly #agenda: Agenda;
  readonly #draw: Draw;

  constructor(world: World, host: Host, truth: Truth, agenda: Agenda, draw: Draw) {
    this.#world = world;
    this.#host = host;
    this.#truth = truth;
    this.#agenda = agenda;
    this.#draw = draw;
  }

  /** Something that a person does to a token now. */
  act(token: SimToken): void {
    this.acts += 1;
    this.#draw.pick([
      () => this.#renew(token),
      () => this.#pause(token),
      () => this.#mintByHand(token),
      () => this.#meddle(token),
      () => this.#meddle(token),
      () => this.#rollback(token),
      () => this.#discard(token),
    ])();
  }

  /** Somebody edits the settings of one token. */
  reload(token: SimToken): void {
    this.acts += 1;
    this.#draw.pick([
      () => this.#changePolicy(token),
      () => this.#changeHold(token),
      () => this.#changeRoles(token),
      () => this.#changeTargets(token),
    ])();
    token.changedAt = this.#truth.now();
    this.#world.declare();
    const { process } = this.#host;
    if (process === undefined) return;
    const now = this.#truth.host.now();
    const { key } = token.declared;
    const { state } = process.engine;
    void this.#world
      .enrol()
      .then(() => state.free({ token: key }, now))
      .then(() => state.wake({ token: key }, now))
      .then(() => state.wake({ targetsOf: key }, now))
      .then(() => process.sweeper.sweep());
  }

  /** After a lost state nobody knows any more that a target was renewd's where a stranger wrote it: a person must say so. */
  adoptAll(): void {
    const now = this.#truth.now();
    for (const token of this.#world.tokens) {
      for (const berth of token.berths) {
        if (berth.reader.text === undefined || token.issuer.rowOf(berth.reader.text) !== undefined) continue;
        berth.meddled.push([now, this.#world.meddledUntil(berth.declared, now + ADOPTED_AFTER_MS)]);
        this.#adoptAt(token, berth, now + ADOPTED_AFTER_MS);
      }
    }
  }

  #adoptAt(token: SimToken, berth: SimBerth, at: number): void {
    this.#agenda.add(at, () => {
      this.#ask((process) => process.controller.adopt(token.declared.key, berth.declared.label));
    });
  }

  /** Whoever is on call looks at what is quarantined before the calm. */
  discardAll(): void {
    for (const token of this.#world.tokens) this.#discard(token);
  }

  /** Without `create` a person mints the first token. */
  mintFirst(token: SimToken): void {
    const { name, request } = token.declared;
    token.issuer.mintByHand(name, request.roles, request.lifetimeMs);
  }

  #renew(token: SimToken): void {
    this.#ask((process) => process.controller.renew(token.declared.key, null));
  }

  #pause(token: SimToken): void {
    const now = this.#truth.now();
    const stretch: [number, number] = [now, Infinity];
    token.paused.push(stretch);
    this.#ask((process) => process.controller.pause(token.declared.key, null, "a change of machines"));
    this.#resumeAt(token, stretch, now + this.#draw.stretch(HOUR_MS, 2 * DAY_MS));
  }

  /** Asks for it until it is so. */
  #resumeAt(token: SimToken, stretch: [number, number], at: number): void {
    this.#agenda.add(at, () => {
      this.#ask(async (process) => {
        await process.controller.resume(token.declared.key);
        stretch[1] = this.#truth.now();
      });
      this.#agenda.add(at + TRY_AGAIN_MS, () => {
        if (stretch[1] === Infinity) this.#resumeAt(token, stretch, this.#truth.now());
      });
    });
  }

  #rollback(token: SimToken): void {
    const now = this.#truth.now();
    const stretch: [number, number] = [now, Infinity];
    this.#ask(async (process) => {
      // From here on the token is paused, whether or not this process lives to say so.
      token.paused.push(stretch);
      token.changedAt = now;
      await process.controller.rollback(token.declared.key);
    });
    this.#resumeAt(token, stretch, now + this.#draw.stretch(HOUR_MS, 12 * HOUR_MS));
  }

  #discard(token: SimToken): void {
    this.#ask((process) => process.controller.discard(token.declared.key));
  }

  #mintByHand(token: SimToken): void {
    const { name, request } = token.declared;
    token.issuer.mintByHand(name, request.roles, request.lifetimeMs * (0.4 + this.#draw.share()));
  }

  #meddle(token: SimToken): void {
    const berth = this.#draw.pick(token.berths);
    const now = this.#truth.now();
    const rows = token.issuer.rowsOf(token.declared.name).filter((row) => row.flaw === undefined);
    const texts = [null, "a stranger's word", ...rows.slice(-3).map((row) => row.token.reveal())];
    // Before the first filling a stranger's word there would have to be adopted first.
    if (berth.reader.text === undefined) return;
    berth.meddled.push([now, this.#world.meddledUntil(berth.declared, now)]);
    berth.place.put(this.#draw.pick(texts));
  }

  #changePolicy(token: SimToken): void {
    const { declared } = token;
    const policy = { ...declared.policy, renewBefore: { share: 0.2 + 0.3 * this.#draw.share() } };
    token.declared = { ...declared, policy };
  }

  #changeHold(token: SimToken): void {
    const { declared } = token;
    const factor = 0.5 + this.#draw.share();
    const targets = declared.targets.map((target) => ({
      ...target,
      holdMs: Math.min(target.holdMs * factor, declared.request.lifetimeMs / 12),
    }));
    token.declared = { ...declared, targets };
    this.#redeclare(token);
  }

  #changeRoles(token: SimToken): void {
    const { declared } = token;
    if (!declared.create) return;
    const roles = declared.request.roles.length === 1 ? ["runner", "viewer"] : ["runner"];
    token.declared = { ...declared, request: { ...declared.request, roles } };
  }

  #changeTargets(token: SimToken): void {
    const { declared } = token;
    const [first, second] = declared.targets;
    if (first === undefined) return;
    if (second !== undefined) {
      token.declared = { ...declared, targets: [first] };
      for (const berth of token.berths.splice(1)) berth.reader.judge(this.#truth.now());
      return;
    }
    const label = `x${this.acts}`;
    const added = { ...first, label, identity: `${declared.key}/${label}` };
    token.declared = { ...declared, targets: [first, added] };
    this.#world.addBerth(token, added);
  }

  /** Readers judge by the new `hold`. */
  #redeclare(token: SimToken): void {
    token.berths.forEach((berth, index) => {
      const declared = token.declared.targets[index];
      if (declared === undefined) return;
      berth.reader.judge(this.#truth.now());
      berth.reader.holdMs = declared.holdMs;
      berth.declared = declared;
    });
  }

  /** While nobody answers, nothing is asked. What is refused is refused in words. */
  #ask(what: (process: Process) => Promise<unknown>): void {
    const { process } = this.#host;
    if (process === undefined) return;
    what(process).catch((thrown: unknown) => {
      if (!(thrown instanceof RenewdError) || thrown.code === "bug")
        this.#world.break(`a person's wish ended in ${String(thrown)}`);
    });
  }
}
