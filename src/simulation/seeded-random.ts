import type { Random } from "../core/ports.ts";

/** A stream of draws that is the same for the same seed (mulberry32). Nothing that it makes is a secret. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  share(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  hex(count: number): string {
    let text = "";
    for (let byte = 0; byte < count; byte += 1)
      text += Math.floor(this.share() * 256)
        .toString(16)
        .padStart(2, "0");
    return text;
  }
}

/** The longest that a retry can wait: what an outage should be held against. Names stay different from each other. */
export class WorstRandom implements Random {
  readonly #names = new SeededRandom(1);

  share(): number {
    return 0.999_999;
  }

  hex(count: number): string {
    return this.#names.hex(count);
  }
}
