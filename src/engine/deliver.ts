import { nextTargetConditionAt, targetConditions } from "../core/conditions.ts";
import type { Instant } from "../core/duration.ts";
import { toRenewdError } from "../core/errors.ts";
import { HEARTBEAT_MS } from "../core/schedule.ts";
import type { TargetRecord } from "../core/records.ts";
import type { Agenda, Job } from "../core/state-store.ts";
import { decideTarget, type TargetDecision, targetDeadlineAt, type TargetView } from "../core/target.ts";
import type { Engine } from "./engine.ts";
import type { Berth, Member } from "./fleet.ts";
import { observe } from "./observe.ts";
import { NotAdmitted } from "./service.ts";
import { tellConditions } from "./tell.ts";
import { LeaseLost, Tenure } from "./tenure.ts";
import { failTarget } from "./target-trouble.ts";
import { confirm, notify, write } from "./write.ts";

const STEPS_PER_CLAIM_MAX = 12;

/** One target's worker. A dead target holds up nothing but itself. */
export interface TargetWork {
  readonly engine: Engine;
  readonly member: Member;
  readonly berth: Berth;
  readonly tenure: Tenure;
  readonly listingSince: Instant;
  readonly stop: AbortSignal;
}

/** Not there yet, and nothing is wrong: look again at `at`. */
export class LookAgain extends Error {
  readonly at: Instant;

  constructor(at: Instant) {
    super("look again later");
    this.name = "LookAgain";
    this.at = at;
  }
}

/** Claims the target, takes steps until there is nothing to do now, notes when to look again. Never throws. */
export async function workOnTarget(
  engine: Engine,
  job: Job & { readonly target: string },
  listingSince: Instant,
  stop: AbortSignal,
): Promise<void> {
  const tenure = await Tenure.claim(job, engine, stop);
  if (tenure === undefined) return;
  const member = engine.fleet().members.get(job.token);
  const berth = member?.berths.find((each) => each.declared.label === job.target);
  if (member === undefined || berth === undefined) {
    return tenure.end({ wakeAt: engine.clock.now() + HEARTBEAT_MS, deadlineAt: null });
  }
  const work: TargetWork = { engine, member, berth, tenure, listingSince, stop };
  try {
    const waitUntil = await takeSteps(work);
    await tenure.end(await agendaOf(work, waitUntil));
  } catch (thrown) {
    if (!(thrown instanceof LeaseLost)) throw thrown;
    engine.emit({ type: "lease:lost", at: engine.clock.now(), resource: `${job.token}/${job.target}` });
    await tenure.end({ wakeAt: engine.clock.now(), deadlineAt: null });
  }
}

async function takeSteps(work: TargetWork): Promise<Instant> {
  const { engine } = work;
  for (let step = 0; step < STEPS_PER_CLAIM_MAX; step += 1) {
    const view = await targetViewOf(work);
    if (view === undefined) break;
    const decision = decideTarget(view, engine.clock.now());
    if (decision.do === "wait") return decision.until;
    try {
      await act(work, view.record, decision);
    } catch (thrown) {
      if (thrown instanceof LeaseLost) throw thrown;
      if (thrown instanceof NotAdmitted) return thrown.until;
      if (thrown instanceof LookAgain) return thrown.at;
      await failTarget(work, toRenewdError(thrown));
    }
  }
  return engine.clock.now() + 60_000;
}

async function act(work: TargetWork, record: TargetRecord, decision: TargetDecision): Promise<void> {
  switch (decision.do) {
    case "observe":
      await observe(work, record);
      return;
    case "deliver":
      return write(work, record);
    case "confirm":
      return confirm(work, record);
    case "notify":
      return notify(work, record);
    case "wait":
      return;
  }
}

async function targetViewOf(work: TargetWork): Promise<TargetView | undefined> {
  const { engine, member, berth } = work;
  const token = await engine.state.token(member.declared.key);
  const targets = await engine.state.targets(member.declared.key);
  const record = targets.find((each) => each.label === berth.declared.label);
  if (token === undefined || record === undefined) return undefined;
  return { declared: berth.declared, record, desired: token.desired, pause: token.pause };
}

async function agendaOf(work: TargetWork, waitUntil: Instant): Promise<Agenda> {
  const { engine, member, berth } = work;
  const now = engine.clock.now();
  const view = await targetViewOf(work);
  if (view === undefined) return { wakeAt: now + HEARTBEAT_MS, deadlineAt: null };
  const { repairMs } = member.declared.policy;
  const deadlineAt = targetDeadlineAt(berth.declared, view.record);
  const subject = { token: member.declared.key, target: berth.declared.label };
  const tellAgainAt = await tellConditions(engine, subject, targetConditions(view, repairMs, now), deadlineAt);
  const changesAt = nextTargetConditionAt(view, repairMs, now);
  const wakeAt = Math.min(waitUntil, now + HEARTBEAT_MS, changesAt ?? Infinity, tellAgainAt ?? Infinity);
  return { wakeAt, deadlineAt: deadlineAt ?? view.record.firstSeenAt + repairMs };
}
