import { CALLS_PER_HOUR_ONE, withCall } from "../core/backoff.ts";
import { deliveriesPausedUntil } from "../core/decide.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError } from "../core/errors.ts";
import type { AcceptedIssue, TargetRecord } from "../core/records.ts";
import type { TargetChange } from "../core/state-store.ts";
import { LookAgain, type TargetWork } from "./work.ts";
import { fingerprintOf, observe } from "./observe.ts";
import { STORE_CALL_LIMIT_MS } from "./preflight.ts";
import { throughBreaker } from "./service.ts";
import { settleIfLast } from "./settled.ts";

const CONFIRM_LEAST_MS = 1_000;
const CONFIRM_MOST_MS = 60_000;

/**
 * Observes, then stages, reads back and promotes the desired token with the precondition from that same look. That the
 * token is desired and sealed was recorded before, so after a crash the same write is simply made again.
 */
export async function write(work: TargetWork, record: TargetRecord): Promise<void> {
  const { engine, member, berth, tenure } = work;
  const { key } = member.declared;
  const seen = await observe(work, record);
  const token = await engine.state.token(key);
  const desired = token?.desired ?? null;
  if (token === undefined || desired === null) return;
  if (deliveriesPausedUntil(token.pause, engine.clock.now()) !== undefined) return;
  if (fingerprintOf(seen.observation) === desired.fingerprint) {
    // What readers have had for long was only extended: there is nothing to tell them.
    const wasThere = record.held?.fingerprint === desired.fingerprint && desired.origin === "extended";
    return done(work, desired, wasThere ? "confirmed" : "written");
  }
  if (!seen.mayWrite) {
    const owner = seen.observation.owner === "other" ? "marked as somebody else's" : "not a token of ours";
    throw new RenewdError("store_not_owned", `what it holds is ${owner}; nothing was written`);
  }
  const text = await engine.state.unseal(key, desired.fingerprint);
  if (text === undefined) {
    const isDesired = (await engine.state.token(key))?.desired?.fingerprint === desired.fingerprint;
    if (isDesired) throw new TypeError("a desired issue without its sealed token");
    return;
  }
  const { version } = seen.observation;
  const adopt = record.ownership === "granted";
  await throughBreaker(engine, { kind: "store", key: berth.declared.store, call: "write" }, () =>
    tenure.call(STORE_CALL_LIMIT_MS, (signal) => berth.place.write(text, { version, adopt, signal })),
  );
  const at = engine.clock.now();
  const { fingerprint, expAt } = desired;
  const event: DomainEvent = { type: "target:delivered", at, token: key, target: record.label, fingerprint, expAt };
  await tenure.changeTarget({ delivery: { phase: "written", fingerprint, at }, ownership: "ours", events: [event] });
  engine.emit(event);
}

/** A stale read inside `propagation` is no failure and causes no second write. */
export async function confirm(work: TargetWork, record: TargetRecord): Promise<void> {
  const { engine, member, berth, tenure } = work;
  const { delivery } = record;
  if (delivery === null) return;
  const observation = await throughBreaker(engine, { kind: "store", key: berth.declared.store, call: "observe" }, () =>
    tenure.call(STORE_CALL_LIMIT_MS, (signal) => berth.place.observe(signal)),
  );
  const token = await engine.state.token(member.declared.key);
  if (token?.desired?.fingerprint !== delivery.fingerprint) return;
  if (fingerprintOf(observation) === delivery.fingerprint) return done(work, token.desired, "written");
  const now = engine.clock.now();
  const visibleBy = delivery.at + berth.declared.propagationMs;
  if (now < visibleBy && delivery.at <= now) {
    const pauseMs = Math.min(Math.max(berth.declared.propagationMs / 10, CONFIRM_LEAST_MS), CONFIRM_MOST_MS);
    throw new LookAgain(Math.min(visibleBy, now + pauseMs));
  }
  // The look counts as a call of this try, beside those that every failure counts.
  await tenure.changeTarget({
    delivery: null,
    observedAt: now,
    calls: withCall(record.calls, now, CALLS_PER_HOUR_ONE),
  });
  throw new RenewdError("store_not_visible", "the token that was written is not what readers see");
}

/** At least once per target and issue; the hook gets both as its idempotency key. */
export async function notify(work: TargetWork, record: TargetRecord): Promise<void> {
  const { engine, member, berth, tenure } = work;
  const { reload } = berth.declared;
  const desired = (await engine.state.token(member.declared.key))?.desired;
  // A newer token became desired meanwhile: it is delivered first, and the hook told of that one.
  if (desired === undefined || desired === null || desired.fingerprint !== record.delivery?.fingerprint) return;
  if (reload !== null) {
    const { fingerprint } = desired;
    await tenure.call(reload.timeoutMs, async (signal) => {
      const env = await reloadEnvironment(work, fingerprint, signal);
      await engine.fleet().commands.run(reload.command, env, reload.timeoutMs, signal);
    });
    const event: DomainEvent = {
      type: "target:reloaded",
      at: engine.clock.now(),
      token: record.token,
      target: record.label,
      fingerprint,
    };
    engine.emit(event);
  }
  await done(work, desired, "confirmed");
}

async function reloadEnvironment(
  work: TargetWork,
  fingerprint: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const { engine, member, berth } = work;
  const env: Record<string, string> = {
    RENEWD_TOKEN: member.declared.key,
    RENEWD_TARGET: berth.declared.label,
    RENEWD_FINGERPRINT: fingerprint,
    RENEWD_IDEMPOTENCY_KEY: `${member.declared.key}/${berth.declared.label}/${fingerprint}`,
  };
  for (const [name, value] of Object.entries(berth.declared.reload?.env ?? {})) {
    env[name] = typeof value === "string" ? value : (await engine.fleet().readSecret(value, signal)).reveal();
  }
  return env;
}

/** The target was proved to hold the desired token (and its hook was told): the delivery is over, or goes on to the hook. */
async function done(work: TargetWork, desired: AcceptedIssue, after: "written" | "confirmed"): Promise<void> {
  const { engine, member, berth, tenure } = work;
  const at = engine.clock.now();
  const token = member.declared.key;
  const { label, reload } = berth.declared;
  const { fingerprint, expAt } = desired;
  const record = (await engine.state.targets(token)).find((each) => each.label === label);
  const sinceAt = record?.held?.fingerprint === fingerprint ? record.held.sinceAt : at;
  const { issuerId, startAt, u } = desired;
  const held = { fingerprint, issuerId, startAt, expAt, u, sinceAt, provedAt: at };
  const hookLeft = reload !== null && after === "written";
  const event: DomainEvent = { type: "target:proved", at, token, target: label, fingerprint, expAt };
  const change: TargetChange = {
    held,
    ownership: "ours",
    drift: null,
    observedAt: at,
    delivery: hookLeft ? { phase: "confirmed", fingerprint, at } : null,
    trouble: null,
    calls: [],
    events: [event],
  };
  await tenure.changeTarget(change);
  engine.emit(event);
  if (!hookLeft) await settleIfLast(work, desired);
}
