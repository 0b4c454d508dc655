import type { Instant } from "../core/duration.ts";
import type { Outage } from "../core/simulation.ts";

/** Whether a service can be reached, and who tried while it could not. */
export class Reach {
  readonly #outages: readonly Outage[];
  /** When somebody did not get through. */
  readonly refusals: Instant[] = [];
  #cut: { readonly fromAt: Instant; readonly untilAt: Instant } | undefined;

  constructor(outages: readonly Outage[]) {
    this.#outages = outages;
  }

  /** Besides the outages that were known from the start. Once only: false when it was cut before. */
  cut(fromAt: Instant, untilAt: Instant): boolean {
    if (this.#cut !== undefined) return false;
    this.#cut = { fromAt, untilAt };
    return true;
  }

  isCut(now: Instant): boolean {
    const all = this.#cut === undefined ? this.#outages : [...this.#outages, this.#cut];
    return all.some(({ fromAt, untilAt }) => fromAt <= now && now < untilAt);
  }

  /** False when it cannot be reached; that is noted. */
  try(now: Instant): boolean {
    if (!this.isCut(now)) return true;
    if (this.refusals.at(-1) !== now) this.refusals.push(now);
    return false;
  }
}
