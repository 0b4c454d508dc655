import { type TokenDecision, pausedUntil } from "../core/decide.ts";
import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import { type Issue, newestOf } from "../core/issue.ts";
import type { FoundToken, MintAnswer, MintOrder } from "../core/ports.ts";
import type { Mint, TokenRecord } from "../core/records.ts";
import { adoptFirst } from "./adopt-held.ts";
import { adoptFrom, look, PROVED_PER_LOOK_MAX, unknownOf } from "./look.ts";
import { preflight } from "./preflight.ts";
import { LookAgain, type TokenWork } from "./work.ts";
import { throughBreaker } from "./service.ts";
import { failToken } from "./trouble.ts";

type Renew = Extract<TokenDecision, { do: "renew" }>;

/** Look, preflight, record the intent, ask: the steps up to a fresh token or to doubt. */
export async function ask(work: TokenWork, record: TokenRecord, decision: Renew): Promise<void> {
  const { engine, member, tenure } = work;
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
  engine.emit(started);
  const found = await look(engine, member, tenure, listingSince(work, record));
  const unknown = await unknownOf(engine, member, found);
  if (await adoptFrom(engine, member, record, tenure, unknown)) return;
  // Among those that were not tried yet may be the one to adopt.
  if (unknown.length >= PROVED_PER_LOOK_MAX) {
    const left = await unknownOf(engine, member, found);
    if (left.some((each) => !unknown.includes(each))) throw new LookAgain(engine.clock.now());
  }
  if (await adoptFirst(work, record)) return;
  const { kind, base } = chooseBase(work, record, decision, basesIn(found, record));
  await preflight(work, decision.urgent);
  if (!(await stillWanted(work, record))) return;
  const order = orderOf(work, record, kind, base);
  const mint = intentOf(work, decision, order, renewal, found);
  const answer = await throughBreaker(
    engine,
    { kind: "issuer", key: member.declared.issuer },
    () => tenure.call(member.issuer.callLimitMs, (signal) => send(work, order, signal)),
    {
      record: () => recordIntent(work, mint, decision, started),
      failureOf: (given) => (given.outcome === "minted" ? undefined : given.error),
    },
  );
  await recordAnswer(work, mint, answer);
}

/** A list from before the newest acceptance or the last failure cannot tell what those made: what was refused may have been made all the same. */
function listingSince(work: TokenWork, { desired, trouble }: TokenRecord): Instant {
  return Math.max(work.listingSince, desired?.acceptedAt ?? 0, trouble === null ? 0 : trouble.last.at + 1);
}

/** A request that was given up because the daemon stops says nothing of the issuer: it stays in doubt until the next start. */
async function send(work: TokenWork, order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
  const answer = await work.member.issuer.request(order, signal);
  if (answer.outcome === "unknown" && work.tenure.stopped) throw answer.error;
  return answer;
}

/** What a person withdrew is a base only where there is no other. */
function basesIn(found: readonly FoundToken[], { withdrawn }: TokenRecord): readonly FoundToken[] {
  const others = found.filter((each) => !withdrawn.includes(each.fingerprint));
  return others.length === 0 ? found : others;
}

/** Which token to renew from. One that lacks a role of the settings is no base: its renewal would lack it too. */
function chooseBase(
  work: TokenWork,
  record: TokenRecord,
  decision: Renew,
  found: readonly FoundToken[],
): { readonly kind: MintOrder["kind"]; readonly base: FoundToken | undefined } {
  const { declared, issuer } = work.member;
  const inUse = found.find((each) => each.fingerprint === record.desired?.fingerprint);
  const wanted = declared.request.roles;
  const hasAll = (each: FoundToken): boolean =>
    each.roles.length > 0 && wanted.every((role) => each.roles.includes(role));
  const fits = (each: FoundToken): boolean =>
    declared.create ? hasAll(each) && each.roles.length === wanted.length : hasAll(each);
  const mayRenew = decision.cause !== "roles";
  if (mayRenew && inUse !== undefined && inUse.roles.length > 0 && (fits(inUse) || !declared.create))
    return { kind: "renew", base: inUse };
  const base = mayRenew ? newestOf(found.filter(fits)) : undefined;
  if (base !== undefined) return { kind: "renew", base };
  if (declared.create || !issuer.capabilities.lists) return { kind: "mint", base: undefined };
  throw noBase(work, found);
}

