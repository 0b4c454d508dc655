import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { Mint, TokenRecord } from "../core/records.ts";
import type { SecretText } from "../core/secret-text.ts";
import { orderOf, recordAnswer, recordDoubt, send } from "./order.ts";
import type { TokenWork } from "./work.ts";

/**
 * The answer to a request was lost that may be made again: it brings its own secret, or an expiry that is an instant, so
 * however often it is carried out it makes one token. A refusal counts only when this try reached the issuer, and only once
 * no earlier one can still be under way.
 */
export async function repeat(work: TokenWork, record: TokenRecord, mint: Mint): Promise<void> {
  const { engine, member, tenure } = work;
  const { key } = member.declared;
  const secret = mint.chosen === null ? null : await engine.state.unseal(key, mint.chosen);
  if (secret === undefined) throw new TypeError("an open mint without its sealed secret");
  const begunAt = engine.clock.now();
  if (secret !== null && begunAt >= mint.expAt) return setAside(work, mint, secret);
  const base = await baseOf(work, record, mint);
  if (mint.kind === "extend" && (base === null || !wouldGain(mint, record, begunAt))) {
    return tenure.changeToken({ mint: null });
  }
  const order = orderOf(work, mint, secret, base);
  const isOver = begunAt >= mint.settleAt || mint.settleAt - begunAt > member.issuer.callLimitMs;
  const again = { ...mint, settleAt: begunAt + member.issuer.callLimitMs };
  const answer = await send(work, order, () => tenure.changeToken({ mint: again }));
  if (answer.outcome !== "refused") return recordAnswer(work, again, order, answer);
  const error = toRenewdError(answer.error);
  // What did not get there says nothing of what an earlier try made.
  if (!error.sent) return recordDoubt(work, mint, error);
  if (isOver) return recordAnswer(work, again, order, answer);
  const why = `asked again and refused (${error.code}: ${error.message}), but the first request may still be under way`;
  return recordDoubt(work, mint, new RenewdError("outcome_unknown", why));
}

/** Null when what was to be extended or renewed is out of use: a person rolled it back, or accepted another. */
async function baseOf({ engine, member }: TokenWork, { desired }: TokenRecord, mint: Mint): Promise<SecretText | null> {
  if (mint.kind === "mint" || desired === null || desired.issuerId !== mint.baseId) return null;
  return (await engine.state.unseal(member.declared.key, desired.fingerprint)) ?? null;
}

/** An expiry that is set in place can be set back too, and one that is past is moved no more. */
function wouldGain({ expAt }: Mint, { desired }: TokenRecord, now: Instant): boolean {
  return desired !== null && desired.expAt > now && expAt > desired.expAt;
}

/**
 * What it may have made has expired by now. By a clock that leapt it may live all the same, so its secret is kept before the
 * request is closed; kept twice after a death in between is no harm.
 */
async function setAside({ engine, member, tenure }: TokenWork, mint: Mint, secret: SecretText): Promise<void> {
  const { fingerprint } = secret;
  const token = member.declared.key;
  const at = engine.clock.now();
  const issue = { fingerprint, issuerId: null, startAt: mint.sentAt, expAt: mint.expAt, u: 0 };
  await engine.state.stray(token, issue, secret, at);
  const event: DomainEvent = { type: "issue:set-aside", at, token, fingerprint };
  await tenure.changeToken({ mint: null, events: [event] });
  engine.emit(event);
}
