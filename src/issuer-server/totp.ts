import { createHmac, timingSafeEqual } from "node:crypto";
import type { Instant } from "../core/duration.ts";
import type { SecretText } from "../core/secret-text.ts";

const STEP_MS = 30_000;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The 30-second step of an instant (RFC 6238 §4.2, T0 = 0). */
export function totpStep(at: Instant): number {
  return Math.floor(at / STEP_MS);
}

/** SHA-1, six digits (RFC 6238 over RFC 4226 §5.3). `secret` is base32. */
export function totpCode(secret: SecretText, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", fromBase32(secret.reveal())).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const digits = (mac.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000;
  return digits.toString().padStart(6, "0");
}

export function totpMatches(secret: SecretText, step: number, code: string): boolean {
  const expected = Buffer.from(totpCode(secret, step));
  const actual = Buffer.from(code);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** RFC 4648 §6 without padding. */
export function toBase32(bytes: Buffer): string {
  let bits = "";
  for (const byte of bytes) bits += byte.toString(2).padStart(8, "0");
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => ALPHABET[Number.parseInt(group.padEnd(5, "0"), 2)]).join("");
}

function fromBase32(text: string): Buffer {
  let bits = "";
  for (const letter of text.toUpperCase().replace(/=+$/, "")) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) throw new TypeError("a two-factor secret is base32");
    bits += value.toString(2).padStart(5, "0");
  }
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}
