import type { Instant } from "./duration.ts";
import type { Fingerprint } from "./secret-text.ts";

/** What a token may do, as its claims say it: role name -> scopes. A token without roles has one role named "". */
export type Scopes = Readonly<Record<string, readonly string[]>>;

/** One minting, extension or adoption of a token. */
export interface Issue {
  readonly fingerprint: Fingerprint;
  /** The issuer's own id of it (FlowAuth: the token_history row), where it has one. */
  readonly issuerId: string | null;
  /** `iat`, else the instant of the request. */
  readonly startAt: Instant;
  /** The earliest of the JWT's exp, the issuer's `expires_at`, and sent_at + `expires_in`. */
  readonly expAt: Instant;
  /** The share in [0,1) of the policy's jitter, drawn once and persisted so that a restart does not move a renewal. */
  readonly u: number;
}

/** Issues are ordered by (start, issuer id), never by exp: a later issue may live shorter and still supersede. */
export function compareIssues(a: IssueOrder, b: IssueOrder): number {
  return a.startAt - b.startAt || compareIds(a.issuerId, b.issuerId);
}

export type IssueOrder = Pick<Issue, "startAt" | "issuerId">;

export function supersedes(later: IssueOrder, earlier: IssueOrder | null): boolean {
  return earlier === null || compareIssues(later, earlier) > 0;
}

/** The very same issue: an extension has the text of the one before it. */
export function isSameIssue(
  a: Pick<Issue, "fingerprint" | "expAt"> | null,
  b: Pick<Issue, "fingerprint" | "expAt"> | null,
): boolean {
  return a?.fingerprint === b?.fingerprint && a?.expAt === b?.expAt;
}

export function lifetimeMs(issue: Pick<Issue, "startAt" | "expAt">): number {
  return issue.expAt - issue.startAt;
}

export function newestOf<T extends IssueOrder>(issues: readonly T[]): T | undefined {
  return issues.reduce<T | undefined>(
    (newest, each) => (newest === undefined || compareIssues(each, newest) > 0 ? each : newest),
    undefined,
  );
}

/** Numeric ids compare as numbers ("9" before "10"), all others as text; none comes before any. */
function compareIds(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  const whole = /^\d{1,15}$/;
  if (whole.test(a) && whole.test(b)) return Number(a) - Number(b);
  return a < b ? -1 : 1;
}
