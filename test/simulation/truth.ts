import type { Instant } from "../../src/core/duration.ts";
import type { Clock } from "../../src/core/ports.ts";
import { SteppingClock } from "../support/stepping-clock.ts";

/** The real time, that of issuers, stores and readers. The daemon's wall clock may say another; uptime never does. */
export class Truth implements Clock {
  readonly host = new SteppingClock();
  readonly #startAt: Instant = this.host.now();
  readonly #startUptimeMs: number = this.host.uptimeMs();

  now(): Instant {
    return this.#startAt + this.host.uptimeMs() - this.#startUptimeMs;
  }

  monotonicMs(): number {
    return this.host.monotonicMs();
  }

  uptimeMs(): number {
    return this.host.uptimeMs();
  }

  after(delayMs: number, task: () => void): () => void {
    return this.host.after(delayMs, task);
  }

  /** The host's wall clock is set so far from the truth. */
  setSkew(ms: number): void {
    this.host.jumpTo(this.now() + ms);
  }

  /** The host sleeps: the world goes on, its timers do not. */
  sleep(ms: number): void {
    this.host.uptime += ms;
    this.host.nowAt += ms;
  }
}
