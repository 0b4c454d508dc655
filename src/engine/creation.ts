/** `create-token`: one token at a person's word, by the very steps that renewals go. */
import type { Created, CreationOrder } from "../core/control.ts";
import { type Instant, MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError } from "../core/errors.ts";
import { isRepeatable, type TokenRecord } from "../core/records.ts";
import { type Breaker, probeNow } from "../core/breaker.ts";
import { pausedUntil, retryFrom } from "../core/decide.ts";
import { SecretText } from "../core/secret-text.ts";
import { existing, exists, secretPartOf } from "./alike.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";
import { handOut, handOutUnrecorded, type Outcome } from "./hand-out.ts";
import { workOnToken } from "./renew.ts";

const LOOK_EVERY_MS = 250;
const LOOK_MOST_MS = 5_000;
/** A failure that is tried again sooner than this is waited for. */
const PATIENCE_MS: number = 10 * SECOND_MS;
/** However long the issuer's own limit is, nobody waits longer. */
const LIMIT_MS: number = 10 * MINUTE_MS;

/** Throws what `Control.createToken` says. */
export async function createToken(engine: Engine, order: CreationOrder, stop: AbortSignal): Promise<Created> {
  try {
    return await createRecorded(engine, order, stop);
  } catch (thrown) {
    const isStateFull = thrown instanceof RenewdError && thrown.code === "state_unwritable";
    const kept =
      isStateFull && order.reuse && order.secret === null ? await handOutUnrecorded(engine, order) : undefined;
    if (kept === undefined) throw thrown;
    return kept;
  }
}

async function createRecorded(engine: Engine, order: CreationOrder, stop: AbortSignal): Promise<Created> {
  const member = await memberOf(engine, order);
  const alone: Engine = { ...engine, fleet: () => withMember(engine, member) };
  await letProbe(alone, member);
  const before = await engine.state.token(member.declared.key);
  const begun = isBegun(before, order) && (await goOn(alone, member, stop));
  // What an extension under way moves is no new token.
  const isMade = begun && order.secret === null && before?.mint?.kind !== "extend";
  const told: Outcome = isMade ? { outcome: "made", warnings: [] } : await oneOf(alone, member, order, stop);
  return handOut(alone, member, order, { ...told, warnings: [...spareOf(before, member), ...told.warnings] });
}

/** One that is there already, else a new one. */
async function oneOf(engine: Engine, member: Member, order: CreationOrder, stop: AbortSignal): Promise<Outcome> {
  const { secret, reuse, superuser } = order;
  const there = secret === null ? "no" : await exists(engine, member, { secret, superuser }, stop);
  if (there === "in_use") return { outcome: "given", warnings: [] };
  const looked = secret === null && reuse ? await existing(engine, member, stop) : { found: false, warnings: [] };
  if (looked.found) return { outcome: "reused", warnings: looked.warnings };
  await make(engine, member, order, stop);
  // Of a secret that exists the issuer is asked for the same: the answer is the token that has it.
  return { outcome: there === "yes" ? "given" : "made", warnings: looked.warnings };
}

/** A wish that came to nothing ends with the call: what is left of it is in its error. */
async function make(engine: Engine, member: Member, order: CreationOrder, stop: AbortSignal): Promise<void> {
  const { key } = member.declared;
  const at = engine.clock.now();
  const lifetimeMs = order.expAt === null ? null : order.expAt - at;
  const event: DomainEvent = { type: "person:asked", at, token: key, what: "create-token" };
  await engine.state.ask(key, at, { wish: { at, lifetimeMs, anew: true }, events: [event] });
  engine.emit(event);
  await letProbe(engine, member);
  await engine.state.free({ token: key }, at);
  try {
    await finish(engine, member, stop);
  } catch (thrown) {
    const record = await engine.state.token(key);
    if (record?.mint === null && record.wish?.at === at)
      await engine.state.ask(key, engine.clock.now(), { wish: null });
    throw thrown;
  }
}

/** A person waits for the answer: the issuer may be tried although it failed before. */
async function letProbe({ state, clock }: Engine, { declared }: Member): Promise<void> {
  const now = clock.now();
  await state.changeBreaker({ kind: "issuer", key: declared.issuer }, (breaker) => ({
    breaker: probeNow(breaker, now),
    answer: undefined,
  }));
}

