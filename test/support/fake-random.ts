import type { Random } from "../../src/core/ports.ts";

/** Seeded (mulberry32), so that a failing run can be run again. */
export class FakeRandom implements Random {
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
    for (let byte = 0; byte < count; byte += 1) text += this.below(256).toString(16).padStart(2, "0");
    return text;
  }

  below(limit: number): number {
    return Math.floor(this.share() * limit);
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new TypeError("nothing to pick from");
    return choice;
  }
}
