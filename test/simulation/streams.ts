import { FakeRandom } from "../support/fake-random.ts";

/** A seeded stream of draws. */
export class Draw extends FakeRandom {
  between(least: number, most: number): number {
    return least + Math.floor(this.share() * (most - least));
  }

  chance(probability: number): boolean {
    return this.share() < probability;
  }

  /** Spread over orders of magnitude: mostly short, sometimes very long. */
  stretch(leastMs: number, mostMs: number): number {
    return Math.round(leastMs * (mostMs / leastMs) ** this.share());
  }

  /** The gap to the next of events that come so often on average. */
  gap(meanMs: number): number {
    return Math.round(-Math.log(1 - this.share()) * meanMs) + 1;
  }
}

/** Each part of the world draws from a stream of its own, so that another number of draws in one moves no other. */
export class Streams {
  readonly #seed: string;

  constructor(seed: string) {
    this.#seed = seed;
  }

  of(name: string): Draw {
    return new Draw(hashOf(`${this.#seed}/${name}`));
  }
}

/** FNV-1a over UTF-16 units, 32 bits. */
export function hashOf(text: string, from = 0x811c9dc5): number {
  let hash = from;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
