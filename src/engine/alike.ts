/** Tokens that are there already and will do for `create-token`. */
import type { Instant } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import { supersedes } from "../core/issue.ts";
import type { FoundToken, TokenClaims } from "../core/ports.ts";
import type { TokenRecord } from "../core/records.ts";
import type { Fingerprint, SecretText } from "../core/secret-text.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";
import { acceptedPart, adopt, issueOf, prove } from "./look.ts";
import { NotAdmitted, throughBreaker } from "./service.ts";
import { isSpent, otherOwners } from "./spoken-for.ts";
import { LeaseLost, Tenure } from "./tenure.ts";

const LEASE_EVERY_MS = 250;
const LEASE_TRIES_MAX = 240;

interface Looked {
  /** It is in use now. */
  readonly found: boolean;
  readonly warnings: readonly string[];
}

/** The token in use, if it lives, or one at the issuer that is the same in user, powers and comment. */
export async function existing(engine: Engine, member: Member, stop: AbortSignal): Promise<Looked> {
  return underTenure(engine, member, stop, async (tenure) => {
    const record = await recordOf(engine, member);
    const life = await lifeOf(engine, member, record, tenure);
    if (life === "lives") return { found: true, warnings: [] };
    if (life === "unproved") return { found: true, warnings: [UNPROVED] };
    try {
      for (const each of await alikeIn(engine, member, await listed(engine, member, tenure))) {
        if ((await unfitness(engine, member, record, each)) !== undefined) continue;
        if (await endsEarly(engine, member, each.fingerprint)) continue;
        if (await takeUp(engine, member, record, tenure, each)) return { found: true, warnings: [] };
      }
    } catch (thrown) {
      // Others' tokens are not shown to us; what renewd itself made it knows all the same.
      if (!(thrown instanceof RenewdError) || thrown.code !== "token_not_owned") throw thrown;
      return { found: false, warnings: [`tokens that renewd did not make could not be looked for: ${thrown.message}`] };
    }
    return { found: false, warnings: [] };
  });
}

const UNPROVED = "nobody could be asked whether it still lives; it did when it was verified";

interface Given {
  readonly secret: SecretText;
  /** See `CreationOrder.superuser`. */
  readonly superuser: boolean;
}

/**
 * Whether a token with this secret lives; then it is as described, else `token_differs` is thrown and says what is not.
 * Throws `usage` for a text that can be nobody's secret.
 */
export async function exists(
  engine: Engine,
  member: Member,
  { secret, superuser }: Given,
  stop: AbortSignal,
): Promise<"no" | "yes" | "in_use"> {
  return underTenure(engine, member, stop, async (tenure) => {
    const { issuer } = member;
    const inspection = await tenure.call(issuer.callLimitMs, (signal) => issuer.inspect(secret, signal));
    if (inspection.outcome === "unknown") throw inspection.error;
    if (inspection.outcome !== "proved") {
      if (/^[!-.0-~]{1,250}$/.test(secret.reveal())) return "no";
      throw new RenewdError("usage", `the given token is none that lives, and ${NO_SECRET}`, { sent: false });
    }
    refuseOther(member, inspection.claims, superuser);
    const record = await recordOf(engine, member);
    const { desired } = record;
    const text = desired === null ? undefined : await engine.state.unseal(member.declared.key, desired.fingerprint);
    if (text !== undefined && secretPartOf(text) === secretPartOf(secret)) return "in_use";
    const found = await foundWith(engine, member, tenure, secret);
    const fingerprint = found?.fingerprint ?? secret.fingerprint;
    await refuseOtherComment(engine, member, fingerprint);
    const startAt = inspection.claims.issuedAt ?? found?.startAt;
    await refuseUnfit(engine, member, record, { fingerprint, issuerId: found?.issuerId ?? null, startAt });
    return found !== undefined && (await takeUp(engine, member, record, tenure, found)) ? "in_use" : "yes";
  });
}

/** It is looked for among those that are alike; an issuer that does not list them to us can still be asked for it by its secret. */
async function foundWith(
  engine: Engine,
  member: Member,
  tenure: Tenure,
  secret: SecretText,
): Promise<FoundToken | undefined> {
  try {
    const found = await listed(engine, member, tenure);
    return found.find(({ token }) => secretPartOf(token) === secretPartOf(secret));
  } catch (thrown) {
    if (thrown instanceof RenewdError) return undefined;
    throw thrown;
  }
}

