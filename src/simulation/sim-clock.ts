import type { Instant } from "../core/duration.ts";
import type { Clock } from "../core/ports.ts";

interface Timer {
  readonly at: Instant;
  readonly task: () => void;
}

/** Stands still until it is moved; its three clocks always agree. */
export class SimClock implements Clock {
  #now: Instant;
  readonly #startAt: Instant;
  readonly #timers = new Set<Timer>();

  constructor(startAt: Instant) {
    this.#now = startAt;
    this.#startAt = startAt;
  }

  now(): Instant {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now - this.#startAt;
  }

  uptimeMs(): number {
    return this.#now - this.#startAt;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Infinity when no timer is pending. */
  get nextTimerAt(): Instant {
    let first = Infinity;
    for (const { at } of this.#timers) first = Math.min(first, at);
    return first;
  }

  /** Runs the timers that fall due, in order of time. */
  moveTo(at: Instant): void {
    const due = [...this.#timers].filter((timer) => timer.at <= at).sort((a, b) => a.at - b.at);
    this.#now = Math.max(this.#now, at);
    for (const timer of due) if (this.#timers.delete(timer)) timer.task();
  }
}
