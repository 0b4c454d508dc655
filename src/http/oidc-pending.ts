import { createHash } from "node:crypto";
import { MINUTE_MS } from "../core/duration.ts";
import type { Clock, Random } from "../core/ports.ts";

export const PENDING_MS: number = 10 * MINUTE_MS;
const PENDING_MAX = 200;

/** A sign-in that was begun: what its answer must fit. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636 §4.1). */
  readonly verifier: string;
}

/** Sign-ins under way, in memory only, found by the hash of an id that only the browser which began it has. The oldest goes first. */
export class PendingSignIns {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #begun = new Map<string, Pending & { readonly endsMs: number }>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  begin(): Pending & { readonly id: string } {
    const [id, state, nonce, verifier] = [0, 1, 2, 3].map(() => this.#random.hex(32)) as [
      string,
      string,
      string,
      string,
    ];
    for (const key of this.#begun.keys()) {
      if (this.#begun.size < PENDING_MAX) break;
      this.#begun.delete(key);
    }
    this.#begun.set(keyOf(id), { state, nonce, verifier, endsMs: this.#clock.uptimeMs() + PENDING_MS });
    return { id, state, nonce, verifier };
  }

  /** Once for each: an answer of another state takes nothing away, so no foreign page can end a sign-in that is under way. */
  take(id: string, state: string): Pending | undefined {
    const key = keyOf(id);
    const found = this.#begun.get(key);
    if (found === undefined || found.state !== state) return undefined;
    this.#begun.delete(key);
    return this.#clock.uptimeMs() < found.endsMs ? found : undefined;
  }
}

function keyOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
