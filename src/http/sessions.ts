import { createHash } from "node:crypto";
import { HOUR_MS, MINUTE_MS } from "../core/duration.ts";
import type { Clock, Random } from "../core/ports.ts";
import type { Role } from "../core/settings.ts";

export const SESSION_MS: number = 12 * HOUR_MS;
const CODE_MS: number = 10 * MINUTE_MS;
const CODES_MAX = 20;
const SESSIONS_MAX = 1_000;
const SESSIONS_OF_ONE_MAX = 20;

/** What a session rests on. It is asked for its role each time, so that what was taken away ends the session. */
export interface Ground {
  /** The same for all sessions of one link, one API token or one person; tells nothing of it. */
  readonly key: string;
  /** Undefined once it lets nobody in any more. */
  roleNow(): Promise<Role | undefined>;
}

interface Grant<T> {
  readonly of: T;
  /** By the uptime clock, which no administrator sets back. */
  readonly endsMs: number;
}

/**
 * One-time sign-in codes and the sessions they open, in memory only: a restart ends them. Where too many are outstanding
 * the oldest goes, of sessions the oldest of who has the most: nobody pushes out others. Both are kept by their hash, so
 * that how long a look-up takes tells nothing about them.
 */
export class Sessions {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #codes = new Map<string, Grant<Role>>();
  readonly #sessions = new Map<string, Grant<Ground>>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Valid once, for ten minutes. */
  issueCode(role: Role): string {
    for (const key of this.#codes.keys()) {
      if (this.#codes.size < CODES_MAX) break;
      this.#codes.delete(key);
    }
    return this.#add(this.#codes, role, CODE_MS);
  }

  /** Spends the code; answers the new session's id, or undefined for a code that is wrong, spent or too old. */
  open(code: string): string | undefined {
    const role = this.#read(this.#codes, code);
    if (role === undefined) return undefined;
    this.#codes.delete(keyOf(code));
    return this.openOn({ key: `link ${keyOf(code)}`, roleNow: async () => role });
  }

  /** A session for who proved himself otherwise; answers its id. */
  openOn(ground: Ground): string {
    for (const [key, { endsMs }] of this.#sessions) if (this.#clock.uptimeMs() >= endsMs) this.#sessions.delete(key);
    this.#makeRoom(ground.key);
    return this.#add(this.#sessions, ground, SESSION_MS);
  }

  groundOf(session: string): Ground | undefined {
    return this.#read(this.#sessions, session);
  }

  end(session: string): void {
    this.#sessions.delete(keyOf(session));
  }

  #makeRoom(ground: string): void {
    const byGround = Map.groupBy(this.#sessions.entries(), ([, { of }]) => of.key);
    const own = byGround.get(ground) ?? [];
    const isFull = this.#sessions.size >= SESSIONS_MAX;
    if (own.length < SESSIONS_OF_ONE_MAX && !isFull) return;
    const most = [...byGround.values()].reduce((a, b) => (b.length > a.length ? b : a), []);
    const [oldest] = own.length >= SESSIONS_OF_ONE_MAX ? own : most;
    if (oldest !== undefined) this.#sessions.delete(oldest[0]);
  }

  #add<T>(grants: Map<string, Grant<T>>, of: T, lifeMs: number): string {
    const text = this.#random.hex(32);
    grants.set(keyOf(text), { of, endsMs: this.#clock.uptimeMs() + lifeMs });
    return text;
  }

  #read<T>(grants: Map<string, Grant<T>>, text: string): T | undefined {
    const grant = grants.get(keyOf(text));
    return grant === undefined || this.#clock.uptimeMs() >= grant.endsMs ? undefined : grant.of;
  }
}

function keyOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
