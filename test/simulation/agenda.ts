import type { Instant } from "../../src/core/duration.ts";

interface Entry {
  readonly at: Instant;
  readonly order: number;
  readonly run: () => Promise<void> | void;
}

/** What is to happen in the world, by the real time; two of one instant in the order in which they were put down. */
export class Agenda {
  readonly #entries: Entry[] = [];
  #count = 0;

  add(at: Instant, run: Entry["run"]): void {
    this.#count += 1;
    const entry = { at, order: this.#count, run };
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.at ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
  }

  /** Infinity when nothing is to come. */
  get nextAt(): Instant {
    return this.#entries.at(-1)?.at ?? Infinity;
  }

  /** Runs what is due, one after the other. */
  async run(now: Instant): Promise<void> {
    while (this.nextAt <= now) await this.#entries.pop()?.run();
  }
}
