import { createHmac } from "node:crypto";
import type { Instant } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { orCalledOff } from "../shared-work.ts";

/** FlowAuth's codes change every 30 s and are accepted within their own step only (fact sheet §2). */
export const STEP_MS = 30_000;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The six-digit code of RFC 6238 (SHA-1, 30 s) for the step that `at` lies in. Throws `secret_unreadable` unless the secret is base32. */
export function totp(secret: SecretText, at: Instant): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / STEP_MS)));
  const digest = createHmac("sha1", decodeBase32(secret)).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 0x0f;
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}

/** RFC 4648 §6, in either case, spaces and padding ignored. */
function decodeBase32(secret: SecretText): Buffer {
  const text = secret
    .reveal()
    .replace(/[\s=-]/g, "")
    .toUpperCase();
  if (!/^[A-Z2-7]{16,}$/.test(text))
    throw new RenewdError("secret_unreadable", "the `totp` secret is not base32", { sent: false });
  const bits = Array.from(text, (digit) => ALPHABET.indexOf(digit).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/[01]{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** Hands out at most one code a step: FlowAuth refuses the same code a second time. */
export class TotpCodes {
  readonly #clock: Clock;
  #usedStep: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for the next step when this one's code is used up. */
  async next(secret: SecretText, signal: AbortSignal): Promise<string> {
    while (this.#step() === this.#usedStep) await this.#untilNextStep(signal);
    this.#usedStep = this.#step();
    return totp(secret, this.#usedStep * STEP_MS);
  }

  #step(): number {
    return Math.floor(this.#clock.now() / STEP_MS);
  }

  async #untilNextStep(signal: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    const cancel = this.#clock.after(STEP_MS - (this.#clock.now() % STEP_MS), over.resolve);
    await orCalledOff(over.promise, signal).finally(cancel);
  }
}
