import { createHash, timingSafeEqual } from "node:crypto";
import { SECOND_MS } from "../core/duration.ts";
import type { Clock, ReadSecret } from "../core/ports.ts";
import type { ApiToken, Role } from "../core/settings.ts";

/** A changed secret counts at the latest after this. */
const FRESH_MS: number = 5 * SECOND_MS;
const READ_LIMIT_MS: number = 5 * SECOND_MS;

interface Known {
  readonly token: ApiToken;
  readonly readMs: number;
  /** SHA-256 of the secret; undefined when it could not be read or is empty, which then matches nothing. */
  readonly hash: Promise<Buffer | undefined>;
}

/** The API's tokens, read where the settings say, compared in constant time. */
export class Bearers {
  readonly #readSecret: ReadSecret;
  readonly #clock: Clock;
  #known: readonly Known[] = [];

  constructor(tokens: readonly ApiToken[], readSecret: ReadSecret, clock: Clock) {
    this.#readSecret = readSecret;
    this.#clock = clock;
    this.use(tokens);
  }

  /** Other tokens from now on: the settings were reloaded. */
  use(tokens: readonly ApiToken[]): void {
    this.#known = tokens.map((token) => ({
      token,
      readMs: Number.NEGATIVE_INFINITY,
      hash: Promise.resolve(undefined),
    }));
  }

  /** The greatest role of the text with this SHA-256; undefined when it is no token of ours. Every token is looked at, whatever the others say. */
  async roleOf(offered: Buffer): Promise<Role | undefined> {
    this.#known = this.#known.map((each) => this.#refreshed(each));
    const hashes = await Promise.all(this.#known.map(async ({ token, hash }) => ({ token, hash: await hash })));
    const matching = hashes.filter(({ hash }) => timingSafeEqual(hash ?? NOTHING, offered));
    return matching.map(({ token }) => token.role).sort((a, b) => POWER[b] - POWER[a])[0];
  }

  #refreshed(known: Known): Known {
    const nowMs = this.#clock.monotonicMs();
    return nowMs < known.readMs + FRESH_MS
      ? known
      : { token: known.token, readMs: nowMs, hash: this.#read(known.token) };
  }

  async #read(token: ApiToken): Promise<Buffer | undefined> {
    const limit = new AbortController();
    const cancel = this.#clock.after(READ_LIMIT_MS, () => limit.abort());
    try {
      const secret = await this.#readSecret(token.secret, limit.signal);
      return secret.lengthBytes === 0 ? undefined : Buffer.from(secret.sha256, "hex");
    } catch {
      return undefined;
    } finally {
      cancel();
    }
  }
}

const POWER: Readonly<Record<Role, number>> = { metrics: 0, viewer: 1, operator: 2 };
/** No text has this hash. */
const NOTHING = Buffer.alloc(32);

export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
