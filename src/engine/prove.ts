import { servesUntil } from "../core/decide.ts";
import { formatInstant, type Instant, MINUTE_MS } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError } from "../core/errors.ts";
import type { Issue } from "../core/issue.ts";
import type { Inspection } from "../core/ports.ts";
import type { SecretText } from "../core/secret-text.ts";
import type { AcceptedIssue, Mint, TokenRecord, Warning } from "../core/records.ts";
import type { TokenChange } from "../core/state-store.ts";
import { verify, type Verdict } from "../core/verify.ts";
import { expectationOf } from "./expectation.ts";
import { LookAgain, type TokenWork } from "./work.ts";
import { retiredBy } from "./retiring.ts";
import { traced } from "./traced.ts";
import { failToken } from "./trouble.ts";

/** Proves the fresh token of the open mint: accepted it becomes desired, rejected it is quarantined and the old one stays. */
export async function proveFresh(work: TokenWork, record: TokenRecord): Promise<void> {
  const { engine, member, tenure } = work;
  const { mint } = record;
  if (mint === null || mint.fresh === null) return;
  const { fresh } = mint;
  const text = await engine.state.unseal(member.declared.key, fresh.fingerprint);
  // What was extended may be out of use meanwhile: a person rolled it back, or accepted another.
  const isOutOfUse = text === undefined || record.desired?.fingerprint !== fresh.fingerprint;
  if (mint.kind === "extend" && isOutOfUse) return tenure.changeToken({ mint: null });
  if (text === undefined) throw new TypeError("an open mint without its sealed token");
  const { issuer } = member;
  const inspection = await traced(
    engine,
    "renewd.call",
    { service: "issuer", key: member.declared.issuer, call: "inspect" },
    () => tenure.call(issuer.callLimitMs, (signal) => issuer.inspect(text, signal)),
  );
  const expected = expectationOf(member, record, { minted: mint });
  const verdict = verify(mint.kind === "extend" ? begunAnew(inspection) : inspection, expected, engine.clock.now());
  switch (verdict.outcome) {
    case "pass":
      if (mint.kind === "extend" && verdict.expAt === record.desired?.expAt)
        return failToken(work, unmoved(verdict.expAt), { mint: null });
      return accept(work, mint, fresh, text, verdict, record);
    case "wait":
      throw waitError(verdict, engine.clock.now());
    case "reject":
      // There is no fresh token to be kept out: what was to be extended goes on as it is.
      if (mint.kind === "extend")
        return failToken(work, new RenewdError(verdict.code, verdict.message), { mint: null });
      return quarantine(work, mint, fresh, verdict);
  }
}

function unmoved(expAt: Instant): RenewdError {
  return new RenewdError("no_progress", `the issuer left its expiry at ${formatInstant(expAt)}`);
}

/** An extended token was made long ago; its life as it is now begins with the request. */
function begunAnew(inspection: Inspection): Inspection {
  if (inspection.outcome !== "proved") return inspection;
  return { ...inspection, claims: { ...inspection.claims, issuedAt: null } };
}

async function accept(
  work: TokenWork,
  mint: Mint,
  fresh: Issue,
  text: SecretText,
  verdict: Extract<Verdict, { outcome: "pass" }>,
  record: TokenRecord,
): Promise<void> {
  const { engine, member, tenure } = work;
  const at = engine.clock.now();
  const { startAt, expAt, scopes, warnings } = verdict;
  const origin = mint.kind === "extend" ? "extended" : "minted";
  const issue: AcceptedIssue = { ...fresh, startAt, expAt, scopes, warnings, origin, acceptedAt: at };
  const { fingerprint } = fresh;
  const told = warnings.map(warningText);
  const event: DomainEvent = {
    type: "renewal:accepted",
    at,
    token: member.declared.key,
    renewal: mint.id,
    fingerprint,
    expAt,
    warnings: told,
  };
  const { retires, fates, events } = retiredBy(member, record, at);
  const all = [event, ...events];
  await tenure.changeToken({
    accept: { issue, token: text, over: record.desired?.fingerprint ?? null, retires },
    fates,
    mint: null,
    quarantine: null,
    wish: null,
    trouble: null,
    calls: [],
    events: all,
  });
  for (const each of all) engine.emit(each);
}

function warningText(warning: Warning): string {
  return warning.kind;
}

/** Two clocks always differ a little: a token that begins within a minute is waited for, one that begins later is a failure to tell of. */
function waitError(verdict: Extract<Verdict, { outcome: "wait" }>, now: Instant): Error {
  const { code, message, until } = verdict;
  if (until === null) return new RenewdError(code, message);
  return until - now <= MINUTE_MS
    ? new LookAgain(until)
    : new RenewdError(code, message, { retryAfterMs: until - now });
}

/** It keeps what it says of itself, where that can be believed: a person may accept it. */
async function quarantine(
  work: TokenWork,
  { kind }: Pick<Mint, "kind">,
  fresh: Issue,
  verdict: Extract<Verdict, { outcome: "reject" }>,
): Promise<void> {
  const { engine, member } = work;
  const at = engine.clock.now();
  const { check, message, code, claims } = verdict;
  const { startAt, expAt, validAt, scopes } = claims ?? { ...fresh, validAt: fresh.startAt, scopes: null };
  const { fingerprint } = fresh;
  const isFirst = kind === "mint" && member.issuer.capabilities.overlap === "none";
  const madeFrom = isFirst ? { renewed: false } : {};
  const event: DomainEvent = {
    type: "renewal:quarantined",
    at,
    token: member.declared.key,
    fingerprint,
    expAt,
    check,
    code,
    message,
  };
  await failToken(work, new RenewdError(code, message), {
    mint: null,
    quarantine: { ...fresh, startAt, expAt, validAt, scopes, check, message, at, ...madeFrom },
    events: [event],
  });
}

/**
 * The fresh token can no longer serve: it is recorded as outlived, and a new one is asked for. One that was of no use
 * from the start is a failure, so that an issuer that gives only such tokens is not asked again at once.
 */
export async function outlive(work: TokenWork, record: TokenRecord): Promise<void> {
  const { engine, member, tenure } = work;
  if (record.mint === null || record.mint.fresh === null) return;
  const { fresh, sentAt } = record.mint;
  // Of the first try: one that was made again may have served long ago.
  const answeredBy = sentAt + member.issuer.callLimitMs;
  const { fingerprint, expAt } = fresh;
  const event: DomainEvent = {
    type: "renewal:outlived",
    at: engine.clock.now(),
    token: member.declared.key,
    fingerprint,
    expAt,
  };
  const isExtension = record.mint.kind === "extend";
  const fates = isExtension ? {} : { fates: [{ issue: fresh, fate: "outlived" as const }] };
  const change: TokenChange = { mint: null, ...fates, events: [event] };
  if (servesUntil(fresh, member.pace) <= answeredBy) {
    return failToken(work, new RenewdError("no_progress", "the fresh token lives too short to be of use"), change);
  }
  await tenure.changeToken(change);
  engine.emit(event);
}