async function listed(engine: Engine, { declared, issuer }: Member, tenure: Tenure): Promise<readonly FoundToken[]> {
  const { name, request } = declared;
  const query = { name, request, notBefore: engine.clock.now() };
  try {
    return await throughBreaker(engine, { kind: "issuer", key: declared.issuer, call: "find" }, () =>
      tenure.call(issuer.callLimitMs, (signal) => issuer.find(query, signal)),
    );
  } catch (thrown) {
    if (!(thrown instanceof NotAdmitted)) throw thrown;
    throw new RenewdError("issuer_error", `it is not asked now: ${thrown.message}`, { cause: thrown });
  }
}

const NO_SECRET = "to make one with a secret of your own give the secret alone, without spaces and slashes";

/** `v2/uuid/secret` and `secret` are one token (Arvados, facts §1.3). */
export function secretPartOf(token: SecretText): string {
  return token.reveal().split("/")[2] ?? token.reveal();
}

/** The graver difference first: whose it is, then what it may do. */
function refuseOther({ declared, issuer }: Member, { subject, scopes }: TokenClaims, superuser: boolean): void {
  const account = declared.request.subject ?? issuer.account;
  const differs = (asSuperuser: string, words: string): RenewdError =>
    new RenewdError(
      "token_differs",
      superuser ? `Token exists but ${asSuperuser}.` : `the given token exists but ${words}`,
    );
  if (account !== null && subject !== account)
    throw differs("is not a superuser token", `is the token of ${subject ?? "nobody"}, not of ${account}`);
  const held = Object.keys(scopes ?? {}).sort();
  const wanted = declared.request.roles;
  if (held.length !== wanted.length || held.some((role, index) => role !== wanted[index]))
    throw differs(`has limited scope ${list(held)}`, `its scopes are ${list(held)}, not ${list(wanted)}`);
}

/** Without a comment said there is none to hold it against. */
async function refuseOtherComment(engine: Engine, member: Member, fingerprint: Fingerprint): Promise<void> {
  const wanted = member.declared.comment;
  const owners = await commentsOf(engine, member, fingerprint);
  if (wanted === null || owners.includes(wanted)) return;
  const held = owners[0] ?? null;
  throw new RenewdError(
    "token_differs",
    `the given token exists but its comment is ${quoted(held)}, not ${quoted(wanted)}`,
  );
}

function quoted(comment: string | null): string {
  return comment === null ? "none that is known" : JSON.stringify(comment);
}

function list(names: readonly string[]): string {
  return `[${names.map((name) => JSON.stringify(name)).join(", ")}]`.slice(0, 300);
}

/** With an issuer that cannot be asked, what was verified when it was made is handed out all the same: that may be an emergency. */
async function lifeOf(
  engine: Engine,
  member: Member,
  { desired }: TokenRecord,
  tenure: Tenure,
): Promise<"lives" | "unproved" | "none"> {
  if (desired === null || desired.expAt <= engine.clock.now()) return "none";
  const text = await engine.state.unseal(member.declared.key, desired.fingerprint);
  if (text === undefined) return "none";
  const { issuer } = member;
  const { outcome } = await tenure.call(issuer.callLimitMs, (signal) => issuer.inspect(text, signal));
  if (outcome === "refuted") return "none";
  return outcome === "proved" ? "lives" : "unproved";
}

/** Those with the same comment: the issuer's own, else what renewd knows of it. The one that lives longest comes first, then the oldest. */
async function alikeIn(engine: Engine, member: Member, found: readonly FoundToken[]): Promise<readonly FoundToken[]> {
  const { comment } = member.declared;
  const now = engine.clock.now();
  const alike: FoundToken[] = [];
  for (const each of found.filter(({ expAt }) => expAt > now)) {
    const comments = each.comment === null ? await commentsOf(engine, member, each.fingerprint) : [each.comment];
    const isByName = member.creation?.described === false && member.issuer.capabilities.lists;
    if (isByName || (comments.length === 0 ? comment === null : comments.includes(comment))) alike.push(each);
  }
  return alike.sort((a, b) => b.expAt - a.expAt || a.startAt - b.startAt);
}

