import { createPublicKey, type KeyObject } from "node:crypto";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { ReadSecret, SecretRef } from "../../core/ports.ts";

const LEAST_MODULUS_BITS = 2048;

/** The issuer's public keys: FlowAuth publishes none, so they are given (fact sheet §6). Several, while one is replaced by another. */
export class PublicKeys {
  readonly #refs: readonly SecretRef[];
  readonly #readSecret: ReadSecret;
  readonly #parsed = new Map<string, KeyObject>();

  constructor(refs: readonly SecretRef[], readSecret: ReadSecret) {
    this.#refs = refs;
    this.#readSecret = readSecret;
  }

  /** Reads them anew. One that cannot be read does not hide the others: it comes as an error in the second list. */
  async read(
    signal: AbortSignal,
  ): Promise<{ readonly keys: readonly KeyObject[]; readonly errors: readonly RenewdError[] }> {
    const read = await Promise.allSettled(this.#refs.map((ref) => this.#readOne(ref, signal)));
    const keys = read.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const errors = read.flatMap((each) => (each.status === "rejected" ? [toKeyError(each.reason)] : []));
    return { keys, errors };
  }

  async #readOne(ref: SecretRef, signal: AbortSignal): Promise<KeyObject> {
    const text = await this.#readSecret(ref, signal);
    const known = this.#parsed.get(text.sha256);
    if (known !== undefined) return known;
    const key = parsePublicKey(text.reveal());
    if (this.#parsed.size >= this.#refs.length) this.#parsed.clear();
    this.#parsed.set(text.sha256, key);
    return key;
  }
}

/** PEM, or base64 of PEM, as FlowAPI's PUBLIC_JWT_SIGNING_KEY takes it. Throws `key_unreachable`. */
export function parsePublicKey(text: string): KeyObject {
  const pem = text.includes("-----BEGIN") ? text : Buffer.from(text, "base64").toString("latin1");
  if (pem.includes("PRIVATE KEY")) throw unusable("holds a private key; give the public one only");
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw unusable("is neither a public key in PEM nor base64 of one");
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa" || bits < LEAST_MODULUS_BITS)
    throw unusable(`is not an RSA key of ${LEAST_MODULUS_BITS} bits or more`);
  return key;
}

function unusable(what: string): RenewdError {
  return new RenewdError("key_unreachable", `a text of \`public_keys\` ${what}`, { sent: false });
}

function toKeyError(thrown: unknown): RenewdError {
  const error = toRenewdError(thrown);
  return error.code === "key_unreachable"
    ? error
    : new RenewdError("key_unreachable", `a key of \`public_keys\` cannot be read: ${error.message}`, { cause: error });
}
