import type { Instant } from "../../src/core/duration.ts";
import type { Clock } from "../../src/core/ports.ts";

interface Timer {
  readonly dueMs: number;
  readonly task: () => void;
}

/**
 * A clock that stands still until a test moves it. Timers follow the monotonic clock, as Node's do. Work that waits for
 * real I/O is not waited for: a test awaits that itself.
 */
export class FakeClock implements Clock {
  /** The three clocks; a test may set each by itself. */
  nowAt: Instant;
  monotonic = 1_000_000;
  uptime = 5_000_000;
  readonly #timers = new Set<Timer>();

  constructor(nowAt: Instant = Date.parse("2026-07-01T08:00:00Z")) {
    this.nowAt = nowAt;
  }

  now(): Instant {
    return this.nowAt;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  uptimeMs(): number {
    return this.uptime;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { dueMs: this.monotonic + Math.max(0, delayMs), task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves all three clocks, running what falls due in order of time and letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.monotonic + ms;
    await settle();
    for (let timer = this.#nextUntil(endMs); timer !== undefined; timer = this.#nextUntil(endMs)) {
      this.#timers.delete(timer);
      this.#move(Math.max(0, timer.dueMs - this.monotonic));
      timer.task();
      await settle();
    }
    this.#move(endMs - this.monotonic);
  }

  /** Sets the wall clock alone, as an administrator or a time service does; no timer notices. */
  jumpTo(at: Instant): void {
    this.nowAt = at;
  }

  #nextUntil(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }

  #move(ms: number): void {
    this.nowAt += ms;
    this.monotonic += ms;
    this.uptime += ms;
  }
}

/** One turn of the event loop: every promise that can settle without I/O has settled after it. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
