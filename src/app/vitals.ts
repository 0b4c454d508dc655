import { SECOND_MS } from "../core/duration.ts";
import type { Emit } from "../core/events.ts";
import type { Clock } from "../core/ports.ts";
import { FIRST_SWEEP_PENDING } from "../engine/pulse.ts";
import type { Sweeper } from "../engine/sweeper.ts";
import type { Health } from "../http/health.ts";

/** A scheduler that missed so many ticks is stalled. */
const TICKS_MISSED_MAX = 3;
const STALLED_LEAST_MS: number = 60 * SECOND_MS;

/**
 * What does not move: the tick itself; a look at the tokens, which hangs or ends in a failure each time; or the work on some
 * of them, whose failures cannot even be recorded.
 */
export interface Stall {
  readonly part: "tick" | "look" | "work";
  readonly forMs: number;
  /** The last failure of late; null: nothing fails, it hangs. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** How the daemon itself fares, by the monotonic clock: a wall clock that is set stalls nothing. */
export class Vitals {
  readonly #clock: Clock;
  readonly #sweeper: Pick<Sweeper, "sweptMs" | "failingSinceMs">;
  readonly #tickMs: () => number;
  readonly #startedMs: number;
  #beatMs: number;
  #failure: (NonNullable<Stall["failure"]> & { readonly atMs: number }) | undefined;

  constructor(clock: Clock, sweeper: Pick<Sweeper, "sweptMs" | "failingSinceMs">, tickMs: () => number) {
    this.#clock = clock;
    this.#sweeper = sweeper;
    this.#tickMs = tickMs;
    this.#startedMs = clock.monotonicMs();
    this.#beatMs = this.#startedMs;
  }

  beat(): void {
    this.#beatMs = this.#clock.monotonicMs();
  }

  readonly onEvent: Emit = (event) => {
    if (event.type !== "sweep:failed") return;
    this.#failure = { code: event.code, message: event.message, atMs: this.#clock.monotonicMs() };
  };

  /** Null while everything moves. */
  stall(): Stall | null {
    const nowMs = this.#clock.monotonicMs();
    const mostMs = Math.max(TICKS_MISSED_MAX * this.#tickMs(), STALLED_LEAST_MS);
    const isOfLate = this.#failure !== undefined && nowMs - this.#failure.atMs < mostMs;
    const failure = isOfLate ? (this.#failure ?? null) : null;
    const parts: readonly (readonly [Stall["part"], number])[] = [
      ["tick", this.#beatMs],
      ["look", this.#sweeper.sweptMs ?? this.#startedMs],
      ["work", this.#sweeper.failingSinceMs ?? nowMs],
    ];
    const stalled = parts.find(([, sinceMs]) => nowMs - sinceMs >= mostMs);
    return stalled === undefined ? null : { part: stalled[0], forMs: nowMs - stalled[1], failure };
  }

  /** What fails says so and tries again; what hangs does not, and only a new process helps. */
  health(): Health {
    const stall = this.stall();
    const alive = stall === null || stall.part === "work" || (stall.part === "look" && stall.failure !== null);
    const reasons: string[] = [];
    if (!alive) reasons.push("scheduler_stalled");
    if (this.#sweeper.sweptMs === undefined) reasons.push(FIRST_SWEEP_PENDING);
    else if (this.#sweeper.failingSinceMs !== undefined || stall?.part === "look") reasons.push("sweep_failing");
    return { alive, ready: reasons.length === 0, reasons };
  }
}
