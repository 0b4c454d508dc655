import { RenewdError } from "../core/errors.ts";
import type { Store, StoreType } from "../core/ports.ts";

/**
 * The same kind of store, with the writes of one physical secret one after another. Several tokens may live in one JSON
 * or dotenv secret, also through two stores that lead to it; this holds for every kind, so none has to see to it itself.
 */
export function serialised(type: StoreType): StoreType {
  const turns = new Turns();
  return {
    ...type,
    create(context): Store {
      const store = type.create(context);
      return {
        capabilities: store.capabilities,
        open(target) {
          const place = store.open(target);
          const secret = type.identity(context.options, target.address, context.resolvePath);
          return {
            preflight: (signal) => place.preflight(signal),
            observe: (signal) => place.observe(signal),
            cautions: async () => (await place.cautions?.()) ?? [],
            write: (token, options) => turns.take(secret, options.signal, () => place.write(token, options)),
          };
        },
        close: () => store.close(),
      };
    },
  };
}

/** One queue per key; a queue that ran empty is forgotten. */
class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `task` after all earlier ones of this key, which end by their own signals. Aborted while it waits, it never runs. */
  take(key: string, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(() => {
      if (signal.aborted) throw gaveUp();
      return task();
    });
    const settled = turn.then(ignore, ignore).then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    this.#last.set(key, settled);
    return turn;
  }
}

function gaveUp(): RenewdError {
  return new RenewdError("store_timeout", "the time was over before the write's turn came", { sent: false });
}

function ignore(): void {}
