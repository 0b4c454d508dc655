/** What a person may decide of a token's issues: to go back to the one before, to use what was rejected, to drop it. */
import { hasFailed, mayStillAnswer, waitsForPerson, type TokenView } from "./decide.ts";
import { formatDuration, formatInstant, type Instant } from "./duration.ts";
import { RenewdError } from "./errors.ts";
import { type Issue, lifetimeMs, supersedes } from "./issue.ts";
import type { AcceptedIssue, Check, QuarantinedIssue } from "./records.ts";
import { deadlineAt, leewayMs } from "./schedule.ts";
import type { Ruling } from "./state-store.ts";
import type { DeclaredTarget } from "./token.ts";

/** Judgements, which a person may make otherwise. The others prove that it is no token of ours, whoever says so. */
const JUDGEMENTS: ReadonlySet<Check> = new Set<Check>(["roles", "scopes", "progress", "expiry"]);

export function isJudgement(check: Check): boolean {
  return JUDGEMENTS.has(check);
}

type Of<R extends Ruling["rule"]> = Omit<Extract<Ruling, { rule: R }>, "events">;

interface Rollback {
  readonly ruling: Of<"rollback">;
  readonly previous: AcceptedIssue;
  readonly warnings: readonly string[];
}

/** Throws `nothing_to_roll_back`. Its text must still be there too, which only the state can tell. */
export function rollbackOf(view: Pick<TokenView, "declared" | "record" | "issuer">, now: Instant): Rollback {
  const { declared, record, issuer } = view;
  const { desired, previous, retiring } = record;
  const nothing = (why: string): RenewdError => new RenewdError("nothing_to_roll_back", why);
  if (desired === null || previous === null) {
    const last = retiring.at(-1);
    if (last !== undefined && desired !== null)
      throw nothing(`the token before, ${last.fingerprint}, is being ended at the issuer, as \`retire: true\` wants`);
    throw nothing(`no token of ${declared.key} before the one in use is kept`);
  }
  if (issuer.overlap === "none") throw nothing("the issuer revoked the token before when it renewed it");
  if (previous.expAt <= now) {
    throw nothing(`the token before, ${previous.fingerprint}, expired at ${formatInstant(previous.expAt)}`);
  }
  const reason = `rolled back from ${desired.fingerprint}`;
  const pause = { since: now, until: null, reason, deliveries: true };
  const ruling = { rule: "rollback", from: desired.fingerprint, to: previous.fingerprint, pause } as const;
  const { repairMs } = declared.policy;
  return { ruling, previous, warnings: declared.targets.flatMap((each) => shortfall(each, previous, repairMs, now)) };
}

/** The sum for a target whose readers get less than they need from this issue, or soon will. */
function shortfall(target: DeclaredTarget, issue: Issue, repairMs: number, now: Instant): readonly string[] {
  const safeUntil = deadlineAt(issue, target);
  if (now + repairMs < safeUntil) return [];
  const { label, holdMs, propagationMs } = target;
  const needs = [holdMs, propagationMs, leewayMs(lifetimeMs(issue))].map(formatDuration);
  const sum = `= expiry ${formatInstant(issue.expAt)} - (hold ${needs[0]} + propagation ${needs[1]} + leeway ${needs[2]})`;
  return now < safeUntil
    ? [`readers of ${label} are safe only until ${formatInstant(safeUntil)} ${sum}`]
    : [`readers of ${label} were safe only until ${formatInstant(safeUntil)} ${sum}: they get less than they need`];
}

interface Acceptance {
  readonly ruling: Of<"accept">;
  /** What had failed. */
  readonly check: Check;
}

/** Throws `nothing_quarantined`, `not_acceptable`. */
export function acceptanceOf({ declared, record }: Pick<TokenView, "declared" | "record">, now: Instant): Acceptance {
  const { quarantined, desired, wish } = record;
  if (quarantined === null) throw nothingQuarantined(declared.key);
  const why = unacceptable(quarantined, desired, now);
  if (why !== undefined) {
    throw new RenewdError("not_acceptable", `the token ${quarantined.fingerprint} cannot be accepted: ${why}`);
  }
  const { fingerprint, issuerId, startAt, expAt, u, scopes } = quarantined;
  const origin = "minted";
  const accepted = { scopes: scopes ?? {}, warnings: [], origin, acceptedAt: now } as const;
  const issue: AcceptedIssue = { fingerprint, issuerId, startAt, expAt, u, ...accepted };
  const grants = wish !== null && startAt >= wish.at;
  const over = desired?.fingerprint ?? null;
  const { retire: retires } = declared.request;
  return { ruling: { rule: "accept", issue, over, grants, retires }, check: quarantined.check };
}

/** Why a person may not use it; undefined where one may. */
export function unacceptable(issue: QuarantinedIssue, desired: AcceptedIssue | null, now: Instant): string | undefined {
  const { check, message, expAt, validAt, scopes } = issue;
  if (!isJudgement(check)) return `${message} (${check}), and that is a fact which no decision can change`;
  if (scopes === null) return `${message} (${check}), and it does not say until when it lives`;
  if (expAt <= now) return `it expired at ${formatInstant(expAt)}`;
  if (validAt > now) return `it is not valid before ${formatInstant(validAt)}`;
  if (!supersedes(issue, desired)) return "the token in use is newer";
  return undefined;
}

/**
 * What waits for a person comes first, and a request that renewd itself would settle last: such a one may be given up once
 * it failed and no try of it can be answered any more. Throws `nothing_quarantined`.
 */
export function discardOf(view: TokenView, now: Instant): Of<"discard"> | Of<"give_up"> {
  const { mint, quarantined, trouble } = view.record;
  if (mint !== null && waitsForPerson(view, now)) return { rule: "give_up", mint: mint.id };
  if (quarantined !== null) return { rule: "discard", quarantined: quarantined.fingerprint };
  const { key } = view.declared;
  if (mint === null || mint.fresh !== null) throw nothingQuarantined(key);
  if (hasFailed(mint, trouble, now) && !mayStillAnswer(mint, now)) return { rule: "give_up", mint: mint.id };
  const from = `once it failed, and not before ${formatInstant(mint.settleAt)}`;
  throw new RenewdError("nothing_quarantined", `the last request of ${key} is under way; it may be given up ${from}`);
}

function nothingQuarantined(token: string): RenewdError {
  return new RenewdError("nothing_quarantined", `nothing of ${token} is quarantined or waits for a person`);
}
