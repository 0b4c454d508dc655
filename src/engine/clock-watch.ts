import type { Instant } from "../core/duration.ts";
import type { Clock } from "../core/ports.ts";

/** The wall clock and the uptime may drift apart by this much before the wall clock is doubted. */
const SKEW_MS = 30_000;

/** Watches whether the wall clock can be believed: it must move as the uptime does, or an issuer's Date vouch for it anew. */
export class ClockWatch {
  readonly #clock: Clock;
  #offsetMs: number;
  #steadySince: Instant;
  #doubted = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#steadySince = clock.now();
    this.#offsetMs = clock.now() - clock.uptimeMs();
  }

  /** How far the wall clock leapt against the uptime since it was last vouched for; 0 while it can be trusted. */
  look(): number {
    const now = this.#clock.now();
    const leaptMs = now - this.#clock.uptimeMs() - this.#offsetMs;
    const isDoubted = Math.abs(leaptMs) >= SKEW_MS;
    if (isDoubted || this.#doubted) this.#steadySince = now;
    this.#doubted = isDoubted;
    return isDoubted ? leaptMs : 0;
  }

  /** From when on what the wall clock says has passed has passed: this process's start at the earliest, now while it is doubted. */
  get steadySince(): Instant {
    this.look();
    return this.#steadySince;
  }

  get trusted(): boolean {
    return this.look() === 0;
  }

  /** An issuer said what time it is. */
  witness(issuerNow: Instant): void {
    this.look();
    const now = this.#clock.now();
    if (Math.abs(issuerNow - now) >= SKEW_MS) return;
    this.#offsetMs = now - this.#clock.uptimeMs();
  }
}
