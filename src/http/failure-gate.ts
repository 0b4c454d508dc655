import { MINUTE_MS } from "../core/duration.ts";
import type { Clock } from "../core/ports.ts";

/** So many failures in a row are free; after them one is forgiven every six seconds. */
const BURST = 10;
const FORGIVEN_EVERY_MS: number = MINUTE_MS / 10;
const CALLERS_MAX = 1_000;

/**
 * Slows down who fails often: his failures are answered with how long to wait. What is right is let in all the same, so
 * nobody can lock out others at his address; that it cannot be found by trying rests on its length alone. Counted for each
 * calling network; the longest silent one is forgotten first.
 */
export class FailureGate {
  readonly #clock: Clock;
  /** When the last of a network's failures is forgiven, by the monotonic clock. */
  readonly #paidOffMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a failure of this caller, or says how long he has to wait where he failed too often already. */
  failed(caller: string): number {
    const network = networkOf(caller);
    const nowMs = this.#clock.monotonicMs();
    const owedUntilMs = Math.max(this.#paidOffMs.get(network) ?? nowMs, nowMs);
    const waitMs = owedUntilMs - nowMs - (BURST - 1) * FORGIVEN_EVERY_MS;
    if (waitMs > 0) return waitMs;
    this.#paidOffMs.delete(network);
    for (const oldest of this.#paidOffMs.keys()) {
      if (this.#paidOffMs.size < CALLERS_MAX) break;
      this.#paidOffMs.delete(oldest);
    }
    this.#paidOffMs.set(network, owedUntilMs + FORGIVEN_EVERY_MS);
    return 0;
  }
}

/** Of IPv6 the first 64 bits: the rest is its owner's to choose (RFC 4291 §2.5.4). */
function networkOf(address: string): string {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
  if (!plain.includes(":")) return plain;
  const [head = "", tail = ""] = plain.replace(/%.*$/, "").split("::");
  const groups = (text: string): readonly string[] => text.split(":").filter((group) => group !== "");
  const [left, right] = [groups(head), groups(tail)];
  const between = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...between, ...right].slice(0, 4).join(":");
}
