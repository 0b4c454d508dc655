import { createPublicKey, type KeyObject } from "node:crypto";
import type { ProtectedHeaderParameters } from "jose";
import { z } from "zod";
import { MINUTE_MS, SECOND_MS } from "../../core/duration.ts";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { Clock, ReadSecret, SecretRef } from "../../core/ports.ts";
import type { Caller } from "./caller.ts";
import type { Verify } from "./options.ts";
import { toError } from "./refusals.ts";

export type VerifyKey = KeyObject;

export interface Keys {
  readonly keys: readonly VerifyKey[];
  /** Why not all could be read. */
  readonly error: RenewdError | undefined;
}

/** The keys that a token may be signed with. */
export interface KeyRing {
  keysFor(header: ProtectedHeaderParameters, signal: AbortSignal): Promise<Keys>;
  /** The same after reading them anew; undefined where that would tell nothing new. */
  keysAfterReading(header: ProtectedHeaderParameters, signal: AbortSignal): Promise<Keys | undefined>;
}

/** A published set is read again after this, and for a signature that it does not explain no sooner than that. */
const FRESH_MS = 10 * MINUTE_MS;
const LEAST_INTERVAL_MS = 30 * SECOND_MS;
const MOST_KEYS = 100;

const jwksSchema = z.object({
  keys: z
    .array(z.looseObject({ kty: z.string(), kid: z.string().optional(), use: z.string().optional() }))
    .max(MOST_KEYS),
});

interface Parts {
  readonly caller: Caller;
  readonly readSecret: ReadSecret;
  readonly clock: Clock;
}

export function keyRing(verify: Extract<Verify, { type: "jwt" }>, parts: Parts): KeyRing {
  return verify.jwks_uri === undefined
    ? new GivenKeys(verify.public_keys ?? [], parts.readSecret)
    : new PublishedKeys(verify.jwks_uri, parts.caller, parts.clock);
}

/** Keys of the settings, read at each use so that a changed file counts at once. */
class GivenKeys implements KeyRing {
  readonly #refs: readonly SecretRef[];
  readonly #readSecret: ReadSecret;

  constructor(refs: readonly SecretRef[], readSecret: ReadSecret) {
    this.#refs = refs;
    this.#readSecret = readSecret;
  }

  /** One that cannot be read does not hide the others. */
  async keysFor(_header: ProtectedHeaderParameters, signal: AbortSignal): Promise<Keys> {
    const read = await Promise.allSettled(this.#refs.map((ref) => this.#readOne(ref, signal)));
    const keys = read.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const errors = read.flatMap((each) => (each.status === "rejected" ? [toKeyError(each.reason)] : []));
    return { keys, error: errors[0] };
  }

  keysAfterReading(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async #readOne(ref: SecretRef, signal: AbortSignal): Promise<KeyObject> {
    const text = (await this.#readSecret(ref, signal)).reveal();
    if (text.includes("PRIVATE KEY"))
      throw unreachable("a text of `public_keys` holds a private key; give the public one");
    try {
      return createPublicKey(text);
    } catch {
      throw unreachable("a text of `public_keys` is not a public key in PEM");
    }
  }
}

/** Keys that the issuer publishes (RFC 7517). */
class PublishedKeys implements KeyRing {
  readonly #url: string;
  readonly #caller: Caller;
  readonly #clock: Clock;
  #rows: readonly Row[] | undefined;
  #readAtUptimeMs = -Infinity;
  #triedAtUptimeMs = -Infinity;

  constructor(url: string, caller: Caller, clock: Clock) {
    this.#url = url;
    this.#caller = caller;
    this.#clock = clock;
  }

  /** A set that was read once goes on serving while it cannot be read anew. */
  async keysFor(header: ProtectedHeaderParameters, signal: AbortSignal): Promise<Keys> {
    const isFresh = this.#clock.uptimeMs() - this.#readAtUptimeMs < FRESH_MS;
    const error = isFresh ? undefined : await this.#readAnew(signal);
    return { keys: keysIn(this.#rows ?? [], header), error };
  }

  async keysAfterReading(header: ProtectedHeaderParameters, signal: AbortSignal): Promise<Keys | undefined> {
    if (this.#clock.uptimeMs() - this.#triedAtUptimeMs < LEAST_INTERVAL_MS) return undefined;
    const error = await this.#readAnew(signal);
    if (error !== undefined) throw error;
    return { keys: keysIn(this.#rows ?? [], header), error };
  }

  async #readAnew(signal: AbortSignal): Promise<RenewdError | undefined> {
    const where = `the keys at ${this.#url}`;
    this.#triedAtUptimeMs = this.#clock.uptimeMs();
    try {
      const reply = await this.#caller.get("jwks", this.#url, signal);
      if (reply.status !== 200) throw await toError(reply, where);
      const found = jwksSchema.safeParse(await reply.json());
      if (!found.success) throw unreachable(`${where} are no set of keys (RFC 7517)`);
      this.#rows = found.data.keys;
      this.#readAtUptimeMs = this.#clock.uptimeMs();
      return undefined;
    } catch (thrown) {
      return toKeyError(thrown);
    }
  }
}

type Row = z.infer<typeof jwksSchema>["keys"][number];

/** What cannot be used is passed over, as RFC 7517 §5 wants it. */
function keysIn(rows: readonly Row[], { kid }: ProtectedHeaderParameters): readonly KeyObject[] {
  const signing = rows.filter((row) => row.use !== "enc" && row.kty !== "oct");
  const named = signing.filter((row) => kid === undefined || row.kid === undefined || row.kid === kid);
  return named.flatMap((row) => {
    try {
      return [createPublicKey({ key: row, format: "jwk" })];
    } catch {
      return [];
    }
  });
}

function unreachable(message: string): RenewdError {
  return new RenewdError("key_unreachable", message, { sent: false });
}

function toKeyError(thrown: unknown): RenewdError {
  const error = toRenewdError(thrown);
  return error.code === "key_unreachable"
    ? error
    : new RenewdError("key_unreachable", `the keys to verify with cannot be read: ${error.message}`, { cause: error });
}
