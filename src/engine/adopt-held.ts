import { servesUntil } from "../core/decide.ts";
import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError } from "../core/errors.ts";
import { newestOf, supersedes } from "../core/issue.ts";
import type { AcceptedIssue, TokenRecord } from "../core/records.ts";
import type { SecretText } from "../core/secret-text.ts";
import type { Engine } from "./engine.ts";
import type { Berth, Member } from "./fleet.ts";
import { acceptedPart, adopt, type Candidate, issueOf, prove } from "./look.ts";
import { STORE_CALL_LIMIT_MS } from "./preflight.ts";
import { throughBreaker } from "./service.ts";
import { isSpent, mayBeOf, otherOwners } from "./spoken-for.ts";
import { LeaseLost, type Tenure } from "./tenure.ts";
import type { TokenWork } from "./work.ts";

/**
 * Before the first token is minted at an issuer without a list: what the targets hold may be a token of ours, known to a
 * state that was lost or from before the settings named another issuer. The newest that verifies and still serves is
 * adopted. True when one was.
 */
export async function adoptFirst(work: TokenWork, record: TokenRecord): Promise<boolean> {
  const { engine, member, tenure } = work;
  if (record.desired !== null || member.issuer.capabilities.lists) return false;
  const proved: (AcceptedIssue & { readonly text: SecretText })[] = [];
  for (const text of await textsIn(work)) {
    const issue = await proveHeld(work, record, text);
    if (issue !== undefined && stillServes(issue, member, engine.clock.now())) proved.push({ ...issue, text });
  }
  const newest = newestOf(proved);
  if (newest === undefined) return false;
  const { text, ...issue } = newest;
  await adopt(engine, member, record, tenure, text, issue, "target");
  return true;
}

/** Where no list can tell of it, only a token itself says whether somebody else put a newer one of ours there. */
export async function adoptSeen(
  work: { readonly engine: Engine; readonly member: Member; readonly tenure: Tenure },
  record: TokenRecord,
  text: SecretText,
): Promise<void> {
  const { engine, member, tenure } = work;
  const issue = await proveHeld(work, record, text);
  const now = engine.clock.now();
  if (issue === undefined) return;
  if (issue.expAt > now && supersedes(issue, record.desired)) {
    return adopt(engine, member, record, tenure, text, issue, "target");
  }
  // It is known from now on, so that the target which holds it is known as ours.
  const event: DomainEvent = {
    type: "issue:superseded",
    at: now,
    token: member.declared.key,
    fingerprint: issue.fingerprint,
  };
  await tenure.changeToken({ fates: [{ issue, fate: "superseded" }], events: [event] });
  engine.emit(event);
}

function stillServes(issue: AcceptedIssue, member: Member, now: Instant): boolean {
  return now < servesUntil(issue, member.pace);
}

/** What its own claims say; it has no other witness. Undefined for a token that is not as it should be, or not ours to take up. */
async function proveHeld(
  { engine, member, tenure }: { readonly engine: Engine; readonly member: Member; readonly tenure: Tenure },
  record: TokenRecord,
  text: SecretText,
): Promise<AcceptedIssue | undefined> {
  const now = engine.clock.now();
  const { fingerprint } = text;
  const known = (await engine.state.known(member.declared.key)).get(fingerprint);
  if (isSpent(known?.fate) || !mayBeOf(member.issuer, text)) return undefined;
  if ((await otherOwners(engine, member, fingerprint)).length > 0) return undefined;
  const candidate: Candidate = {
    fingerprint,
    token: text,
    issuerId: known?.issue.issuerId ?? null,
    roles: [],
    startAt: now,
    expAt: Infinity,
    comment: null,
  };
  const verdict = await prove(member, record, tenure, candidate, now);
  // With the key out of reach it may well be ours: nothing is minted beside it, or written over it.
  if (verdict.outcome === "wait") throw new RenewdError(verdict.code, `what a target holds: ${verdict.message}`);
  if (verdict.outcome === "reject") return undefined;
  return { ...issueOf(candidate, verdict, engine.random.share()), ...acceptedPart(verdict, now) };
}

async function textsIn(work: TokenWork): Promise<readonly SecretText[]> {
  const texts = new Map<string, SecretText>();
  for (const berth of work.member.berths) {
    const text = await textIn(work, berth);
    if (text !== undefined) texts.set(text.fingerprint, text);
  }
  return [...texts.values()];
}

/** A target that cannot be read is passed over, unless a mint would revoke the token that it may hold. */
async function textIn({ engine, member, tenure }: TokenWork, berth: Berth): Promise<SecretText | undefined> {
  try {
    const observation = await throughBreaker(
      engine,
      { kind: "store", key: berth.declared.store, call: "observe" },
      () => tenure.call(STORE_CALL_LIMIT_MS, (signal) => berth.place.observe(signal)),
    );
    return observation.state === "holds" ? observation.token : undefined;
  } catch (thrown) {
    if (thrown instanceof LeaseLost || member.issuer.capabilities.overlap === "none") throw thrown;
    return undefined;
  }
}
