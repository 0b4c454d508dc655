import { MINUTE_MS } from "../core/duration.ts";
import type { Emit } from "../core/events.ts";
import { ERRORS } from "../core/errors.ts";
import type { Incident } from "../core/incidents.ts";
import { STATE_SUBJECT } from "../core/past-state.ts";
import type { Clock } from "../core/ports.ts";

const REPEAT_MS: number = 15 * MINUTE_MS;

/**
 * renewd's own state fails: nothing can be recorded, this incident neither. It goes to the channels past the state. How long
 * that has been so is told by the monotonic clock: the wall clock may be set meanwhile.
 */
export class StateAlarm {
  readonly #clock: Clock;
  readonly #tell: (incident: Incident | null) => void;
  #open: Incident | undefined;
  #failedMs = 0;
  #toldMs = 0;

  constructor(clock: Clock, tell: (incident: Incident | null) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  readonly onEvent: Emit = (event) => {
    if (event.type !== "sweep:failed" || !event.code.startsWith("state_")) return;
    const now = this.#clock.now();
    this.#failedMs = this.#clock.monotonicMs();
    const open = this.#open;
    if (open !== undefined && this.#failedMs < this.#toldMs + REPEAT_MS) return;
    this.#toldMs = this.#failedMs;
    this.#open = {
      ...STATE_SUBJECT,
      reason: "state_failing",
      severity: "critical",
      message: `renewd's own state fails, so that no renewal and no delivery is begun: ${event.message} (${event.code}).`,
      next: "It tries again at every tick.",
      action: ERRORS[event.code].hint,
      dangerAt: null,
      expAt: null,
      openedAt: open?.openedAt ?? now,
      tellAgainAt: now + REPEAT_MS,
      toldTimes: (open?.toldTimes ?? 0) + 1,
    };
    this.#tell(this.#open);
  };

  /** A sweep ended well; one that fails while it is recorded may have done so just before. */
  over(): void {
    if (this.#open === undefined || this.#clock.monotonicMs() < this.#failedMs + MINUTE_MS) return;
    this.#open = undefined;
    this.#tell(null);
  }
}
