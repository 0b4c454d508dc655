import { MINUTE_MS } from "../core/duration.ts";
import type { Clock } from "../core/ports.ts";

/** So many failures in a row are free; after them one is forgiven every six seconds. */
const BURST = 10;
const FORGIVEN_EVERY_MS: number = MINUTE_MS / 10;
const CALLERS_MAX = 1_000;

/**
 * Holds guessing back: who failed too often is not even looked at for a while. Counted for each calling address, so
 * that one of them cannot lock the others out; the longest silent address is forgotten first.
 */
export class FailureGate {
  readonly #clock: Clock;
  /** When the last of a caller's failures is forgiven, by the monotonic clock. */
  readonly #paidOffMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long this caller has to wait; 0 when it may try. */
  waitMs(caller: string): number {
    const owedMs = (this.#paidOffMs.get(caller) ?? 0) - this.#clock.monotonicMs();
    return Math.max(0, owedMs - (BURST - 1) * FORGIVEN_EVERY_MS);
  }

  failed(caller: string): void {
    const nowMs = this.#clock.monotonicMs();
    const paidOffMs = Math.max(this.#paidOffMs.get(caller) ?? nowMs, nowMs) + FORGIVEN_EVERY_MS;
    this.#paidOffMs.delete(caller);
    for (const oldest of this.#paidOffMs.keys()) {
      if (this.#paidOffMs.size < CALLERS_MAX) break;
      this.#paidOffMs.delete(oldest);
    }
    this.#paidOffMs.set(caller, paidOffMs);
  }
}
