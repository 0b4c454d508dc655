import { CALLS_PER_HOUR_ONE, withCall } from "../core/backoff.ts";
import type { DomainEvent } from "../core/events.ts";
import { SECOND_MS } from "../core/duration.ts";
import type { FoundToken } from "../core/ports.ts";
import { isRepeatable, type Mint, type TokenRecord } from "../core/records.ts";
import { issueOf, look, unknownOf } from "./look.ts";
import { repeat } from "./repeat.ts";
import type { TokenWork } from "./work.ts";

/**
 * A request was sent and its answer was lost (or the process died on it). The issuer's list tells: a live token that was
 * not there before is taken up as its answer. That none is there means nothing was made only once the call's time is over;
 * before that the request may still be under way, and one looks again.
 */
export async function settle(work: TokenWork, record: TokenRecord): Promise<void> {
  const { engine, member, tenure } = work;
  const { mint } = record;
  if (mint === null) return;
  if (isRepeatable(mint)) return repeat(work, record, mint);
  const token = member.declared.key;
  const lookedAt = engine.clock.now();
  // A stored end that is further off than a call can take was written by a clock that leapt.
  const isOver = lookedAt >= mint.settleAt || mint.settleAt - lookedAt > member.issuer.callLimitMs;
  const found = await look(
    engine,
    member,
    tenure,
    isOver ? Math.max(work.listingSince, Math.min(mint.settleAt, lookedAt)) : lookedAt,
  );
  const made = (await unknownOf(engine, member, found)).find((each) => !mint.known.includes(each.fingerprint));
  const at = engine.clock.now();
  if (made === undefined && isOver) {
    const expired = await expiredOf(work, mint, found);
    if (expired !== undefined) return outlivedUnseen(work, expired);
  }
  if (made === undefined && isOver) return nothingMade(work, mint);
  if (made === undefined) {
    const calls = withCall(record.calls, at, CALLS_PER_HOUR_ONE);
    return tenure.changeToken({ mint: { ...mint, lookedAt }, calls });
  }
  const fresh = issueOf(made, made, engine.random.share());
  const { fingerprint } = fresh;
  const event: DomainEvent = { type: "renewal:minted", at, token, renewal: mint.id, fingerprint };
  await tenure.changeToken({
    mint: { ...mint, fresh, told: { expAt: made.expAt, scopes: null } },
    sealed: { fingerprint, token: made.token },
    trouble: null,
    events: [event],
  });
  engine.emit(event);
}

/** What the request made may have expired before anybody could look. `iat` has whole seconds. */
async function expiredOf(
  { engine, member }: TokenWork,
  mint: Mint,
  found: readonly FoundToken[],
): Promise<FoundToken | undefined> {
  const known = await engine.state.known(member.declared.key);
  const now = engine.clock.now();
  const earliestAt = Math.floor(mint.sentAt / SECOND_MS) * SECOND_MS;
  return found.find(
    (each) =>
      each.expAt <= now &&
      each.startAt >= earliestAt &&
      !mint.known.includes(each.fingerprint) &&
      !known.has(each.fingerprint),
  );
}

async function outlivedUnseen({ engine, member, tenure }: TokenWork, expired: FoundToken): Promise<void> {
  const issue = issueOf(expired, expired, engine.random.share());
  const { fingerprint, expAt } = issue;
  const token = member.declared.key;
  const event: DomainEvent = { type: "renewal:outlived", at: engine.clock.now(), token, fingerprint, expAt };
  await tenure.changeToken({ mint: null, fates: [{ issue, fate: "outlived" }], events: [event] });
  engine.emit(event);
}

/** Where the issuer has no list, asking again is the only way: one spare token is possible, and harmless. */
async function nothingMade(work: TokenWork, mint: Mint): Promise<void> {
  const { engine, member, tenure } = work;
  const event: DomainEvent = {
    type: "renewal:nothing-made",
    at: engine.clock.now(),
    token: member.declared.key,
    renewal: mint.id,
  };
  await tenure.changeToken({ mint: null, events: [event] });
  engine.emit(event);
}