function noBase(work: TokenWork, found: readonly FoundToken[]): RenewdError {
  const { declared } = work.member;
  if (found.length === 0) return new RenewdError("token_absent", `the issuer lists no token named ${declared.name}`);
  const wanted = declared.request.roles.join(", ");
  return new RenewdError("roles_unrecorded", `no token named ${declared.name} at the issuer has the roles ${wanted}`);
}

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

function orderOf(
  work: TokenWork,
  record: TokenRecord,
  kind: MintOrder["kind"],
  base: FoundToken | undefined,
): MintOrder {
  const { name, request } = work.member.declared;
  const lifetimeMs = record.wish?.lifetimeMs ?? request.lifetimeMs;
  return { kind, baseId: base?.issuerId ?? null, name, request, lifetimeMs };
}

function intentOf(
  work: TokenWork,
  decision: Renew,
  order: MintOrder,
  renewal: string,
  found: readonly FoundToken[],
): Mint {
  const now = work.engine.clock.now();
  const base = found.find((each) => each.issuerId === order.baseId);
  return {
    id: renewal,
    kind: order.kind,
    cause: decision.cause,
    baseId: order.baseId,
    roles: base?.roles ?? order.request.roles,
    lifetimeMs: order.lifetimeMs,
    known: found.filter((each) => each.expAt > now).map((each) => each.fingerprint),
    sentAt: now,
    settleAt: now + work.member.issuer.callLimitMs,
    lookedAt: null,
    fresh: null,
  };
}

async function recordIntent(work: TokenWork, mint: Mint, decision: Renew, started: DomainEvent): Promise<void> {
  const { engine, member, tenure } = work;
  const token = member.declared.key;
  const at = engine.clock.now();
  const events: DomainEvent[] = [
    { type: "renewal:asked", at, token, renewal: mint.id, kind: mint.kind, lifetimeMs: mint.lifetimeMs },
  ];
  if (decision.windowOverridden)
    events.unshift({ type: "renewal:window-overridden", at, token, reason: decision.reason });
  await tenure.changeToken({ mint, events: [started, ...events] });
  for (const event of events) engine.emit(event);
}

async function recordAnswer(work: TokenWork, mint: Mint, answer: MintAnswer): Promise<void> {
  const { engine, member } = work;
  const token = member.declared.key;
  const at = engine.clock.now();
  switch (answer.outcome) {
    case "refused":
      return failToken(work, toRenewdError(answer.error), { mint: null });
    case "unknown": {
      const { code, message } = toRenewdError(answer.error);
      return failToken(work, toRenewdError(answer.error), {
        events: [{ type: "renewal:in-doubt", at, token, renewal: mint.id, code, message }],
      });
    }
    case "minted":
      return recordMinted(work, mint, answer);
  }
}

/** An answer that brings a token we know already (a cache, an issuer that repeats itself) brought nothing. */
async function recordMinted(
  work: TokenWork,
  mint: Mint,
  answer: Extract<MintAnswer, { outcome: "minted" }>,
): Promise<void> {
  const { engine, member, tenure } = work;
  const token = member.declared.key;
  const { fingerprint } = answer.token;
  if ((await engine.state.known(token)).has(fingerprint)) {
    const error = new RenewdError(
      "no_progress",
      `the issuer answered with the token ${fingerprint}, which is known already`,
    );
    return failToken(work, error, { mint: null });
  }
  const at = engine.clock.now();
  const fresh = freshIssue(mint, answer, engine.random.share());
  const event: DomainEvent = { type: "renewal:minted", at, token, renewal: mint.id, fingerprint };
  try {
    await tenure.changeToken({
      mint: { ...mint, fresh },
      sealed: { fingerprint, token: answer.token },
      events: [event],
    });
  } catch (lost) {
    await engine.state.stray(token, fresh, answer.token, at);
    throw lost;
  }
  engine.emit(event);
}

/** Its times are provisional: nothing it says of itself is believed before it is verified. */
function freshIssue(mint: Mint, answer: Extract<MintAnswer, { outcome: "minted" }>, u: number): Issue {
  const expAt: Instant = answer.expiresAt ?? mint.sentAt + mint.lifetimeMs;
  return { fingerprint: answer.token.fingerprint, issuerId: answer.issuerId, startAt: mint.sentAt, expAt, u };
}
