import type { DomainEvent } from "../core/events.ts";
import type { Issue } from "../core/issue.ts";
import type { Observation } from "../core/ports.ts";
import type { Instant } from "../core/duration.ts";
import type { Held, Ownership, TargetRecord } from "../core/records.ts";
import type { Fingerprint, SecretText } from "../core/secret-text.ts";
import type { TargetChange } from "../core/state-store.ts";
import { mayBeOf } from "./spoken-for.ts";
import { issueSeen } from "./stranger.ts";
import type { TargetWork } from "./work.ts";
import { STORE_CALL_LIMIT_MS } from "./preflight.ts";
import { throughBreaker } from "./service.ts";
import { settleIfLast } from "./settled.ts";

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
  const observation = await throughBreaker(engine, { kind: "store", key: berth.declared.store, call: "observe" }, () =>
    tenure.call(STORE_CALL_LIMIT_MS, (signal) => berth.place.observe(signal)),
  );
  const fingerprint = fingerprintOf(observation);
  const issue = fingerprint === null ? null : await issueSeen(work, record, observation, fingerprint);
  const ownership = await ownershipOf(work, record, observation, issue);
  const token = await engine.state.token(member.declared.key);
  const desired = token?.desired ?? null;
  const withdrawn = issue !== null && token?.withdrawn.includes(issue.fingerprint) === true;
  const calm = desired === null || desired.fingerprint === issue?.fingerprint;
  const at = engine.clock.now();
  const { change, event } = judge(record, { observation, fingerprint, issue, ownership, withdrawn }, at);
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
  if (!mayBeOf(issuer, token)) return false;
  const inspection = await tenure.call(issuer.callLimitMs, (signal) => issuer.inspect(token, signal));
  if (inspection.outcome !== "proved") return false;
  const { subject, audiences, expAt } = inspection.claims;
  const { audience } = declared.request;
  const account = declared.request.subject ?? issuer.account;
  return (
    (account === null || subject === account) &&
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

interface Sight {
  readonly observation: Observation;
  readonly fingerprint: Fingerprint | null;
  readonly issue: Issue | null;
  readonly ownership: Ownership;
  /** Ours, but rolled back. */
  readonly withdrawn: boolean;
}

/** What the sight changes in the record, and the event if it is news. */
function judge(
  record: TargetRecord,
  sight: Sight,
  at: Instant,
): { readonly change: TargetChange; readonly event: DomainEvent | undefined } {
  const { observation, fingerprint, issue, ownership, withdrawn } = sight;
  const subject = { at, token: record.token, target: record.label };
  // Only when it changed: a person may have said `adopt` while this look was under way.
  const seen = { observedAt: at, ...(ownership === record.ownership ? {} : { ownership }) };
  if (issue !== null) {
    const isNews = record.held?.fingerprint !== issue.fingerprint;
    const held: Held = { ...issue, sinceAt: record.held !== null && !isNews ? record.held.sinceAt : at, provedAt: at };
    const event: DomainEvent = withdrawn
      ? { type: "target:drifted", ...subject, fingerprint: issue.fingerprint }
      : { type: "target:adopted", ...subject, fingerprint: issue.fingerprint, expAt: issue.expAt };
    const isDrift = isNews && withdrawn && record.held !== null;
    const lastDrift = isDrift ? { lastDrift: { fingerprint: issue.fingerprint, at } } : {};
    return { change: { ...seen, held, drift: null, ...lastDrift }, event: isNews ? event : undefined };
  }
  const wasFilled = record.held !== null || (record.drift !== null && ownership !== "none");
  if (observation.state === "empty" && !wasFilled) return { change: { ...seen, drift: null }, event: undefined };
  const isNews = record.drift === null || record.drift.fingerprint !== fingerprint;
  if (!isNews) return { change: { ...seen, held: null }, event: undefined };
  const drift = { fingerprint, at };
  // What a person lets renewd take over was not written over ours.
  const isOverOurs = ownership === "ours" && (record.held !== null || record.drift !== null);
  return {
    change: { ...seen, held: null, drift, ...(isOverOurs ? { lastDrift: drift } : {}) },
    event: { type: "target:drifted", ...subject, fingerprint },
  };
}
