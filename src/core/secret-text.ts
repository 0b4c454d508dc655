import { createHash } from "node:crypto";

/** The first 16 hex digits of a token's SHA-256: the only form in which a token may be shown, logged or compared in the open. */
export type Fingerprint = string;

const REDACTED = "[redacted]";

/**
 * A token, password or key. Wherever it ends up by mistake (a log line, JSON, a template, `console`, an error) it
 * prints `[redacted]`; only `reveal()` gives the text away, so `reveal(` is what a reviewer searches for.
 */
export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  get fingerprint(): Fingerprint {
    return this.sha256.slice(0, 16);
  }

  /** 64 hex digits; a Secrets Manager version id is made from it. */
  get sha256(): string {
    return createHash("sha256").update(this.#text).digest("hex");
  }

  get lengthBytes(): number {
    return Buffer.byteLength(this.#text);
  }

  equals(other: SecretText): boolean {
    return this.sha256 === other.sha256;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
