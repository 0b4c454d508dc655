import { nextTargetConditionAt, targetConditions } from "../core/conditions.ts";
import type { Instant } from "../core/duration.ts";
import { toRenewdError } from "../core/errors.ts";
import { HEARTBEAT_MS } from "../core/schedule.ts";
import type { TargetRecord } from "../core/records.ts";
import type { Agenda, Job } from "../core/state-store.ts";
import { decideTarget, type TargetDecision, targetDeadlineAt, type TargetView } from "../core/target.ts";
import type { Engine } from "./engine.ts";
import { observe } from "./observe.ts";
import { NotAdmitted } from "./service.ts";
import { tellConditions } from "./tell.ts";
import { LeaseLost, Tenure } from "./tenure.ts";
import { failTarget } from "./target-trouble.ts";
import { LookAgain, type TargetWork } from "./work.ts";
import { confirm, notify, write } from "./write.ts";

const STEPS_PER_CLAIM_MAX = 12;
const OUT_OF_STEPS_MS = 60_000;

/** Claims the target, takes steps until there is nothing to do now, notes when to look again. Never throws. */
export async function workOnTarget(
  engine: Engine,
  job: Job & { readonly target: string },
  listingSince: Instant,
  stop: AbortSignal,
): Promise<void> {
  const tenure = await Tenure.claim(job, engine, stop);
  if (tenure === undefined) return;
  const workNow = (): TargetWork | undefined => {
    const member = engine.fleet().members.get(job.token);
    const berth = member?.berths.find((each) => each.declared.label === job.target);
    return member === undefined || berth === undefined
      ? undefined
      : { engine, member, berth, tenure, listingSince, stop };
  };
  try {
    const waitUntil = await takeSteps(engine, workNow);
    await tenure.end(await agendaOf(engine, workNow(), waitUntil));
  } catch (thrown) {
    if (!(thrown instanceof LeaseLost)) throw thrown;
    engine.emit({ type: "lease:lost", at: engine.clock.now(), resource: `${job.token}/${job.target}` });
    await tenure.end({ wakeAt: engine.clock.now(), deadlineAt: null });
  }
}

/** Each step sees the settings in force: a reload between two steps changes what is wanted. */
async function takeSteps(engine: Engine, workNow: () => TargetWork | undefined): Promise<Instant> {
  for (let step = 0; step < STEPS_PER_CLAIM_MAX; step += 1) {
    const work = workNow();
    const view = work === undefined ? undefined : await targetViewOf(work);
    if (work === undefined || view === undefined) return engine.clock.now() + HEARTBEAT_MS;
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
  return engine.clock.now() + OUT_OF_STEPS_MS;
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

async function agendaOf(engine: Engine, work: TargetWork | undefined, waitUntil: Instant): Promise<Agenda> {
  const now = engine.clock.now();
  const view = work === undefined ? undefined : await targetViewOf(work);
  if (work === undefined || view === undefined) return { wakeAt: now + HEARTBEAT_MS, deadlineAt: null };
  const { member, berth } = work;
  const { repairMs } = member.declared.policy;
  const deadlineAt = targetDeadlineAt(berth.declared, view.record);
  const subject = { token: member.declared.key, target: berth.declared.label };
  const tellAgainAt = await tellConditions(engine, subject, targetConditions(view, repairMs, now), deadlineAt);
  const changesAt = nextTargetConditionAt(view, repairMs, now);
  const wakeAt = Math.min(waitUntil, now + HEARTBEAT_MS, changesAt ?? Infinity, tellAgainAt ?? Infinity);
  return { wakeAt, deadlineAt: deadlineAt ?? view.record.firstSeenAt + repairMs };
}
