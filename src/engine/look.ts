import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError } from "../core/errors.ts";
import { compareIssues, type Issue, supersedes } from "../core/issue.ts";
import type { FoundToken } from "../core/ports.ts";
import type { Fingerprint, SecretText } from "../core/secret-text.ts";
import type { AcceptedIssue, TokenRecord } from "../core/records.ts";
import { scheduleOf } from "../core/schedule.ts";
import type { TokenChange } from "../core/state-store.ts";
import { verify, type Verdict } from "../core/verify.ts";
import { expectationOf } from "./expectation.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";
import { retiredBy } from "./retiring.ts";
import { throughBreaker } from "./service.ts";
import type { Tenure } from "./tenure.ts";

/** A token that may be ours, as somebody else tells of it. */
export type Candidate = Omit<FoundToken, "issuerId"> & { readonly issuerId: string | null };

/** So many unknown live tokens of one name are proved in one look; what is left is looked at in the next. */
export const PROVED_PER_LOOK_MAX = 500;

/** Reads the issuer's list of this token's name. Empty where the issuer has no list. */
export async function look(
  engine: Engine,
  member: Member,
  tenure: Tenure,
  notBefore: Instant,
): Promise<readonly FoundToken[]> {
  const { issuer, declared } = member;
  if (!issuer.capabilities.lists) return [];
  const query = { name: declared.name, request: declared.request, notBefore };
  return throughBreaker(engine, { kind: "issuer", key: declared.issuer, call: "find" }, () =>
    tenure.call(issuer.callLimitMs, (signal) => issuer.find(query, signal)),
  );
}

/** Live tokens that the issuer lists and renewd has never heard of, newest first. */
export async function unknownOf(
  engine: Engine,
  member: Member,
  found: readonly FoundToken[],
): Promise<readonly FoundToken[]> {
  const known = await engine.state.known(member.declared.key);
  const now = engine.clock.now();
  return found
    .filter((each) => each.expAt > now && !known.has(each.fingerprint))
    .sort((a, b) => compareIssues(b, a))
    .slice(0, PROVED_PER_LOOK_MAX);
}

/**
 * Gives every unknown live token a fate: the newest that verifies, supersedes the one in use and is not yet due itself
 * is adopted; the others are superseded, outlived or foreign. True when one was adopted. Throws `key_unreachable` while one
 * that may serve cannot be proved and there is time to wait for that.
 */
export async function adoptFrom(
  engine: Engine,
  member: Member,
  record: TokenRecord,
  tenure: Tenure,
  unknown: readonly FoundToken[],
  /** What a target was seen to hold, where that is why one looks. */
  inTarget?: Fingerprint,
): Promise<boolean> {
  let current = record;
  for (const found of unknown) {
    const verdict = await prove(member, current, tenure, found, engine.clock.now());
    if (verdict.outcome === "wait") {
      const mayServe = isWorthAdopting(issueOf(found, found, 0), current, member, engine.clock.now(), inTarget);
      const isPatient = engine.clock.now() < patienceEndsAt(current, member);
      if (verdict.code === "key_unreachable" && mayServe && isPatient)
        throw new RenewdError(verdict.code, verdict.message);
      continue;
    }
    const issue = issueOf(found, verdict.outcome === "pass" ? verdict : found, engine.random.share());
    if (verdict.outcome === "pass" && isWorthAdopting(issue, current, member, engine.clock.now(), inTarget)) {
      const adopted = { ...issue, ...acceptedPart(verdict, engine.clock.now()) };
      await adopt(engine, member, current, tenure, found.token, adopted, inTarget === undefined ? "issuer" : "target");
      current = { ...current, desired: adopted };
      continue;
    }
    const change = fateChange(member, current, found, issue, verdict, engine.clock.now());
    await tenure.changeToken(change);
    for (const event of change.events ?? []) engine.emit(event);
  }
  return current !== record;
}

export async function prove(
  member: Member,
  record: TokenRecord,
  tenure: Tenure,
  found: Candidate,
  now: Instant,
): Promise<Verdict> {
  const { issuer } = member;
  const inspection = await tenure.call(issuer.callLimitMs, (signal) => issuer.inspect(found.token, signal));
  return verify(inspection, expectationOf(member, record, { adopting: found }), now);
}

/** Then another is minted all the same: it may be signed with a key that can be read. */
function patienceEndsAt({ desired, firstSeenAt }: TokenRecord, { declared, pace }: Member): Instant {
  return desired === null ? firstSeenAt + declared.policy.repairMs : scheduleOf(desired, pace).latestAt;
}

/**
 * Without a token in use even one that is due is better than none. One that readers have already is taken up although it is
 * due: nothing older may be written over it, so it is the one to be renewed, at once.
 */
function isWorthAdopting(
  issue: Issue,
  record: TokenRecord,
  member: Member,
  now: Instant,
  inTarget: Fingerprint | undefined,
): boolean {
  if (record.desired === null) return true;
  const isSeen = issue.fingerprint === inTarget;
  return supersedes(issue, record.desired) && (isSeen || now < scheduleOf(issue, member.pace).renewAt);
}

/** What somebody made after a person asked for a new one is what that person asked for. */
export async function adopt(
  engine: Engine,
  member: Member,
  record: TokenRecord,
  tenure: Tenure,
  token: SecretText,
  issue: AcceptedIssue,
  from: "issuer" | "target",
): Promise<void> {
  const { fingerprint, expAt, startAt } = issue;
  const at = engine.clock.now();
  const event: DomainEvent = {
    type: "renewal:adopted",
    at,
    token: member.declared.key,
    fingerprint,
    expAt,
    from,
  };
  const granted = record.wish !== null && startAt >= record.wish.at;
  const { retires, fates, events } = retiredBy(member, record, at);
  const all = [event, ...events];
  await tenure.changeToken({
    accept: { issue, token, over: record.desired?.fingerprint ?? null, retires },
    fates,
    mint: null,
    quarantine: null,
    ...(granted ? { wish: null } : {}),
    trouble: null,
    calls: [],
    events: all,
  });
  for (const each of all) engine.emit(each);
}

function fateChange(
  member: Member,
  record: TokenRecord,
  found: FoundToken,
  issue: Issue,
  verdict: Verdict,
  now: Instant,
): TokenChange {
  const token = member.declared.key;
  const { fingerprint } = found;
  if (verdict.outcome === "reject") {
    const event: DomainEvent = { type: "issue:foreign", at: now, token, fingerprint, message: verdict.message };
    return { fates: [{ issue, fate: "foreign" }], events: [event] };
  }
  if (supersedes(issue, record.desired)) {
    const event: DomainEvent = { type: "renewal:outlived", at: now, token, fingerprint, expAt: issue.expAt };
    return { fates: [{ issue, fate: "outlived" }], events: [event] };
  }
  return {
    fates: [{ issue, fate: "superseded" }],
    events: [{ type: "issue:superseded", at: now, token, fingerprint }],
  };
}

/** An issue as the issuer lists it, or as its own claims say once it was proved. */
export function issueOf(found: Candidate, times: Pick<Issue, "startAt" | "expAt">, u: number): Issue {
  return { fingerprint: found.fingerprint, issuerId: found.issuerId, startAt: times.startAt, expAt: times.expAt, u };
}

export function acceptedPart(
  verdict: Extract<Verdict, { outcome: "pass" }>,
  now: Instant,
): Omit<AcceptedIssue, keyof Issue> {
  return { scopes: verdict.scopes, warnings: verdict.warnings, origin: "adopted", acceptedAt: now };
}
