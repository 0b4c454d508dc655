import type { Instant } from "../core/duration.ts";
import type { Shortage } from "../core/simulation.ts";

/** What somebody got who read a target at the worst instant. */
interface Sight {
  readonly at: Instant;
  /** How long the token was to live still; less than nothing when it had expired. */
  readonly lifeMs: number;
}

/** Reads one target at every instant: the least is always just before something changes. */
export class Reader {
  readonly #holdMs: number;
  #seen: { readonly expAt: Instant } | undefined;
  #sinceAt: Instant = 0;
  #pending: { readonly token: { readonly expAt: Instant }; readonly at: Instant }[] = [];
  least: Sight | undefined;
  /** Since when it gets any token at all; undefined where it never did. */
  filledAt: Instant | undefined;
  readonly shortages: Shortage[] = [];

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  /** From `at` on readers see this token. */
  sees(token: { readonly expAt: Instant }, at: Instant): void {
    this.#pending = [...this.#pending.filter((each) => each.at < at), { token, at }];
  }

  /**
   * This token took the place of one that its issuer ended at that very instant, until which everything is read. Nobody can
   * be spared that, however well all goes: neither the instant nor the time until it shows is counted.
   */
  takesOver(token: { readonly expAt: Instant }, at: Instant): void {
    this.#pending = [];
    this.#seen = token;
    this.#sinceAt = at;
    this.filledAt ??= at;
  }

  /** Reads until `now`; to be called before an expiry is moved, and at the end. */
  readUntil(now: Instant): void {
    for (let next = this.#pending[0]; next !== undefined && next.at <= now; next = this.#pending[0]) {
      this.#note(next.at);
      this.#pending.shift();
      this.#seen = next.token;
      this.#sinceAt = next.at;
      this.filledAt ??= next.at;
    }
    this.#note(now);
    this.#sinceAt = now;
  }

  #note(at: Instant): void {
    if (this.#seen === undefined || at < this.#sinceAt) return;
    const lifeMs = this.#seen.expAt - at;
    if (this.least === undefined || lifeMs < this.least.lifeMs) this.least = { at, lifeMs };
    if (lifeMs >= this.#holdMs) return;
    const fromAt = Math.max(this.#sinceAt, this.#seen.expAt - this.#holdMs);
    const last = this.shortages.at(-1);
    if (last !== undefined && last.untilAt >= fromAt)
      this.shortages[this.shortages.length - 1] = { ...last, untilAt: at };
    else this.shortages.push({ fromAt, untilAt: at });
  }
}
