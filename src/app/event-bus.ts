import type { Emit } from "../core/events.ts";

/** Every listener is told of every event, in order; one that fails does not keep it from the others. */
export class EventBus {
  readonly #listeners: Emit[] = [];

  readonly emit: Emit = (event) => {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // A listener is told, never asked.
      }
    }
  };

  add(listener: Emit): void {
    this.#listeners.push(listener);
  }
}
