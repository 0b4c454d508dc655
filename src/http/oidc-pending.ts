import { createCipheriv, createDecipheriv } from "node:crypto";
import { z } from "zod";
import { MINUTE_MS } from "../core/duration.ts";
import type { Clock, Random } from "../core/ports.ts";

export const PENDING_MS: number = 10 * MINUTE_MS;
const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Beyond them the oldest could be taken a second time; the provider takes no code twice (RFC 6749 §4.1.2). */
const SPENT_MAX = 10_000;

const sealedShape = z.strictObject({ state: z.string(), nonce: z.string(), verifier: z.string(), endsMs: z.number() });

/** A sign-in that was begun: what its answer must fit. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636 §4.1). */
  readonly verifier: string;
}

/**
 * Sign-ins under way. The browser that began one keeps it itself, sealed with a key that is in memory only, so that
 * however many others begin, nobody's is pushed out.
 */
export class PendingSignIns {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #key: Buffer;
  /** States whose answer was taken, and until when they could come again. */
  readonly #spent = new Map<string, number>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#key = Buffer.from(random.hex(KEY_BYTES), "hex");
  }

  begin(): Pending & { readonly sealed: string } {
    const [state, nonce, verifier] = [0, 1, 2].map(() => this.#random.hex(32)) as [string, string, string];
    const sealed = this.#seal(JSON.stringify({ state, nonce, verifier, endsMs: this.#clock.uptimeMs() + PENDING_MS }));
    return { state, nonce, verifier, sealed };
  }

  /** Once for each: an answer of another state takes nothing away, so no foreign page can end a sign-in that is under way. */
  take(sealed: string, state: string): Pending | undefined {
    const found = this.#open(sealed);
    const nowMs = this.#clock.uptimeMs();
    if (found === undefined || found.state !== state || nowMs >= found.endsMs || this.#spent.has(state))
      return undefined;
    for (const [oldest, endsMs] of this.#spent) {
      if (nowMs < endsMs && this.#spent.size < SPENT_MAX) break;
      this.#spent.delete(oldest);
    }
    this.#spent.set(state, found.endsMs);
    return found;
  }

  #seal(text: string): string {
    const nonce = Buffer.from(this.#random.hex(NONCE_BYTES), "hex");
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64url");
  }

  #open(text: string): z.infer<typeof sealedShape> | undefined {
    const bytes = Buffer.from(text, "base64url");
    const [nonce, tag] = [bytes.subarray(0, NONCE_BYTES), bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)];
    if (tag.length < TAG_BYTES) return undefined;
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES }).setAuthTag(tag);
      const sealed = bytes.subarray(NONCE_BYTES + TAG_BYTES);
      return sealedShape.parse(JSON.parse(Buffer.concat([decipher.update(sealed), decipher.final()]).toString("utf8")));
    } catch {
      return undefined;
    }
  }
}
