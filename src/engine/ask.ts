import { pausedUntil, type TokenDecision } from "../core/decide.ts";
import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { noGain } from "../core/gain.ts";
import type { FoundToken } from "../core/ports.ts";
import type { Mint, TokenRecord } from "../core/records.ts";
import { SecretText } from "../core/secret-text.ts";
import { adoptFirst } from "./adopt-held.ts";
import { type Base, chooseBase } from "./base.ts";
import { adoptFrom, look, PROVED_PER_LOOK_MAX, unknownOf } from "./look.ts";
import { newMint, orderOf, recordAnswer, send } from "./order.ts";
import { preflight } from "./preflight.ts";
import { traced } from "./traced.ts";
import { failToken } from "./trouble.ts";
import { LookAgain, type TokenWork, viewOfToken } from "./work.ts";

type Renew = Extract<TokenDecision, { do: "renew" }>;

/** Look, preflight, record the intent, ask: the steps up to a fresh token or to doubt. */
export async function ask(work: TokenWork, record: TokenRecord, decision: Renew): Promise<void> {
  const { engine, member } = work;
  if (decision.cause === "person" && (await endedWish(work, record))) return;
  const renewal = engine.random.hex(8);
  const token = member.declared.key;
  const started: DomainEvent = {
    type: "renewal:started",
    at: engine.clock.now(),
    token,
    renewal,
    cause: decision.cause,
    reason: decision.reason,
  };
  engine.trace?.about({ renewal });
  engine.emit(started);
  const found = await traced(engine, "renewd.look", {}, () =>
    look(engine, member, work.tenure, listingSince(work, record)),
  );
  if (decision.cause !== "anew" && (await adopted(work, record, found))) return;
  const base = await chooseBase(work, record, decision.cause, basesIn(found, record));
  await traced(engine, "renewd.preflight", {}, () => preflight(work, record, base.kind, decision.urgent));
  if (!(await stillWanted(work, record))) return;
  const secret = secretFor(work, base);
  const mint = newMint(work, { record, decision, base, renewal, secret, known: liveIn(found, engine.clock.now()) });
  const order = orderOf(work, mint, secret, base.token);
  await traced(engine, "renewd.request", {}, async () => {
    const answer = await send(work, order, () => recordIntent(work, mint, secret, decision, started));
    await recordAnswer(work, mint, order, answer);
  });
}

/**
 * What would gain nothing any more is not asked for. A token that was taken up since the wish is what that comes to; where
 * there is none (the settings ask for less by now) it failed.
 */
async function endedWish(work: TokenWork, record: TokenRecord): Promise<boolean> {
  const { engine, member, tenure } = work;
  const { wish, desired } = record;
  const error = noGain(viewOfToken(engine, member, record), wish?.lifetimeMs ?? null, engine.clock.now());
  if (wish === null || desired === null || error === undefined) return false;
  if (desired.acceptedAt >= wish.at) await tenure.changeToken({ wish: null });
  else await failToken(work, error, { wish: null });
  return true;
}

/** Whether what is there already was taken up, so that nothing is to be asked for. */
async function adopted(work: TokenWork, record: TokenRecord, found: readonly FoundToken[]): Promise<boolean> {
  const { engine, member, tenure } = work;
  const unknown = await unknownOf(engine, member, found);
  if (await adoptFrom(engine, member, record, tenure, unknown)) return true;
  // Among those that were not tried yet may be the one to adopt.
  if (unknown.length >= PROVED_PER_LOOK_MAX) {
    const left = await unknownOf(engine, member, found);
    if (left.some((each) => !unknown.includes(each))) throw new LookAgain(engine.clock.now());
  }
  return adoptFirst(work, record);
}

/** A list from before the newest acceptance or the last failure cannot tell what those made: what was refused may have been made all the same. */
function listingSince(work: TokenWork, { desired, trouble }: TokenRecord): Instant {
  return Math.max(work.listingSince, desired?.acceptedAt ?? 0, trouble === null ? 0 : trouble.last.at + 1);
}

/** What a person withdrew is a base only where there is no other. */
function basesIn(found: readonly FoundToken[], { withdrawn }: TokenRecord): readonly FoundToken[] {
  const others = found.filter((each) => !withdrawn.includes(each.fingerprint));
  return others.length === 0 ? found : others;
}

function liveIn(found: readonly FoundToken[], now: Instant): readonly string[] {
  return found.filter((each) => each.expAt > now).map((each) => each.fingerprint);
}

/** Where the secret is ours to choose it is sealed before it is sent, so that the same request can be made again. */
function secretFor({ engine, member }: TokenWork, { kind }: Base): SecretText | null {
  if (kind === "extend" || member.issuer.capabilities.secret !== "chosen") return null;
  return member.creation?.secret ?? new SecretText(engine.random.hex(SECRET_BYTES));
}

const SECRET_BYTES = 32;

/** Looked at again just before asking: a person may have paused it, a reload may have changed what is wanted. */
async function stillWanted(work: TokenWork, record: TokenRecord): Promise<boolean> {
  const { engine, member } = work;
  const now = await engine.state.token(member.declared.key);
  const current = engine.fleet().members.get(member.declared.key);
  if (now === undefined || current !== member) return false;
  return (
    pausedUntil(now.pause, engine.clock.now()) === undefined && now.desired?.fingerprint === record.desired?.fingerprint
  );
}

async function recordIntent(
  work: TokenWork,
  mint: Mint,
  secret: SecretText | null,
  decision: Renew,
  started: DomainEvent,
): Promise<void> {
  const { engine, member, tenure } = work;
  const token = member.declared.key;
  const at = engine.clock.now();
  const events: DomainEvent[] = [
    { type: "renewal:asked", at, token, renewal: mint.id, kind: mint.kind, lifetimeMs: mint.lifetimeMs },
  ];
  if (decision.windowOverridden)
    events.unshift({ type: "renewal:window-overridden", at, token, reason: decision.reason });
  await tenure.changeToken({ mint, ...(secret === null ? {} : { chosen: secret }), events: [started, ...events] });
  for (const event of events) engine.emit(event);
}