async function memberOf(engine: Engine, { of, expAt, secret }: CreationOrder): Promise<Member> {
  const fleet = engine.fleet();
  const member = of.kind === "declared" ? fleet.members.get(of.token) : fleet.describe(of);
  if (member === undefined) throw new RenewdError("unknown_token", `no token ${nameOf(of)} is declared`);
  if (secret !== null && member.issuer.capabilities.secret !== "chosen")
    throw new RenewdError("usage", "this kind of issuer makes the secret itself; leave --token and --token-file out", {
      sent: false,
    });
  if (of.kind === "described") {
    const { key, issuer, name, comment, request } = member.declared;
    const { subject, roles } = request;
    await engine.state.describe({ key, issuer, name, comment, subject, roles }, engine.clock.now());
  }
  const bare = secret === null ? null : new SecretText(secretPartOf(secret));
  return { ...member, creation: { secret: bare, expAt, described: of.kind === "described" } };
}

function nameOf(of: CreationOrder["of"]): string {
  return of.kind === "declared" ? of.token : (of.name ?? "");
}

function withMember(engine: Engine, member: Member): ReturnType<Engine["fleet"]> {
  const fleet = engine.fleet();
  return { ...fleet, members: new Map([...fleet.members, [member.declared.key, member]]) };
}

/** An earlier call was cut off before its end, or is still under way: what it asked for is what this one gets. */
function isBegun(record: TokenRecord | undefined, { reuse, secret }: CreationOrder): boolean {
  if (record === undefined) return false;
  return record.mint !== null || (record.wish?.anew === true && !reuse && secret === null);
}

/** Where nothing tells what a lost request made, it is asked for again. */
function spareOf(before: TokenRecord | undefined, { issuer }: Member): readonly string[] {
  const mint = before?.mint ?? null;
  if (mint === null || mint.fresh !== null || isRepeatable(mint) || issuer.capabilities.lists) return [];
  return ["the answer to an earlier call was lost, so there may be one more at the issuer that nobody has"];
}

/** That what was begun came to nothing is no reason not to begin anew. True when it made a token. */
async function goOn(engine: Engine, member: Member, stop: AbortSignal): Promise<boolean> {
  await engine.state.free({ token: member.declared.key }, engine.clock.now());
  try {
    await finish(engine, member, stop);
    return true;
  } catch (thrown) {
    if ((await engine.state.token(member.declared.key))?.mint !== null) throw thrown;
    return false;
  }
}

/** Works on it until a new one was accepted. Throws what went wrong, when that will not be mended soon. */
async function finish(engine: Engine, { declared }: Member, stop: AbortSignal): Promise<void> {
  const { clock, state } = engine;
  const { key, issuer } = declared;
  const begunAt = clock.now();
  for (let pauseMs = LOOK_EVERY_MS; ; pauseMs = Math.min(2 * pauseMs, LOOK_MOST_MS)) {
    refusePaused(await state.token(key), clock.now());
    await workOnToken(engine, key, begunAt, stop);
    const record = await state.token(key);
    if (record === undefined) throw new RenewdError("unknown_token", `${key} is gone`);
    if (record.mint === null && record.wish === null) return failedSince(record, begunAt);
    refuseToWait(record, await state.breaker({ kind: "issuer", key: issuer }), clock.now());
    if (stop.aborted || clock.now() - begunAt > LIMIT_MS)
      throw new RenewdError("outcome_unknown", "it is not done yet; the same call again goes on with it");
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
  }
}

function refusePaused(record: TokenRecord | undefined, now: Instant): void {
  if (record !== undefined && pausedUntil(record.pause, now) !== undefined)
    throw new RenewdError("token_paused", `${record.key} is paused, and no token that lives is kept to hand out`);
}

function failedSince({ trouble }: TokenRecord, since: Instant): void {
  if (trouble !== null && trouble.last.at >= since) throw new RenewdError(trouble.last.code, trouble.last.message);
}

/** What is still in doubt stays recorded; the same call again settles it, and makes nothing twice. */
function refuseToWait({ trouble, mint, calls }: TokenRecord, { probeAt, failedCode }: Breaker, now: Instant): void {
  const again = mint === null ? "" : "; the same call again settles what it made";
  if (trouble !== null && (retryFrom(trouble, calls, now) ?? now) - now > PATIENCE_MS)
    throw new RenewdError(trouble.last.code, `${trouble.last.message}${again}`);
  if (trouble === null && probeAt !== null && probeAt - now > PATIENCE_MS)
    throw new RenewdError(failedCode ?? "issuer_error", `the issuer is failing, so it is not asked now${again}`);
}
