/** What a person or a program may ask of the daemon: the same for the socket, the HTTP API and verbs that act alone. */
import type { Instant } from "./duration.ts";
import type { PlanEntry } from "./plan.ts";
import type { HistoryEntry } from "./state-store.ts";
import type { StatusReport, TokenStatus } from "./status.ts";

export interface Control {
  status(): Promise<StatusReport>;
  /** Throws `unknown_token`. */
  tokenStatus(token: string): Promise<TokenStatus>;
  plan(): Promise<readonly PlanEntry[]>;
  /** Newest first. Throws `unknown_token`. */
  history(token: string, limit: number): Promise<readonly HistoryEntry[]>;
  /** Records the wish and returns at once; a second one joins the first. Throws `unknown_token`, `would_not_gain`. */
  renew(token: string, lifetimeMs: number | null): Promise<RenewTicket>;
  /** How the renewal that was asked for at `since` stands. */
  renewal(token: string, since: Instant): Promise<RenewalStanding>;
  /** Throws `unknown_token`. */
  pause(token: string, until: Instant | null, reason: string | null): Promise<void>;
  resume(token: string): Promise<void>;
  /** Lets renewd write a target that holds something else. Throws `unknown_token`. */
  adopt(token: string, target: string): Promise<void>;
}

export interface RenewTicket {
  readonly token: string;
  readonly since: Instant;
  /** Whether a renewal was asked for or under way already. */
  readonly joined: boolean;
}

export type RenewalStanding =
  | { readonly state: "under_way"; readonly detail: string }
  /** Verified in all targets. */
  | { readonly state: "delivered"; readonly fingerprint: string; readonly expAt: Instant }
  /** Nothing new was made, or some target does not have it. */
  | { readonly state: "failed"; readonly detail: string; readonly hint: string };
