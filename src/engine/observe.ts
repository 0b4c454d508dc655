import type { DomainEvent } from "../core/events.ts";
import { RenewdError } from "../core/errors.ts";
import type { Issue } from "../core/issue.ts";
import type { Observation } from "../core/ports.ts";
import type { Instant } from "../core/duration.ts";
import type { Held, Ownership, TargetRecord } from "../core/records.ts";
import type { Fingerprint, SecretText } from "../core/secret-text.ts";
import type { TargetChange } from "../core/state-store.ts";
import { LookAgain, type TargetWork } from "./work.ts";
import { adoptFrom, look, unknownOf } from "./look.ts";
import { STORE_CALL_LIMIT_MS } from "./preflight.ts";
import { throughBreaker } from "./service.ts";
import { settleIfLast } from "./settled.ts";
import { Tenure } from "./tenure.ts";

/** How long a target waits for its token's own worker before it looks again. */
const TOKEN_BUSY_MS = 5_000;

/** What a target was seen to hold, and whether renewd may write there. */
export interface Seen {
  readonly observation: Observation;
  readonly mayWrite: boolean;
}

/**
 * Looks at the target as its consumer does and records what was seen: ours, somebody else's, or nothing. The desired token
 * seen there for the first time is a delivery like any, whoever wrote it: its hook is still to be told.
 */
export async function observe(work: TargetWork, record: TargetRecord): Promise<Seen> {
  const { engine, member, berth, tenure } = work;
  const observation = await throughBreaker(engine, { kind: "store", key: berth.declared.store }, () =>
    tenure.call(STORE_CALL_LIMIT_MS, (signal) => berth.place.observe(signal)),
  );
  const fingerprint = fingerprintOf(observation);
  const issue = fingerprint === null ? null : await issueOf(work, record, fingerprint);
  const ownership = await ownershipOf(work, record, observation, issue);
  const desired = (await engine.state.token(member.declared.key))?.desired ?? null;
  const calm = desired === null || desired.fingerprint === issue?.fingerprint;
  const at = engine.clock.now();
  const { change, event } = judge(record, { observation, fingerprint, issue, ownership }, at);
  await tenure.changeTarget({
    ...change,
    ...(issue !== null && desired !== null && calm && record.held?.fingerprint !== issue.fingerprint
      ? { delivery: { phase: "written", fingerprint: issue.fingerprint, at } }
      : {}),
    ...(calm ? { trouble: null, calls: [] } : {}),
    ...(event === undefined ? {} : { events: [event] }),
  });
  if (event !== undefined) engine.emit(event);
  if (desired !== null && calm) await settleIfLast(work, desired);
  return {
    observation,
    mayWrite: ownership !== "none" || (observation.state === "empty" && observation.owner !== "other"),
  };
}

/** Ownership is of the target: our mark, our record, or a token of ours in it. What another marked as its own is not ours any more. */
async function ownershipOf(
  work: TargetWork,
  record: TargetRecord,
  observation: Observation,
  issue: Issue | null,
): Promise<Ownership> {
  if (record.ownership === "granted") return "granted";
  if (observation.owner === "other") return "none";
  if (record.ownership === "ours" || observation.owner === "ours" || issue !== null) return "ours";
  return observation.state === "holds" && (await isOurExpired(work, observation.token)) ? "ours" : "none";
}

/** A token of this account and audience that has expired serves nobody any more, under whatever name it was made. */
async function isOurExpired(work: TargetWork, token: SecretText): Promise<boolean> {
  const { member, tenure, engine } = work;
  const { issuer, declared } = member;
  const inspection = await tenure.call(issuer.callLimitMs, (signal) => issuer.inspect(token, signal));
  if (inspection.outcome !== "proved") return false;
  const { subject, audiences, expAt } = inspection.claims;
  const { audience } = declared.request;
  return (
    subject === issuer.account &&
    (audience === null || audiences.includes(audience)) &&
    expAt !== null &&
    expAt <= engine.clock.now()
  );
}

export function fingerprintOf(observation: Observation): Fingerprint | null {
  switch (observation.state) {
    case "empty":
      return null;
    case "holds":
      return observation.token.fingerprint;
    case "sealed":
      return observation.fingerprint;
  }
}

/** A token that was once verified as ours; one never heard of is first looked up at the issuer, and adopted if it is ours. */
async function issueOf(work: TargetWork, record: TargetRecord, fingerprint: Fingerprint): Promise<Issue | null> {
  const { engine, member } = work;
  const { key } = member.declared;
  const entry = (await engine.state.known(key)).get(fingerprint);
  if (entry !== undefined) return entry.fate === "foreign" || entry.fate === "quarantined" ? null : entry.issue;
  if (record.drift?.fingerprint === fingerprint) return null;
  await lookForStranger(work);
  const found = (await engine.state.known(key)).get(fingerprint);
  return found === undefined || found.fate === "foreign" || found.fate === "quarantined" ? null : found.issue;
}

/** What somebody else put there may be a token of ours that renewd does not know: the issuer's list tells. That is the token's own business, so its lease is taken for it. */
async function lookForStranger(work: TargetWork): Promise<void> {
  const { engine, member, listingSince, stop } = work;
  const { key } = member.declared;
  const tenure = await Tenure.claim({ token: key, target: null }, engine, stop);
  const now = engine.clock.now();
  if (tenure === undefined) throw new LookAgain(now + TOKEN_BUSY_MS);
  try {
    const record = await engine.state.token(key);
    if (record === undefined) throw new LookAgain(now + TOKEN_BUSY_MS);
    if (record.mint !== null) {
      if (now < record.mint.settleAt) throw new LookAgain(record.mint.settleAt);
      throw new RenewdError("outcome_unknown", "it holds a value that may be what the issuer was last asked for");
    }
    const unknown = await unknownOf(engine, member, await look(engine, member, tenure, listingSince));
    await adoptFrom(engine, member, record, tenure, unknown, "target");
  } finally {
    await tenure.end({ wakeAt: engine.clock.now(), deadlineAt: null });
  }
}

interface Sight {
  readonly observation: Observation;
  readonly fingerprint: Fingerprint | null;
  readonly issue: Issue | null;
  readonly ownership: Ownership;
}

/** What the sight changes in the record, and the event if it is news. */
function judge(
  record: TargetRecord,
  sight: Sight,
  at: Instant,
): { readonly change: TargetChange; readonly event: DomainEvent | undefined } {
  const { observation, fingerprint, issue, ownership } = sight;
  const subject = { at, token: record.token, target: record.label };
  // Only when it changed: a person may have said `adopt` while this look was under way.
  const seen = { observedAt: at, ...(ownership === record.ownership ? {} : { ownership }) };
  if (issue !== null) {
    const isNews = record.held?.fingerprint !== issue.fingerprint;
    const held: Held = { ...issue, sinceAt: record.held !== null && !isNews ? record.held.sinceAt : at, provedAt: at };
    const event: DomainEvent = {
      type: "target:adopted",
      ...subject,
      fingerprint: issue.fingerprint,
      expAt: issue.expAt,
    };
    return { change: { ...seen, held, drift: null }, event: isNews ? event : undefined };
  }
  const wasFilled = record.held !== null || (record.drift !== null && ownership !== "none");
  if (observation.state === "empty" && !wasFilled) return { change: { ...seen, drift: null }, event: undefined };
  const isNews = record.drift === null || record.drift.fingerprint !== fingerprint;
  const event: DomainEvent = { type: "target:drifted", ...subject, fingerprint };
  return {
    change: { ...seen, held: null, drift: isNews ? { fingerprint, at } : record.drift },
    event: isNews ? event : undefined,
  };
}
