import { SECOND_MS } from "../core/duration.ts";
import type { Clock } from "../core/ports.ts";
import { limited } from "./limited.ts";

const LONGEST_MS: number = 5 * SECOND_MS;

/** Asks a state that may hang: what people are told waits no longer for it. */
export class Patience {
  readonly #clock: Clock;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws what the call does, or that it hangs; the state is then not asked again before it has answered. */
  async ask<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isOver) throw new TypeError("the state hangs");
    let hangs = true;
    const answered = (): void => {
      hangs = false;
      this.#isOver = false;
    };
    const asked = call();
    asked.then(answered, answered);
    try {
      return await limited(this.#clock, LONGEST_MS, new AbortController().signal, () => asked);
    } catch (thrown) {
      this.#isOver = hangs;
      throw thrown;
    }
  }
}
