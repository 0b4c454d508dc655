import type { StateStore } from "../../src/core/state-store.ts";

/** Where a process dies: just before or just after its n-th change of the state (counted from 1). */
export interface Death {
  readonly change: number;
  readonly when: "before" | "after";
}

const CHANGES: ReadonlySet<string | symbol> = new Set([
  "claim",
  "extend",
  "release",
  "changeToken",
  "changeTarget",
  "settle",
  "changeBreaker",
  "tell",
  "noteChannel",
  "forgetChannel",
  "stray",
]);

/** The state as one process sees it. From its death on nothing that it asks for is ever answered, as after SIGKILL. */
export class Life {
  readonly state: StateStore;
  inFlight = 0;
  /** All that was ever asked of the state. */
  operations = 0;
  changes = 0;
  dead = false;
  death: Death | undefined;
  /** Runs before each change; a test puts there what happens in between. */
  beforeChange: (name: string) => Promise<void> | void = () => undefined;

  constructor(state: StateStore) {
    this.state = new Proxy(state, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        const isChange = CHANGES.has(name);
        return (...args: unknown[]) =>
          this.#through(isChange ? String(name) : undefined, () =>
            Promise.resolve(Reflect.apply(member, target, args)),
          );
      },
    });
  }

  die(): void {
    this.dead = true;
  }

  async #through(change: string | undefined, operation: () => Promise<unknown>): Promise<unknown> {
    if (change !== undefined) {
      this.changes += 1;
      if (this.#diesNow("before")) this.die();
    }
    const isLast = change !== undefined && this.#diesNow("after");
    if (this.dead) return forever();
    this.inFlight += 1;
    this.operations += 1;
    try {
      if (change !== undefined) await this.beforeChange(change);
      return this.dead ? undefined : await operation();
    } finally {
      this.inFlight -= 1;
      if (isLast) this.die();
      if (this.dead) await forever();
    }
  }

  #diesNow(when: Death["when"]): boolean {
    return this.death?.change === this.changes && this.death.when === when;
  }
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}
