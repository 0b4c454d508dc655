import { createHmac, timingSafeEqual } from "node:crypto";
import { type Instant, MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import type { Clock, Random } from "../core/ports.ts";
import type { SecretText } from "../core/secret-text.ts";

/** Sliding: each answer renews it. */
export const SESSION_MS: number = 20 * MINUTE_MS;
const CSRF_MS = 60 * MINUTE_MS;

/** What the `session` cookie carries; the server keeps nothing. `userId` is null before sign-in and after sign-out. */
export interface Session {
  readonly csrf: string;
  userId: number | null;
}

/**
 * Makes and reads the two cookies of the protocol (FlowAuth fact sheet §2). Both are signed with the server's key and
 * carry the second of their making; the text of a cookie is opaque to clients.
 */
export class Sessions {
  readonly #key: SecretText;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(key: SecretText, clock: Clock, random: Random) {
    this.#key = key;
    this.#clock = clock;
    this.#random = random;
  }

  /** A cookie that is absent, forged or older than 20 minutes gives a new, anonymous session. */
  read(cookie: string | undefined): Session {
    const text = this.#verified("session", cookie, SESSION_MS);
    const found = text === undefined ? null : /^([0-9a-f]{40}):(\d*)$/.exec(text);
    const csrf = found?.[1];
    if (csrf === undefined) return { csrf: this.#random.hex(20), userId: null };
    return { csrf, userId: found?.[2] ? Number(found[2]) : null };
  }

  sessionCookie(session: Session): string {
    return this.#signed("session", `${session.csrf}:${session.userId ?? ""}`);
  }

  csrfCookie(session: Session): string {
    return this.#signed("csrf", session.csrf);
  }

  /** The header of a changing call: made for this very session, at most an hour ago. */
  csrfHolds(session: Session, header: string | undefined): boolean {
    return this.#verified("csrf", header, CSRF_MS) === session.csrf;
  }

  #signed(purpose: string, text: string): string {
    const body = `${Buffer.from(text).toString("base64url")}.${wholeSeconds(this.#clock.now())}`;
    return `${body}.${this.#mac(purpose, body).toString("base64url")}`;
  }

  #verified(purpose: string, value: string | undefined, maxAgeMs: number): string | undefined {
    const found = /^(([\w-]{1,200})\.(\d{1,12}))\.([\w-]{43})$/.exec(value ?? "");
    const [, body, text, madeAtS, mac] = found ?? [];
    if (body === undefined || text === undefined || mac === undefined) return undefined;
    if (!timingSafeEqual(this.#mac(purpose, body), Buffer.from(mac, "base64url"))) return undefined;
    const ageS = wholeSeconds(this.#clock.now()) - Number(madeAtS);
    return ageS >= 0 && ageS <= maxAgeMs / SECOND_MS ? Buffer.from(text, "base64url").toString() : undefined;
  }

  #mac(purpose: string, body: string): Buffer {
    return createHmac("sha256", this.#key.reveal()).update(`${purpose}\n${body}`).digest();
  }
}

function wholeSeconds(at: Instant): number {
  return Math.floor(at / SECOND_MS);
}
