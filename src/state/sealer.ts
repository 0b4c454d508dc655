import { createHash } from "node:crypto";
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import { RenewdError } from "../core/errors.ts";
import { SecretText } from "../core/secret-text.ts";

const KEY_BYTES = 32;

interface SealingKey {
  readonly kid: string;
  readonly bytes: Uint8Array;
}

/** Seals tokens for the state as JWE (RFC 7516, direct A256GCM). The first key seals, every key opens, so that keys can be changed. */
export class Sealer {
  readonly #keys: readonly SealingKey[];
  readonly #first: SealingKey;

  /** Each key is 32 bytes as base64 or hex. Throws `state_key` for any other text. */
  constructor(keys: readonly SecretText[]) {
    this.#keys = keys.map(readKey);
    const first = this.#keys[0];
    if (first === undefined) throw new RenewdError("state_key", "no key to seal the state with");
    this.#first = first;
  }

  /** Names of the keys; a hash, so it tells nothing of them. */
  get kids(): readonly string[] {
    return this.#keys.map((key) => key.kid);
  }

  async seal(text: SecretText): Promise<string> {
    return new CompactEncrypt(new TextEncoder().encode(text.reveal()))
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: this.#first.kid })
      .encrypt(this.#first.bytes);
  }

  async open(sealed: string): Promise<SecretText> {
    const kid = kidOf(sealed);
    const key = this.#keys.find((each) => each.kid === kid);
    if (key === undefined)
      throw new RenewdError(
        "state_key",
        `the state was sealed with the key ${kid ?? "?"}, which is not among the given ones`,
      );
    try {
      const { plaintext } = await compactDecrypt(sealed, key.bytes, {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      });
      return new SecretText(new TextDecoder().decode(plaintext));
    } catch (cause) {
      throw new RenewdError("state_key", `a sealed text does not open with its key ${key.kid}; it was damaged`, {
        cause,
      });
    }
  }
}

/** Which key a text was sealed with; undefined when it is no JWE. */
export function kidOf(sealed: string): string | undefined {
  try {
    return decodeProtectedHeader(sealed).kid;
  } catch {
    return undefined;
  }
}

function readKey(text: SecretText): SealingKey {
  const written = text.reveal().trim();
  const bytes = /^[0-9a-f]{64}$/i.test(written) ? Buffer.from(written, "hex") : Buffer.from(written, "base64");
  if (bytes.length !== KEY_BYTES) {
    throw new RenewdError(
      "state_key",
      `a key for the state must be ${KEY_BYTES} bytes, written as base64 or hex; this one has ${bytes.length}`,
    );
  }
  return { kid: createHash("sha256").update(bytes).digest("hex").slice(0, 16), bytes: new Uint8Array(bytes) };
}
