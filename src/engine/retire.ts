import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { DomainEvent } from "../core/events.ts";
import type { RetiringIssue, TokenRecord } from "../core/records.ts";
import { hasExpired } from "../core/retirement.ts";
import type { Fingerprint } from "../core/secret-text.ts";
import type { Berth } from "./fleet.ts";
import { fingerprintOf } from "./observe.ts";
import { STORE_CALL_LIMIT_MS } from "./preflight.ts";
import { retirementOf } from "./retiring.ts";
import { NotAdmitted, throughBreaker } from "./service.ts";
import { LeaseLost } from "./tenure.ts";
import { addTrouble } from "./trouble.ts";
import type { TokenWork } from "./work.ts";

/**
 * Ends the next of the old tokens at the issuer. That it failed holds up no renewal: it is told, and tried again. After a
 * crash it is done again, which changes nothing.
 */
export async function retire(work: TokenWork, record: TokenRecord): Promise<void> {
  const { engine, member, tenure } = work;
  const next = await retirementOf(engine, member, record);
  if (next === null || next.at > engine.clock.now()) return;
  const { issue } = next;
  const { fingerprint } = issue;
  if (hasExpired(member.declared, issue, engine.clock.now())) return tenure.changeToken({ retired: fingerprint });
  try {
    await heldByNobody(work, issue, record.desired?.fingerprint ?? null);
    await end(work, issue);
  } catch (thrown) {
    if (thrown instanceof LeaseLost || thrown instanceof NotAdmitted) throw thrown;
    return failed(work, issue, thrown);
  }
  const event: DomainEvent = { type: "token:retired", at: engine.clock.now(), token: member.declared.key, fingerprint };
  await tenure.changeToken({ retired: fingerprint, events: [event] });
  engine.emit(event);
}

/** From when it is recorded on nobody goes back to it: whether it still works cannot be told any more. */
async function end({ engine, member, tenure }: TokenWork, issue: RetiringIssue): Promise<void> {
  const { issuer, declared } = member;
  const { retire: endAt } = issuer;
  const { fingerprint, issuerId, trouble } = issue;
  if (endAt === null)
    throw new RenewdError("settings_invalid", "this kind of issuer cannot end a token before its time");
  const token = await engine.state.unseal(declared.key, fingerprint);
  if (token === undefined) throw new RenewdError("state_key", `the text of ${fingerprint} is not kept`);
  await throughBreaker(
    engine,
    { kind: "issuer", key: declared.issuer, call: "retire" },
    () => tenure.call(issuer.callLimitMs, (signal) => endAt({ issuerId, token }, signal)),
    { record: () => tenure.changeToken({ retiring: { fingerprint, trouble } }) },
  );
}

/** A target that is to look anew at what it holds, and why the old token is not ended before. */
class NotPut extends RenewdError {
  readonly target: string;

  constructor(target: string, { code, message }: Pick<RenewdError, "code" | "message">) {
    super(code, `target ${target}: ${message}`);
    this.target = target;
  }
}

/** What was recorded of the targets may be old: a backup may have put the old token back. */
async function heldByNobody(
  work: TokenWork,
  { fingerprint }: RetiringIssue,
  newest: Fingerprint | null,
): Promise<void> {
  const user = await otherUserOf(work, fingerprint);
  if (user !== undefined) throw new RenewdError("still_in_use", `${user} has ${fingerprint}`);
  for (const berth of work.member.berths) {
    const { label } = berth.declared;
    const held = await heldIn(work, berth);
    if (held !== newest)
      throw new NotPut(label, { code: "still_in_use", message: `it holds ${held ?? "nothing"} and not the newest` });
  }
}

async function heldIn({ engine, tenure }: TokenWork, { declared, place }: Berth): Promise<Fingerprint | null> {
  try {
    const observation = await throughBreaker(engine, { kind: "store", key: declared.store, call: "observe" }, () =>
      tenure.call(STORE_CALL_LIMIT_MS, (signal) => place.observe(signal)),
    );
    return fingerprintOf(observation);
  } catch (thrown) {
    if (thrown instanceof LeaseLost) throw thrown;
    if (thrown instanceof NotAdmitted)
      throw new NotPut(declared.label, { code: "store_unreachable", message: thrown.message });
    throw new NotPut(declared.label, toRenewdError(thrown));
  }
}

/** Another token that has it too, or a target outside this token's own: as long as it is declared, or what it holds lives. */
async function otherUserOf({ engine, member }: TokenWork, fingerprint: Fingerprint): Promise<string | undefined> {
  const { key } = member.declared;
  for (const owner of await engine.state.ownersOf(fingerprint)) {
    const other = owner === key ? undefined : await engine.state.token(owner);
    const isUsed = [other?.desired, other?.previous].some((each) => each?.fingerprint === fingerprint);
    if (isUsed) return `token ${owner}`;
  }
  const holders = await engine.state.holdersOf(fingerprint);
  const holder = holders.find(({ token, label, held }) => {
    const berths = engine.fleet().members.get(token)?.berths ?? [];
    const isDeclared = berths.some(({ declared }) => declared.label === label);
    return isDeclared ? token !== key : held !== null && held.expAt > engine.clock.now();
  });
  return holder === undefined ? undefined : `target ${holder.token}/${holder.label}`;
}

async function failed({ engine, member, tenure }: TokenWork, issue: RetiringIssue, thrown: unknown): Promise<void> {
  const at = engine.clock.now();
  const error = toRenewdError(thrown);
  // Nothing hangs on it but tidiness.
  const calm = { deadlineAt: null, expAt: null };
  const trouble = addTrouble(issue.trouble, error, calm, [], engine.random.share(), at);
  const { code, message } = error;
  const { nextTryAt } = trouble;
  const event: DomainEvent = { type: "token:not-retired", at, token: member.declared.key, code, message, nextTryAt };
  await tenure.changeToken({
    retiring: { fingerprint: issue.fingerprint, trouble },
    lookAgain: thrown instanceof NotPut ? [thrown.target] : [],
    events: [event],
  });
  engine.emit(event);
}
