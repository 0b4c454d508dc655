import { RenewdError } from "../core/errors.ts";
import { type Issue, supersedes } from "../core/issue.ts";
import type { Observation } from "../core/ports.ts";
import type { TargetRecord } from "../core/records.ts";
import type { Fingerprint } from "../core/secret-text.ts";
import type { IssueFate } from "../core/state-store.ts";
import { pausedUntil, waitsForPerson } from "../core/decide.ts";
import { adoptSeen } from "./adopt-held.ts";
import { adoptFrom, look, unknownOf } from "./look.ts";
import { NotAdmitted } from "./service.ts";
import { isSpent, mayBeOf } from "./spoken-for.ts";
import { LookAgain, type TargetWork } from "./work.ts";
import { Tenure } from "./tenure.ts";

/** How long a target waits for its token's own worker before it looks again. */
const TOKEN_BUSY_MS = 5_000;

/**
 * The issue that a target was seen to hold: a token that was once verified as ours; one never heard of is first looked up at
 * the issuer, and adopted if it is ours. Null for whatever is not ours.
 */
export async function issueSeen(
  work: TargetWork,
  record: TargetRecord,
  observation: Observation,
  fingerprint: Fingerprint,
): Promise<Issue | null> {
  const known = await knownEntry(work, fingerprint);
  if (known !== undefined && !(await isToBeTakenUp(work, known))) return issueOf(known);
  if (record.drift?.fingerprint === fingerprint) return null;
  try {
    await lookForStranger(work, observation, fingerprint);
  } catch (thrown) {
    const isOutOfReach = thrown instanceof RenewdError || thrown instanceof NotAdmitted;
    if (!isOutOfReach || record.ownership === "none" || (await mayBeNewer(work, observation))) throw thrown;
  }
  const now = await knownEntry(work, fingerprint);
  return now === undefined ? null : issueOf(now);
}

interface Known {
  readonly issue: Issue;
  readonly fate: IssueFate;
}

/**
 * Known, but not in use although it is newer, or although nothing is in use since the settings named another issuer: nothing
 * older may be written over it while it lives, so it is taken up. What a first request may have made comes before it.
 */
async function isToBeTakenUp({ engine, member }: TargetWork, { issue, fate }: Known): Promise<boolean> {
  const token = await engine.state.token(member.declared.key);
  if (token === undefined || isSpent(fate) || issue.expAt <= engine.clock.now()) return false;
  return supersedes(issue, token.desired) && (token.desired !== null || token.mint === null);
}

async function knownEntry({ engine, member }: TargetWork, fingerprint: Fingerprint): Promise<Known | undefined> {
  return (await engine.state.known(member.declared.key)).get(fingerprint);
}

/** Null for one known as not ours. */
function issueOf({ issue, fate }: Known): Issue | null {
  return fate === "foreign" || fate === "quarantined" ? null : issue;
}

/** While the issuer cannot be asked, our own target is put right all the same, unless what it holds may supersede what we have. */
async function mayBeNewer(work: TargetWork, observation: Observation): Promise<boolean> {
  const { engine, member, tenure } = work;
  if (observation.state !== "holds") return true;
  const { token } = observation;
  if (!mayBeOf(member.issuer, token)) return false;
  const inspection = await tenure.call(member.issuer.callLimitMs, (signal) => member.issuer.inspect(token, signal));
  if (inspection.outcome !== "proved") return inspection.outcome === "unknown";
  const desired = (await engine.state.token(member.declared.key))?.desired;
  const { subject, issuedAt } = inspection.claims;
  const account = member.declared.request.subject ?? member.issuer.account;
  return (account === null || subject === account) && (issuedAt ?? Infinity) >= (desired?.startAt ?? 0);
}

/** What somebody else put there may be a token of ours that renewd does not know: the issuer's list tells. That is the token's own business, so its lease is taken for it. */
async function lookForStranger(work: TargetWork, observation: Observation, fingerprint: Fingerprint): Promise<void> {
  const { engine, member, stop } = work;
  const { key } = member.declared;
  const tenure = await Tenure.claim({ token: key, target: null }, engine, stop);
  const now = engine.clock.now();
  if (tenure === undefined) throw new LookAgain(now + TOKEN_BUSY_MS);
  try {
    const record = await engine.state.token(key);
    if (record === undefined) throw new LookAgain(now + TOKEN_BUSY_MS);
    const { capabilities } = member.issuer;
    // What a person put there may be what settles the doubt.
    if (record.mint !== null && !waitsForPerson({ record, issuer: capabilities }, now)) {
      if (now < record.mint.settleAt) throw new LookAgain(record.mint.settleAt);
      throw new RenewdError("outcome_unknown", "it holds a value that may be what the issuer was last asked for");
    }
    if (!capabilities.lists || (await knownEntry(work, fingerprint)) !== undefined) {
      if (observation.state === "holds") await adoptSeen({ engine, member, tenure }, record, observation.token);
      return;
    }
    const unknown = await unknownOf(engine, member, await look(engine, member, tenure, now));
    // While a person holds renewals back, nothing is taken up but what somebody put in place.
    const isPaused = pausedUntil(record.pause, now) !== undefined;
    const wanted = isPaused ? unknown.filter((each) => each.fingerprint === fingerprint) : unknown;
    await adoptFrom(engine, member, record, tenure, wanted, fingerprint);
  } finally {
    await tenure.end({ wakeAt: engine.clock.now(), deadlineAt: null });
  }
}
