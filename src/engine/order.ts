/** One request to the issuer: what it asks for, sending it, and recording what came of it. */
import type { TokenDecision } from "../core/decide.ts";
import { formatInstant, type Instant, NEVER_AT } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { Issue } from "../core/issue.ts";
import type { MintAnswer, MintOrder } from "../core/ports.ts";
import type { Mint, TokenRecord } from "../core/records.ts";
import type { Fingerprint, SecretText } from "../core/secret-text.ts";
import type { Base } from "./base.ts";
import { throughBreaker } from "./service.ts";
import { failToken } from "./trouble.ts";
import type { TokenWork } from "./work.ts";

interface Intent {
  readonly record: TokenRecord;
  readonly decision: Extract<TokenDecision, { do: "renew" }>;
  readonly base: Base;
  readonly renewal: string;
  readonly secret: SecretText | null;
  /** Live tokens that the issuer listed. */
  readonly known: readonly Fingerprint[];
}

/** All that is needed to make the very same request again. */
export function newMint({ engine, member }: TokenWork, intent: Intent): Mint {
  const { record, decision, base, renewal, secret, known } = intent;
  const now = engine.clock.now();
  const wantedMs = record.wish?.lifetimeMs ?? member.declared.request.lifetimeMs;
  const expAt = member.creation?.expAt ?? Math.min(now + wantedMs, NEVER_AT);
  if (base.kind === "extend") refuseShortening(record, expAt);
  return {
    id: renewal,
    kind: base.kind,
    cause: decision.cause,
    baseId: base.issuerId,
    roles: base.roles,
    lifetimeMs: expAt - now,
    expAt,
    chosen: secret?.fingerprint ?? null,
    known,
    sentAt: now,
    settleAt: now + member.issuer.callLimitMs,
    lookedAt: null,
    fresh: null,
    told: null,
  };
}

/** An expiry that is set in place can be set back too. */
function refuseShortening({ desired }: TokenRecord, expAt: Instant): void {
  if (desired === null || expAt > desired.expAt) return;
  const until = `${formatInstant(expAt)}, but it lives until ${formatInstant(desired.expAt)} already`;
  throw new RenewdError("would_not_gain", `it would be extended until ${until}`, { sent: false });
}

export function orderOf(
  { member }: TokenWork,
  mint: Mint,
  secret: SecretText | null,
  base: SecretText | null,
): MintOrder {
  const { name, comment, request } = member.declared;
  const { kind, baseId, lifetimeMs, expAt, roles } = mint;
  return { kind, baseId, base, name, comment, request: { ...request, roles }, lifetimeMs, expAt, secret };
}

/** A request that was given up because the daemon stops says nothing of the issuer: it stays in doubt until the next start. */
export function send(work: TokenWork, order: MintOrder, record: () => Promise<void>): Promise<MintAnswer> {
  const { engine, member, tenure } = work;
  const ask = async (signal: AbortSignal): Promise<MintAnswer> => {
    const answer = await member.issuer.request(order, signal);
    if (answer.outcome === "unknown" && tenure.stopped) throw answer.error;
    return answer;
  };
  return throughBreaker(
    engine,
    { kind: "issuer", key: member.declared.issuer, call: "request" },
    () => tenure.call(member.issuer.callLimitMs, ask),
    { record, failureOf: (given) => (given.outcome === "minted" ? undefined : given.error) },
  );
}

export async function recordAnswer(work: TokenWork, mint: Mint, order: MintOrder, answer: MintAnswer): Promise<void> {
  switch (answer.outcome) {
    case "refused":
      return failToken(work, toRenewdError(answer.error), { mint: null });
    case "unknown":
      return recordDoubt(work, mint, toRenewdError(answer.error));
    case "minted":
      return recordMinted(work, mint, order, answer);
  }
}

export async function recordDoubt(work: TokenWork, mint: Mint, error: RenewdError): Promise<void> {
  const { code, message } = error;
  const at = work.engine.clock.now();
  await failToken(work, error, {
    events: [{ type: "renewal:in-doubt", at, token: work.member.declared.key, renewal: mint.id, code, message }],
  });
}

type Minted = Extract<MintAnswer, { outcome: "minted" }>;

/** An answer that brings a token we know already (a cache, an issuer that repeats itself) brought nothing; an extension has to bring its own. */
async function recordMinted(work: TokenWork, mint: Mint, order: MintOrder, answer: Minted): Promise<void> {
  const { engine, member, tenure } = work;
  const token = member.declared.key;
  const { fingerprint } = answer.token;
  const isExtension = mint.kind === "extend";
  if (isExtension ? fingerprint !== order.base?.fingerprint : (await engine.state.known(token)).has(fingerprint)) {
    const what = isExtension ? "is not the one that was to be extended" : "is known already";
    return failToken(
      work,
      new RenewdError("no_progress", `the issuer answered with the token ${fingerprint}, which ${what}`),
      { mint: null },
    );
  }
  const at = engine.clock.now();
  const fresh = freshIssue(mint, answer, engine.random.share());
  const told = { expAt: answer.expiresAt, scopes: answer.scopes };
  const event: DomainEvent = { type: "renewal:minted", at, token, renewal: mint.id, fingerprint };
  try {
    await tenure.changeToken({
      mint: { ...mint, fresh, told },
      // The text of an extension is sealed already: it is the one in use.
      ...(isExtension ? {} : { sealed: { fingerprint, token: answer.token } }),
      events: [event],
    });
  } catch (lost) {
    if (!isExtension) await engine.state.stray(token, fresh, answer.token, at);
    throw lost;
  }
  engine.emit(event);
}

/** Its times are provisional: nothing it says of itself is believed before it is verified. */
function freshIssue(mint: Mint, answer: Minted, u: number): Issue {
  const expAt: Instant = answer.expiresAt ?? mint.expAt;
  const issuerId = answer.issuerId ?? (mint.kind === "extend" ? mint.baseId : null);
  return { fingerprint: answer.token.fingerprint, issuerId, startAt: mint.sentAt, expAt, u };
}
