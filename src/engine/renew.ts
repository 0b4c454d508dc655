import { decide, type TokenDecision, type TokenView } from "../core/decide.ts";
import { nextTokenConditionAt, tokenConditions } from "../core/conditions.ts";
import type { Instant } from "../core/duration.ts";
import { toRenewdError } from "../core/errors.ts";
import type { TokenRecord } from "../core/records.ts";
import { HEARTBEAT_MS, scheduleOf } from "../core/schedule.ts";
import type { Agenda } from "../core/state-store.ts";
import { ask } from "./ask.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";
import { outlive, proveFresh } from "./prove.ts";
import { NotAdmitted } from "./service.ts";
import { settle } from "./settle.ts";
import { tellConditions } from "./tell.ts";
import { LeaseLost, Tenure } from "./tenure.ts";
import { failToken } from "./trouble.ts";
import { LookAgain, type TokenWork } from "./work.ts";

/** A renewal has four steps; more than this in one claim means that something does not move. */
const STEPS_PER_CLAIM_MAX = 12;
const OUT_OF_STEPS_MS = 60_000;

/** Claims the token, takes steps until there is nothing to do now, notes when to look again. Never throws. */
export async function workOnToken(
  engine: Engine,
  key: string,
  listingSince: Instant,
  stop: AbortSignal,
): Promise<void> {
  const tenure = await Tenure.claim({ token: key, target: null }, engine, stop);
  if (tenure === undefined) return;
  try {
    const waitUntil = await takeSteps(engine, key, tenure, listingSince);
    await tenure.end(await agendaOf(engine, key, waitUntil));
  } catch (thrown) {
    if (!(thrown instanceof LeaseLost)) throw thrown;
    engine.emit({ type: "lease:lost", at: engine.clock.now(), resource: key });
    await tenure.end({ wakeAt: engine.clock.now(), deadlineAt: null });
  }
}

/** Each step sees the settings in force: a reload between two steps changes what is wanted. */
async function takeSteps(engine: Engine, key: string, tenure: Tenure, listingSince: Instant): Promise<Instant> {
  for (let step = 0; step < STEPS_PER_CLAIM_MAX; step += 1) {
    const member = engine.fleet().members.get(key);
    const view = member === undefined ? undefined : await viewOf(engine, member);
    if (member === undefined || view === undefined) return engine.clock.now() + HEARTBEAT_MS;
    const decision = decide(view, engine.clock.now());
    if (decision.do === "wait") return decision.until;
    const work: TokenWork = { engine, member, tenure, listingSince };
    try {
      await act(work, view.record, decision);
    } catch (thrown) {
      if (thrown instanceof LeaseLost) throw thrown;
      if (thrown instanceof NotAdmitted) return thrown.until;
      if (thrown instanceof LookAgain) return thrown.at;
      await failToken(work, toRenewdError(thrown));
    }
  }
  return engine.clock.now() + OUT_OF_STEPS_MS;
}

async function act(work: TokenWork, record: TokenRecord, decision: TokenDecision): Promise<void> {
  switch (decision.do) {
    case "renew":
      return ask(work, record, decision);
    case "settle":
      return settle(work, record);
    case "verify":
      return proveFresh(work, record);
    case "outlive":
      return outlive(work, record);
    case "wait":
      return;
  }
}

export async function viewOf(engine: Engine, member: Member): Promise<TokenView | undefined> {
  const record = await engine.state.token(member.declared.key);
  if (record === undefined) return undefined;
  return { declared: member.declared, record, pace: member.pace, clockTrusted: engine.watch.trusted };
}

/** Tells what is wrong, and works out when time alone will change anything. */
async function agendaOf(engine: Engine, key: string, waitUntil: Instant): Promise<Agenda> {
  const now = engine.clock.now();
  const member = engine.fleet().members.get(key);
  const view = member === undefined ? undefined : await viewOf(engine, member);
  if (view === undefined) return { wakeAt: now + HEARTBEAT_MS, deadlineAt: null };
  const { desired, firstSeenAt } = view.record;
  const deadlineAt = desired === null ? null : scheduleOf(desired, view.pace).deadlineAt;
  const tellAgainAt = await tellConditions(
    engine,
    { token: view.record.key, target: "" },
    tokenConditions(view, now),
    deadlineAt,
  );
  const wakeAt = Math.min(
    waitUntil,
    now + HEARTBEAT_MS,
    nextTokenConditionAt(view, now) ?? Infinity,
    tellAgainAt ?? Infinity,
  );
  return { wakeAt, deadlineAt: deadlineAt ?? firstSeenAt + view.declared.policy.repairMs };
}
