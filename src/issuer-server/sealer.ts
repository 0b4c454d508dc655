import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts what rests in the database: AES-256-GCM, a fresh nonce each time, bound to what it is for. */
export class Sealer {
  readonly #key: Buffer;
  readonly #random: Random;

  /** `keyHex`: 64 hex digits. */
  constructor(keyHex: SecretText, random: Random) {
    this.#key = Buffer.from(keyHex.reveal(), "hex");
    if (this.#key.length !== 32) throw new TypeError("a sealing key has 64 hex digits");
    this.#random = random;
  }

  /** base64url of nonce, ciphertext and tag. */
  seal(purpose: string, secret: SecretText): string {
    const nonce = Buffer.from(this.#random.hex(NONCE_BYTES), "hex");
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(purpose));
    const text = Buffer.concat([cipher.update(secret.reveal(), "utf8"), cipher.final()]);
    return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString("base64url");
  }

  /** Undefined when it was sealed with another key, for another purpose, or was changed. */
  open(purpose: string, sealed: string): SecretText | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      return new SecretText(text.toString("utf8"));
    } catch {
      return undefined;
    }
  }
}