/** The comments under which renewd knows a token; none when it does not know it. */
async function commentsOf(
  engine: Engine,
  { declared }: Member,
  fingerprint: Fingerprint,
): Promise<readonly (string | null)[]> {
  const owners = await engine.state.ownersOf(fingerprint);
  const described = await engine.state.described();
  return owners.flatMap((key) => {
    if (key === declared.key) return [declared.comment];
    const about = engine.fleet().members.get(key)?.declared ?? described.find((each) => each.about.key === key)?.about;
    return about === undefined ? [] : [about.comment];
  });
}

type Sort = Pick<FoundToken, "fingerprint"> & {
  readonly issuerId: string | null;
  /** Undefined where nobody tells. */
  readonly startAt: Instant | undefined;
};

/** Why a token cannot be the one in use, whatever it is; undefined when it can. */
async function unfitness(
  engine: Engine,
  member: Member,
  { desired }: TokenRecord,
  { fingerprint, issuerId, startAt }: Sort,
): Promise<string | undefined> {
  const { state, clock } = engine;
  const fate = (await state.known(member.declared.key)).get(fingerprint)?.fate;
  // What was not as the settings then said may be so now; it is proved anew.
  if (fate !== "foreign" && isSpent(fate)) return `is ${fate ?? ""}`;
  if (member.creation?.described !== false) return undefined;
  const [owner] = await otherOwners(engine, member, fingerprint);
  if (owner !== undefined) return `is that of ${owner.declared.key} in the settings`;
  // An older one would stay out of the targets that hold the newer, and be renewed in its place.
  const isOlder = startAt !== undefined && !supersedes({ startAt, issuerId }, desired);
  return isOlder && desired !== null && desired.expAt > clock.now()
    ? `a newer one is in use, ${desired.fingerprint}`
    : undefined;
}

async function refuseUnfit(engine: Engine, member: Member, record: TokenRecord, sort: Sort): Promise<void> {
  const why = await unfitness(engine, member, record, sort);
  if (why !== undefined) throw new RenewdError("token_differs", `the given token exists but ${why}`);
}

/** A declared token that is retired is ended by the next renewal, whoever else was given it. */
async function endsEarly(engine: Engine, member: Member, fingerprint: Fingerprint): Promise<boolean> {
  const owners = await otherOwners(engine, member, fingerprint);
  return owners.some(({ declared }) => declared.request.retire);
}

/** Not while a request is open: it would be forgotten. */
async function takeUp(
  engine: Engine,
  member: Member,
  record: TokenRecord,
  tenure: Tenure,
  found: FoundToken,
): Promise<boolean> {
  if (record.mint !== null) return false;
  const verdict = await prove(member, record, tenure, found, engine.clock.now());
  if (verdict.outcome !== "pass") return false;
  const issue = issueOf(found, verdict, engine.random.share());
  const accepted = { ...issue, ...acceptedPart(verdict, engine.clock.now()) };
  await adopt(engine, member, record, tenure, found.token, accepted, "issuer");
  return true;
}

async function recordOf({ state }: Engine, { declared }: Member): Promise<TokenRecord> {
  const record = await state.token(declared.key);
  if (record === undefined) throw new RenewdError("unknown_token", `no token ${declared.key} is known`);
  return record;
}

/** Waits a while for whoever works on the token. */
async function underTenure<T>(
  engine: Engine,
  { declared }: Member,
  stop: AbortSignal,
  use: (tenure: Tenure) => Promise<T>,
): Promise<T> {
  for (let tries = 0; tries < LEASE_TRIES_MAX; tries += 1) {
    const tenure = await Tenure.claim({ token: declared.key, target: null }, engine, stop);
    if (tenure === undefined && stop.aborted) break;
    if (tenure === undefined) {
      await new Promise<void>((resolve) => engine.clock.after(LEASE_EVERY_MS, resolve));
      continue;
    }
    try {
      return await use(tenure);
    } catch (thrown) {
      throw thrown instanceof LeaseLost ? beingWorkedOn(declared.key) : thrown;
    } finally {
      await tenure.end({ wakeAt: engine.clock.now(), deadlineAt: null });
    }
  }
  throw beingWorkedOn(declared.key);
}

function beingWorkedOn(key: string): RenewdError {
  return new RenewdError("state_locked", `${key} is being worked on, or the daemon is stopping; try again`);
}
