import { CALLS_PER_HOUR_ONE, CALLS_PER_HOUR_SERVICE } from "../../src/core/backoff.ts";
import type { IncidentReason } from "../../src/core/incidents.ts";
import type { Host } from "./host.ts";
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
  for (const token of world.tokens) {
    for (const berth of token.berths) {
      void berth.place.seen;
      berth.reader.judge(now);
    }
    await tokenAtEnd(world, token, now);
  }
  for (const incident of await world.state.incidents()) {
    if (LASTING.has(incident.reason)) continue;
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

async function tokenAtEnd(world: World, token: SimToken, now: number): Promise<void> {
  const { key, name } = token.declared;
  const record = await world.state.token(key);
  const known = await world.state.known(key);
  if (record === undefined) return world.break(`${key}: it has no record`);
  // Without a list nobody can know of what a lost answer would have told.
  for (const row of token.issuer.capabilities.lists ? token.issuer.rowsOf(name) : []) {
    if (row.asked && row.expAt > now && !known.has(row.fingerprint))
      world.break(`${key}: minted and forgotten: ${row.id}`);
  }
  const { desired, mint } = record;
  if (desired === null || desired.expAt <= now) return world.break(`${key}: no live token is known`);
  if (mint !== null && mint.settleAt < now) world.break(`${key}: a mint of ${iso(mint.sentAt)} is still open`);
  for (const { declared, reader } of token.berths) {
    const row = token.issuer.rowOf(reader.text ?? "");
    if (row?.fingerprint !== desired.fingerprint)
      world.break(`${key}/${declared.label}: holds ${row?.id ?? reader.text ?? "nothing"}, not the newest`);
  }
}
