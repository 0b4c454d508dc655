import { createHash, timingSafeEqual } from "node:crypto";
import { SECOND_MS } from "../core/duration.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { Emit } from "../core/events.ts";
import type { Clock, ReadSecret } from "../core/ports.ts";
import type { SecretText } from "../core/secret-text.ts";
import type { ApiToken, Role } from "../core/settings.ts";

/** A changed secret counts at the latest after this. */
const FRESH_MS: number = 5 * SECOND_MS;
const READ_LIMIT_MS: number = 5 * SECOND_MS;
/** Whoever has a valid token is let in however often others failed, so it must not be one that could be found by trying. */
const LEAST_LENGTH = 16;

interface Known {
  readonly token: ApiToken;
  readonly readMs: number;
  /** SHA-256 of the secret; undefined when it could not be read or is too short, which then matches nothing. */
  readonly hash: Promise<Buffer | undefined>;
}

export interface BearerParts {
  readonly readSecret: ReadSecret;
  readonly clock: Clock;
  /** Told of a token that lets nobody in, once for as long as it is so. */
  readonly emit: Emit;
}

/** The API's tokens, read where the settings say, compared in constant time. */
export class Bearers {
  readonly #parts: BearerParts;
  #known: readonly Known[] = [];
  /** What was said of each token that lets nobody in. */
  readonly #told = new Map<string, string>();

  constructor(tokens: readonly ApiToken[], parts: BearerParts) {
    this.#parts = parts;
    this.use(tokens);
  }

  /** Other tokens from now on: the settings were reloaded. */
  use(tokens: readonly ApiToken[]): void {
    this.#known = tokens.map((token) => ({
      token,
      readMs: Number.NEGATIVE_INFINITY,
      hash: Promise.resolve(undefined),
    }));
    for (const name of this.#told.keys()) if (!tokens.some((token) => token.name === name)) this.#told.delete(name);
  }

  /** The greatest role of the text with this SHA-256; undefined when it is no token of ours. Every token is looked at, whatever the others say. */
  async roleOf(offered: Buffer): Promise<Role | undefined> {
    this.#known = this.#known.map((each) => this.#refreshed(each));
    const hashes = await Promise.all(this.#known.map(async ({ token, hash }) => ({ token, hash: await hash })));
    const matching = hashes.filter(({ hash }) => timingSafeEqual(hash ?? NOTHING, offered));
    return matching.map(({ token }) => token.role).sort((a, b) => POWER[b] - POWER[a])[0];
  }

  #refreshed(known: Known): Known {
    const nowMs = this.#parts.clock.monotonicMs();
    return nowMs < known.readMs + FRESH_MS
      ? known
      : { token: known.token, readMs: nowMs, hash: this.#read(known.token) };
  }

  async #read(token: ApiToken): Promise<Buffer | undefined> {
    const { readSecret, clock } = this.#parts;
    const limit = new AbortController();
    const cancel = clock.after(READ_LIMIT_MS, () => limit.abort());
    try {
      const secret = await readApiToken(token, readSecret, limit.signal);
      this.#told.delete(token.name);
      return Buffer.from(secret.sha256, "hex");
    } catch (thrown) {
      this.#tell(token, toRenewdError(thrown));
      return undefined;
    } finally {
      cancel();
    }
  }

  #tell({ name }: ApiToken, { code, message }: RenewdError): void {
    if (this.#told.get(name) === message) return;
    this.#told.set(name, message);
    this.#parts.emit({ type: "api-token:refused", at: this.#parts.clock.now(), apiToken: name, code, message });
  }
}

/** Throws `secret_unreadable` also for one that is too short to let anybody in. */
export async function readApiToken(token: ApiToken, readSecret: ReadSecret, signal: AbortSignal): Promise<SecretText> {
  const secret = await readSecret(token.secret, signal);
  if (secret.lengthBytes >= LEAST_LENGTH) return secret;
  throw new RenewdError("secret_unreadable", `too short: at least ${LEAST_LENGTH} characters`);
}

const POWER: Readonly<Record<Role, number>> = { metrics: 0, viewer: 1, operator: 2 };
/** No text has this hash. */
const NOTHING = Buffer.alloc(32);

export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
