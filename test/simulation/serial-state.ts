import type { StateStore } from "../../src/core/state-store.ts";

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** The state, asked one thing after the other, so that a seed's history does not hang on how threads are scheduled. */
export class SerialState {
  readonly state: StateStore;
  pending = 0;
  /** How many were asked in all. */
  asked = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(state: StateStore) {
    const inTurn = new Map<string | symbol, Method>();
    this.state = new Proxy(state, {
      get: (target, name) => {
        const known = inTurn.get(name);
        if (known !== undefined) return known;
        const method = (Reflect.get(target, name, target) as Method).bind(target);
        const queued: Method = (...args) => this.#inTurn(() => method(...args));
        inTurn.set(name, queued);
        return queued;
      },
    });
  }

  async #inTurn(operation: () => Promise<unknown>): Promise<unknown> {
    this.pending += 1;
    this.asked += 1;
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      return await operation();
    } finally {
      this.pending -= 1;
      resolve();
    }
  }
}
