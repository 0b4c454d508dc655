/** What a person or a program may ask of the daemon: the same for the socket, the HTTP API and verbs that act alone. */
import type { CalendarEntry } from "./calendar.ts";
import type { CalendarDays, DaysAsked } from "./calendar-days.ts";
import type { Instant } from "./duration.ts";
import type { PlanEntry } from "./plan.ts";
import type { LifetimeLimits, TokenFlags } from "./ports.ts";
import type { Check } from "./records.ts";
import type { Fingerprint, SecretText } from "./secret-text.ts";
import type { HistoryEntry } from "./state-store.ts";
import type { StatusReport, TokenStatus } from "./status.ts";

export interface Control {
  status(): Promise<StatusReport>;
  /** Throws `unknown_token`. */
  tokenStatus(token: string): Promise<TokenStatus>;
  plan(): Promise<readonly PlanEntry[]>;
  /** Throws `unknown_token`. */
  planOf(token: string): Promise<PlanEntry>;
  /** What is to come in so many days, in order of time, if all goes well; of one token or of all, bounded. Throws `unknown_token`. */
  calendar(days: number, token?: string): Promise<readonly CalendarEntry[]>;
  calendarDays(asked: DaysAsked): Promise<CalendarDays>;
  /** How long a fresh token may live now, as far as the issuer tells. Throws `unknown_token`, and what the issuer says. */
  limits(token: string): Promise<LifetimeLimits>;
  /** Newest first. Throws `unknown_token`. */
  history(token: string, limit: number): Promise<readonly HistoryEntry[]>;
  /** Records the wish and returns at once; a second one joins the first. Throws `unknown_token`, `would_not_gain`. */
  renew(token: string, lifetimeMs: number | null): Promise<RenewTicket>;
  /** How the renewal that was asked for at `since` stands. */
  renewal(token: string, since: Instant): Promise<RenewalStanding>;
  /** Throws `unknown_token`. */
  pause(token: string, until: Instant | null, reason: string | null): Promise<void>;
  resume(token: string): Promise<void>;
  /** Puts the previous token back everywhere and pauses. Throws `unknown_token`, `nothing_to_roll_back`. */
  rollback(token: string): Promise<RolledBack>;
  /** Uses what is quarantined all the same. Throws `unknown_token`, `nothing_quarantined`, `not_acceptable`. */
  accept(token: string): Promise<Accepted>;
  /** Drops what is quarantined, else the request that is in doubt, so that renewd asks anew. Throws `unknown_token`, `nothing_quarantined`. */
  discard(token: string): Promise<Discarded>;
  /**
   * Hands out a token: one that is there already, or a new one. What an earlier call began is gone on with, so that a call
   * that was cut off can be made again. Throws `unknown_token`, `usage`, `token_differs`, and whatever the issuer says.
   */
  createToken(order: CreationOrder): Promise<Created>;
  /** Lets renewd write a target that holds something else. Throws `unknown_token`. */
  adopt(token: string, target: string): Promise<void>;
}

export interface CreationOrder {
  readonly of: { readonly kind: "declared"; readonly token: string } | Description;
  /** Null: as declared or described. */
  readonly expAt: Instant | null;
  /** One that is there already, lives, and is the same in user, powers and comment will do. */
  readonly reuse: boolean;
  /** If a token with this secret exists it has to be as described; else it becomes the secret of the new one. */
  readonly secret: SecretText | null;
  /** It is one with all powers: what differs is told in the words of Arvados' own script, which installers look for. */
  readonly superuser: boolean;
}

/** A token that no setting declares. */
export interface Description {
  readonly kind: "described";
  readonly issuer: string;
  /** Null where the issuer keeps no names. */
  readonly name: string | null;
  readonly comment: string | null;
  readonly flags: TokenFlags;
}

export interface Created {
  readonly token: SecretText;
  readonly fingerprint: Fingerprint;
  /** renewd's key of it; one that no setting declares has a key of its own kind. */
  readonly key: string;
  readonly issuer: string;
  readonly issuerId: string | null;
  readonly name: string;
  readonly comment: string | null;
  /** Whose it is. */
  readonly subject: string | null;
  readonly roles: readonly string[];
  /** Null for one without an end. */
  readonly expAt: Instant | null;
  /** `made` now (or begun by an earlier call and found made), `reused`, or `given` by its secret. */
  readonly outcome: "made" | "reused" | "given";
  /** What the person should know: capped lifetime, an issuer that could not be asked whether it still lives. */
  readonly warnings: readonly string[];
}

export interface RolledBack {
  readonly token: string;
  /** No longer used. */
  readonly withdrawn: string;
  /** Used again. */
  readonly fingerprint: string;
  readonly expAt: Instant;
  /** The arithmetic of each target whose readers it serves too short. */
  readonly warnings: readonly string[];
}

export interface Accepted {
  readonly token: string;
  readonly fingerprint: string;
  readonly expAt: Instant;
  /** What had failed. */
  readonly check: Check;
}

export interface Discarded {
  readonly token: string;
  /** Null for a request of which it is not known whether it made one. */
  readonly fingerprint: string | null;
}

export interface RenewTicket {
  readonly token: string;
  readonly since: Instant;
  /** Whether a renewal was asked for or under way already. */
  readonly joined: boolean;
  /** When the newest token was made, which no target has yet: that one is delivered and nothing is minted. */
  readonly madeAt?: Instant;
}

export type RenewalStanding =
  | { readonly state: "under_way"; readonly detail: string }
  /** Verified in all targets. */
  | { readonly state: "delivered"; readonly fingerprint: string; readonly expAt: Instant }
  /** Nothing new was made, or some target does not have it. */
  | { readonly state: "failed"; readonly detail: string; readonly hint: string };
