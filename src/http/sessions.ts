import { createHash } from "node:crypto";
import { HOUR_MS, MINUTE_MS } from "../core/duration.ts";
import type { Clock, Random } from "../core/ports.ts";
import type { Role } from "../core/settings.ts";

export const SESSION_MS: number = 12 * HOUR_MS;
const CODE_MS: number = 10 * MINUTE_MS;
const CODES_MAX = 20;
const SESSIONS_MAX = 200;

/** What a session rests on: a role that was given for good, or an API token, whose role is asked for each time. */
export type Ground = { readonly role: Role } | { readonly tokenHash: Buffer };

interface Grant<G> {
  readonly ground: G;
  /** By the uptime clock, which no administrator sets back. */
  readonly endsMs: number;
}

/**
 * One-time sign-in codes and the sessions they open, in memory only: a restart ends them. Where too many are
 * outstanding the oldest goes. Both are kept by their hash, so that how long a look-up takes tells nothing about them.
 */
export class Sessions {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #codes = new Map<string, Grant<{ readonly role: Role }>>();
  readonly #sessions = new Map<string, Grant<Ground>>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Valid once, for ten minutes. */
  issueCode(role: Role): string {
    return this.#add(this.#codes, CODES_MAX, { role }, CODE_MS);
  }

  /** Spends the code; answers the new session's id, or undefined for a code that is wrong, spent or too old. */
  open(code: string): string | undefined {
    const ground = this.#read(this.#codes, code);
    if (ground === undefined) return undefined;
    this.#codes.delete(keyOf(code));
    return this.openOn(ground);
  }

  /** A session for who proved himself otherwise; answers its id. */
  openOn(ground: Ground): string {
    return this.#add(this.#sessions, SESSIONS_MAX, ground, SESSION_MS);
  }

  groundOf(session: string): Ground | undefined {
    return this.#read(this.#sessions, session);
  }

  end(session: string): void {
    this.#sessions.delete(keyOf(session));
  }

  #add<G>(grants: Map<string, Grant<G>>, most: number, ground: G, lifeMs: number): string {
    const text = this.#random.hex(32);
    for (const key of grants.keys()) {
      if (grants.size < most) break;
      grants.delete(key);
    }
    grants.set(keyOf(text), { ground, endsMs: this.#clock.uptimeMs() + lifeMs });
    return text;
  }

  #read<G>(grants: Map<string, Grant<G>>, text: string): G | undefined {
    const grant = grants.get(keyOf(text));
    return grant === undefined || this.#clock.uptimeMs() >= grant.endsMs ? undefined : grant.ground;
  }
}

function keyOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
