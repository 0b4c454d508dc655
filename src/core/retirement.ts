/** When an old token is of no more use to anybody, so that it may be ended before its time. */
import { CALLS_PER_HOUR_ONE } from "./backoff.ts";
import { retryFrom } from "./decide.ts";
import { HOUR_MS, type Instant } from "./duration.ts";
import { compareIssues, type Issue, isSameIssue, lifetimeMs } from "./issue.ts";
import type { RetiringIssue, TargetRecord, TokenRecord } from "./records.ts";
import { needMs } from "./schedule.ts";
import type { DeclaredToken } from "./token.ts";

/** So many wait to be ended; of more the oldest are left to expire. */
const RETIRING_MAX = 20;
/** Between the failure of one and the next try of another, so that many take no more calls in the hour than one. */
const BETWEEN_FAILURES_MS: number = HOUR_MS / CALLS_PER_HOUR_ONE;

export interface Retirement {
  readonly issue: RetiringIssue;
  /** When it may be ended, or has expired by itself. */
  readonly at: Instant;
}

type Known = Pick<TokenRecord, "desired" | "previous" | "retiring">;

/**
 * The next one: once every target has been proved to hold the newest token for as long as its readers may go on using what
 * they read before. Null: not yet to be told, or never; only what renewd itself made is ended. No time counts of which the
 * clock may have leapt: what was ended too early cannot be mended.
 */
export function nextRetirement(
  declared: DeclaredToken,
  record: Known,
  targets: readonly TargetRecord[],
  clockSteadySince: Instant,
  now: Instant,
): Retirement | null {
  if (!declared.request.retire) return null;
  const all = candidatesOf(record).flatMap((issue) => {
    const unreadAt = lastReaderGoneAt(declared, record, issue, targets, clockSteadySince);
    const tryAt = unreadAt === null ? Infinity : Math.max(unreadAt, retryAtOf(issue, record.retiring, now));
    const endAt = endOf(declared, issue);
    const isKept = issue.fingerprint === record.previous?.fingerprint;
    const at = Math.min(tryAt, endAt);
    // One that may still be gone back to is left to expire by itself.
    return at === Infinity || (isKept && endAt <= tryAt) ? [] : [{ issue, at }];
  });
  return all.toSorted((a, b) => a.at - b.at || compareIssues(a.issue, b.issue))[0] ?? null;
}

/** It ended by itself, so that nobody need be asked for it. */
export function hasExpired(declared: DeclaredToken, issue: Issue, now: Instant): boolean {
  return endOf(declared, issue) <= now;
}

/** Those that are given up when one more begins to wait: all where the settings ask for it no more, else the oldest of too many. */
export function givenUp(declared: DeclaredToken, { retiring, previous }: Known): readonly RetiringIssue[] {
  if (!declared.request.retire) return retiring;
  const waiting = retiring.length + (previous?.origin === "minted" ? 1 : 0);
  return retiring.slice(0, Math.max(0, waiting - RETIRING_MAX));
}

function candidatesOf({ retiring, previous }: Known): readonly RetiringIssue[] {
  return previous?.origin === "minted" ? [...retiring, { ...previous, trouble: null }] : retiring;
}

/** Where the settings reckon an end that a token does not have, nothing really expires. */
function endOf({ policy, request }: DeclaredToken, issue: Issue): Instant {
  return policy.renewEveryMs === null && Number.isFinite(request.lifetimeMs) ? issue.expAt : Infinity;
}

function lastReaderGoneAt(
  declared: DeclaredToken,
  { desired }: Known,
  issue: Issue,
  targets: readonly TargetRecord[],
  clockSteadySince: Instant,
): Instant | null {
  if (desired === null) return null;
  const goneAt = declared.targets.map((target) => {
    const record = targets.find((each) => each.label === target.label);
    if (record?.held == null || record.delivery !== null || !isSameIssue(record.held, desired)) return null;
    return Math.max(record.held.sinceAt, clockSteadySince) + needMs(target, lifetimeMs(issue));
  });
  return goneAt.every((each) => each !== null) ? Math.max(desired.acceptedAt, ...goneAt) : null;
}

function retryAtOf({ fingerprint, trouble }: RetiringIssue, retiring: readonly RetiringIssue[], now: Instant): Instant {
  const failedAt = retiring.flatMap((each) =>
    each.trouble === null || each.fingerprint === fingerprint || each.trouble.last.at > now
      ? []
      : [each.trouble.last.at + BETWEEN_FAILURES_MS],
  );
  return Math.max(retryFrom(trouble, [], now) ?? 0, ...failedAt);
}
