/** What renewd remembers of each token and target: the recorded state that every decision is made from. */
import type { Instant } from "./duration.ts";
import type { Failure } from "./errors.ts";
import type { Issue, Scopes } from "./issue.ts";
import type { MintKind } from "./ports.ts";
import type { Fingerprint } from "./secret-text.ts";

/** What was noticed of a token that passed all the same. */
export type Warning =
  | { readonly kind: "scopes_gained"; readonly scopes: readonly string[] }
  | { readonly kind: "lifetime_capped"; readonly askedMs: number; readonly issuedMs: number };

/** An issue that passed verification. */
export interface AcceptedIssue extends Issue {
  readonly scopes: Scopes;
  readonly warnings: readonly Warning[];
  /** `extended`: its expiry was moved, its text is what it was before. */
  readonly origin: "minted" | "adopted" | "extended";
  readonly acceptedAt: Instant;
}

/** An issue that failed verification; it stays out of every target. Its text stays sealed, for a person may accept it. */
export interface QuarantinedIssue extends Issue {
  readonly check: Check;
  readonly message: string;
  readonly at: Instant;
  /** From when on its claims say that it is valid. */
  readonly validAt: Instant;
  /** Null where its claims could not be read. */
  readonly scopes: Scopes | null;
  /** False for one that was made from nothing: no renewal revoked another for it. */
  readonly renewed?: boolean;
}

export type Check =
  "form" | "algorithm" | "signature" | "active" | "subject" | "audience" | "expiry" | "roles" | "scopes" | "progress";

export type RenewCause = "first" | "due" | "roles" | "person" | "anew" | "outlived";

/**
 * The one open mint of a token. `asked`: the request may have gone out and its answer is not known (it is in doubt
 * after a crash). `minted`: the fresh token is sealed in the state and waits to be verified.
 */
export interface Mint {
  readonly id: string;
  readonly kind: MintKind;
  readonly cause: RenewCause;
  readonly baseId: string | null;
  readonly roles: readonly string[];
  readonly lifetimeMs: number;
  /** What was asked for; `NEVER_AT` where no end was. */
  readonly expAt: Instant;
  /** The secret that the request brings, sealed with this record before it is sent; null where the issuer makes it. */
  readonly chosen: Fingerprint | null;
  /** Fingerprints of the live tokens of this name that the issuer listed just before. */
  readonly known: readonly Fingerprint[];
  readonly sentAt: Instant;
  /** After this no answer of the request can arrive any more. */
  readonly settleAt: Instant;
  /** When the issuer's list was last looked at for what this request made; null before that. */
  readonly lookedAt: Instant | null;
  readonly fresh: Issue | null;
  /** What the issuer itself said of the fresh token when it brought it; null before that. */
  readonly told: { readonly expAt: Instant | null; readonly scopes: Scopes | null } | null;
}

/** The same request again makes no second token: it brings its own secret, or an expiry that is an instant. */
export function isRepeatable(mint: Pick<Mint, "kind" | "chosen">): boolean {
  return mint.kind === "extend" || mint.chosen !== null;
}

export interface Pause {
  readonly since: Instant;
  readonly until: Instant | null;
  readonly reason: string | null;
  /** Whether targets are put right all the same, as after a rollback; an ordinary pause stops that too. */
  readonly deliveries: boolean;
}

/** A person's wish to renew now, whatever the schedule says. */
export interface RenewWish {
  readonly at: Instant;
  readonly lifetimeMs: number | null;
  /** A new token is to be made from nothing, whether or not there is one, and whatever `create` says. */
  readonly anew: boolean;
}

/** The failures in a row of one token or target; none is `null`. */
export interface Trouble {
  readonly attempts: number;
  readonly since: Instant;
  readonly last: Failure;
  readonly nextTryAt: Instant;
}

/** An issue that was in use and is to be ended at the issuer. Its text stays sealed until it was. */
export interface RetiringIssue extends Issue {
  /** The failures in a row to end it. */
  readonly trouble: Trouble | null;
}

export interface TokenRecord {
  readonly key: string;
  readonly firstSeenAt: Instant;
  readonly desired: AcceptedIssue | null;
  readonly previous: AcceptedIssue | null;
  /** Rolled back by a person: never adopted or delivered again, and replaced wherever it is held. */
  readonly withdrawn: readonly Fingerprint[];
  readonly mint: Mint | null;
  readonly quarantined: QuarantinedIssue | null;
  readonly pause: Pause | null;
  readonly wish: RenewWish | null;
  readonly trouble: Trouble | null;
  /** Calls of the last hour while failing. */
  readonly calls: readonly Instant[];
  /** When the newest token was last proved to be in all targets. */
  readonly lastSuccessAt: Instant | null;
  /** To be ended at the issuer, and gone back to by nobody; oldest first. */
  readonly retiring: readonly RetiringIssue[];
}

export interface Held extends Issue {
  /** Since when it was first proved to be there. */
  readonly sinceAt: Instant;
  /** When it was last proved to be there. */
  readonly provedAt: Instant;
}

/** `written`: promoted, to be confirmed. `confirmed`: visible, the reload hook is still to be told. */
export interface Delivery {
  readonly phase: "written" | "confirmed";
  readonly fingerprint: Fingerprint;
  readonly at: Instant;
}

/** `ours`: we wrote it, or found our own token or mark there. `granted`: a person said `adopt`. Otherwise nothing is written. */
export type Ownership = "none" | "ours" | "granted";

export interface Drift {
  readonly fingerprint: Fingerprint | null;
  readonly at: Instant;
}

export interface TargetRecord {
  readonly token: string;
  readonly label: string;
  readonly firstSeenAt: Instant;
  /** What it was last proved to hold; null when never filled, or when something else was seen there. */
  readonly held: Held | null;
  readonly ownership: Ownership;
  readonly delivery: Delivery | null;
  /** An unexpected value seen there; `fingerprint` is null when it could not be read. */
  readonly drift: Drift | null;
  /** The last that was written over ours; it may long be put right. */
  readonly lastDrift: Drift | null;
  readonly observedAt: Instant | null;
  readonly trouble: Trouble | null;
  readonly calls: readonly Instant[];
}

/** A token that was declared and not worked on yet. */
export function newToken(key: string, at: Instant): TokenRecord {
  return {
    key,
    firstSeenAt: at,
    desired: null,
    previous: null,
    withdrawn: [],
    mint: null,
    quarantined: null,
    pause: null,
    wish: null,
    trouble: null,
    calls: [],
    lastSuccessAt: null,
    retiring: [],
  };
}

/** A target that was declared and not looked at yet. */
export function newTarget(token: string, label: string, at: Instant): TargetRecord {
  return {
    token,
    label,
    firstSeenAt: at,
    held: null,
    ownership: "none",
    delivery: null,
    drift: null,
    lastDrift: null,
    observedAt: null,
    trouble: null,
    calls: [],
  };
}
