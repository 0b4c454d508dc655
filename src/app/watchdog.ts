import { formatInstant, type Instant, SECOND_MS } from "../core/duration.ts";
import type { Condition, Incident } from "../core/incidents.ts";
import { SCHEDULER_SUBJECT } from "../core/past-state.ts";
import type { Engine } from "../engine/engine.ts";
import { limited } from "../engine/limited.ts";
import { tellConditions } from "../engine/tell.ts";
import type { Stall } from "./vitals.ts";

const LOOK_EVERY_MS: number = 15 * SECOND_MS;
/** The state takes what is told within this, or it is told past the state. */
const RECORD_LIMIT_MS: number = 10 * SECOND_MS;

/** Watches the scheduler by a timer of its own. What stops every timer only somebody outside can tell: a dead man's switch. */
export class Watchdog {
  readonly #engine: Pick<Engine, "clock" | "state" | "emit">;
  readonly #stall: () => Stall | null;
  /** Tells the channels of what the state cannot hold; null when that is over. */
  readonly #tellPast: (incident: Incident | null) => void;
  readonly #stop = new AbortController();
  #cancel: (() => void) | undefined;
  #since: { readonly part: Stall["part"]; readonly at: Instant } | undefined;
  #past: Incident | undefined;
  #isRecorded = false;
  /** A state that hangs is not asked again before it answers. */
  #recording: Promise<unknown> | undefined;

  constructor(
    engine: Pick<Engine, "clock" | "state" | "emit">,
    stall: () => Stall | null,
    tellPast: (incident: Incident | null) => void,
  ) {
    this.#engine = engine;
    this.#stall = stall;
    this.#tellPast = tellPast;
  }

  start(): void {
    this.#cancel = this.#engine.clock.after(LOOK_EVERY_MS, () => void this.#look());
  }

  stop(): void {
    this.#stop.abort(new DOMException("renewd stops", "AbortError"));
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #look(): Promise<void> {
    const stall = this.#stall();
    // What the state refuses is told as `state_failing`.
    const isOfState = stall?.failure?.code.startsWith("state_") === true && stall.part !== "tick";
    const condition = stall === null || isOfState ? undefined : stalled(stall, this.#sinceOf(stall));
    if (condition === undefined) this.#since = undefined;
    const isTaken = await this.#record(condition === undefined ? [] : [condition]);
    if (isTaken) this.#isRecorded = condition !== undefined;
    this.#tellUnrecorded(isTaken || this.#isRecorded ? undefined : condition);
    if (this.#cancel !== undefined) this.start();
  }

  /** Reckoned once, so that the words do not change while nothing else does. */
  #sinceOf({ part, forMs }: Stall): Instant {
    if (this.#since?.part !== part) this.#since = { part, at: this.#engine.clock.now() - forMs };
    return this.#since.at;
  }

  /** Whether the state took it. */
  async #record(conditions: readonly Condition[]): Promise<boolean> {
    if (this.#recording !== undefined) return false;
    const recording = tellConditions(this.#engine, SCHEDULER_SUBJECT, conditions, null);
    this.#recording = recording
      .catch(() => undefined)
      .finally(() => {
        this.#recording = undefined;
      });
    return limited(this.#engine.clock, RECORD_LIMIT_MS, this.#stop.signal, () => recording).then(
      () => true,
      () => false,
    );
  }

  #tellUnrecorded(condition: Condition | undefined): void {
    if (condition === undefined) {
      if (this.#past === undefined) return;
      this.#past = undefined;
      this.#tellPast(null);
      return;
    }
    if (this.#past !== undefined) return;
    const now = this.#engine.clock.now();
    this.#past = { ...SCHEDULER_SUBJECT, ...condition, openedAt: now, tellAgainAt: now, toldTimes: 1 };
    this.#tellPast(this.#past);
  }
}

function stalled({ part, failure }: Stall, at: Instant): Condition {
  const since = formatInstant(at);
  const message = {
    tick: `renewd has not looked at its tokens since ${since}.`,
    look: `No look at the tokens has ended well since ${since}${failure === null ? ": one hangs" : ""}.`,
    work: `Since ${since} the work on some tokens or targets ends in failures of renewd itself.`,
  }[part];
  const why = failure === null || part === "tick" ? "" : ` The last failure: ${failure.message} (${failure.code}).`;
  return {
    reason: "scheduler_stalled",
    severity: "critical",
    message: `${message}${why}`,
    next: "It looks at its next tick, if there is one.",
    action: "Look at the host's load and at the log; restart renewd if it stays so.",
    dangerAt: null,
    expAt: null,
  };
}
