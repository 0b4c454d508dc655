import { formatDuration, SECOND_MS } from "../core/duration.ts";
import type { Condition } from "../core/incidents.ts";
import type { Engine } from "../engine/engine.ts";
import { tellConditions } from "../engine/tell.ts";

const LOOK_EVERY_MS: number = 15 * SECOND_MS;
const SCHEDULER = { token: "", target: "scheduler" };

export interface Silence {
  readonly silentMs: number;
  /** From then on it is too long. */
  readonly mostMs: number;
}

/** Watches the tick by a timer of its own. What stops every timer only somebody outside can tell: a dead man's switch. */
export class Watchdog {
  readonly #engine: Engine;
  readonly #silence: () => Silence;
  #cancel: (() => void) | undefined;

  constructor(engine: Engine, silence: () => Silence) {
    this.#engine = engine;
    this.#silence = silence;
  }

  start(): void {
    this.#cancel = this.#engine.clock.after(LOOK_EVERY_MS, () => void this.#look());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #look(): Promise<void> {
    const { silentMs, mostMs } = this.#silence();
    const conditions = silentMs < mostMs ? [] : [stalled(silentMs)];
    // A state that cannot take it is told of by other means.
    await tellConditions(this.#engine, SCHEDULER, conditions, null).catch(() => undefined);
    if (this.#cancel !== undefined) this.start();
  }
}

function stalled(silentMs: number): Condition {
  return {
    reason: "scheduler_stalled",
    severity: "critical",
    message: `renewd has not looked at its tokens for ${formatDuration(silentMs)}.`,
    next: "It looks at its next tick, if there is one.",
    action: "Look at the host's load and at the log; restart renewd if it stays so.",
    dangerAt: null,
    expAt: null,
  };
}
