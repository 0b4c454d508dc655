import { CALLS_PER_HOUR_ONE, CALLS_PER_HOUR_SERVICE } from "../../src/core/backoff.ts";
import type { Incident, IncidentReason } from "../../src/core/incidents.ts";
import type { Host } from "./host.ts";
import { isLive } from "./ledger.ts";
import type { TokenRecord } from "../../src/core/records.ts";
import { UNBROKEN_MS } from "./oracle.ts";
import type { SimToken } from "./sim-token.ts";
import type { Truth } from "./truth.ts";
import { iso, type World } from "./world.ts";

/** These tell of the newest token itself and end with the next one. */
const LASTING: ReadonlySet<IncidentReason> = new Set(["lifetime_capped", "scopes_gained"]);
/** Calls that were let through together when a service began to fail. */
const AT_ONCE = 20;

/** Long after the last fault everything must be as it should be; what is not is noted as broken. */
export async function brokenAtEnd(world: World, host: Host, truth: Truth): Promise<void> {
  const now = truth.now();
  const incidents = await world.state.incidents();
  const leftAlone = new Set(incidents.filter((each) => isOfRemovedTarget(world, each)).map(({ token }) => token));
  for (const token of world.tokens) {
    for (const berth of token.berths) {
      void berth.place.seen;
      berth.reader.judge(now);
    }
    await tokenAtEnd(world, token, leftAlone.has(token.declared.key), now);
  }
  for (const incident of incidents) {
    if (LASTING.has(incident.reason) || isOfRemovedTarget(world, incident)) continue;
    world.break(
      `${incident.token}/${incident.target}: the incident ${incident.reason} is still open: ${incident.message}`,
    );
  }
  for (const [key, { mostAtOnce, failingCalls }] of world.issuers) {
    if (mostAtOnce > 1) world.break(`${key}: ${mostAtOnce} requests for one token at once`);
    if (failingCalls.most > CALLS_PER_HOUR_SERVICE + AT_ONCE)
      world.break(`${key}: ${failingCalls.most} calls within an hour of failing`);
  }
  for (const [key, { failingCalls }] of world.stores) {
    if (failingCalls.most > CALLS_PER_HOUR_SERVICE + AT_ONCE)
      world.break(`${key}: ${failingCalls.most} calls within an hour of failing`);
  }
  for (const issuer of world.issuers.values()) {
    for (const [name, { most }] of issuer.failingCallsOf) {
      if (most > CALLS_PER_HOUR_ONE + 2) world.break(`${name}: ${most} calls within an hour of failing`);
    }
  }
  if (!host.isSound) world.break("the host is not sound at the end");
}

/** An old token that a target holds which is declared no more is not ended before it expires: somebody may still read it there. */
function isOfRemovedTarget(world: World, { token: key, reason, message }: Incident): boolean {
  const label = /target \S+\/(\S+) has/.exec(message)?.[1];
  const token = world.tokens.find(({ declared }) => declared.key === key);
  if (reason !== "not_retired" || label === undefined || token === undefined) return false;
  return !token.berths.some(({ declared }) => declared.label === label);
}

async function tokenAtEnd(world: World, token: SimToken, isLeftAlone: boolean, now: number): Promise<void> {
  const { key, name } = token.declared;
  const record = await world.state.token(key);
  const known = await world.state.known(key);
  if (record === undefined) return world.break(`${key}: it has no record`);
  const { lists, secret } = token.issuer.capabilities;
  // Without a list, and without a secret of one's own, nobody can know of what a lost answer would have told.
  const since = lists ? 0 : secret === "chosen" ? world.stateSince : Infinity;
  for (const row of token.issuer.rowsOf(name)) {
    if (row.asked && isLive(row, now) && row.issuedAt >= since && !known.has(row.fingerprint))
      world.break(`${key}: minted and forgotten: ${row.id}`);
  }
  const { desired, mint } = record;
  if (desired === null || desired.expAt <= now) return world.break(`${key}: no live token is known`);
  if (mint !== null && mint.settleAt < now) world.break(`${key}: a mint of ${iso(mint.sentAt)} is still open`);
  for (const { declared, reader } of token.berths) {
    const row = token.issuer.rowOf(reader.text ?? "");
    if (row?.fingerprint !== desired.fingerprint)
      world.break(`${key}/${declared.label}: holds ${row?.id ?? reader.text ?? "nothing"}, not the newest`);
    else if (row.endedAt !== null) world.break(`${key}/${declared.label}: holds ${row.id}, which was ended`);
  }
  if (!isLeftAlone) notRetiredAtEnd(world, token, record, now);
}

/** Everything is well since long: nobody can use the token before the newest any more. */
function notRetiredAtEnd(world: World, token: SimToken, record: TokenRecord, now: number): void {
  const { key, request, targets } = token.declared;
  const { desired, previous, retiring } = record;
  if (!request.retire || desired === null) return;
  const left = previous?.origin === "minted" ? [...retiring, previous] : retiring;
  const uselessAt =
    desired.acceptedAt + UNBROKEN_MS + Math.max(...targets.map((each) => each.holdMs + each.propagationMs));
  if (now > Math.max(uselessAt, token.changedAt) + 2 * UNBROKEN_MS && left.some(({ expAt }) => expAt > now))
    world.break(`${key}: a token before the newest was not ended`);
}
