import { nextTargetConditionAt, targetConditions } from "../core/conditions.ts";
import type { Instant } from "../core/duration.ts";
import { HEARTBEAT_MS } from "../core/schedule.ts";
import type { TargetRecord } from "../core/records.ts";
import type { Agenda, Job } from "../core/state-store.ts";
import { decideTarget, type TargetDecision, targetDeadlineAt, type TargetView } from "../core/target.ts";
import type { Engine } from "./engine.ts";
import type { Berth, Member } from "./fleet.ts";
import { observe } from "./observe.ts";
import { heldUntil } from "./service.ts";
import { workUnderLease } from "./steps.ts";
import { tellConditions } from "./tell.ts";
import { traced } from "./traced.ts";
import { failTarget } from "./target-trouble.ts";
import type { TargetWork } from "./work.ts";
import { confirm, notify, write } from "./write.ts";

/** One target's worker: observes, writes, confirms, tells, until there is nothing to do now. A dead target holds up nothing but itself. */
export function workOnTarget(
  engine: Engine,
  job: Job & { readonly target: string },
  listingSince: Instant,
  stop: AbortSignal,
): Promise<void> {
  return workUnderLease(engine, job, stop, {
    async next(tenure) {
      const berth = berthOf(engine, job);
      const view = berth === undefined ? undefined : await viewOf(engine, berth);
      if (berth === undefined || view === undefined) return undefined;
      if (view.desired !== null) engine.trace?.about({ issue: view.desired.fingerprint });
      const decision = decideTarget(view, engine.clock.now());
      if (decision.do === "wait") return { wait: () => agendaOf(engine, berth, view, decision.until) };
      const target: TargetWork = { engine, ...berth, tenure, listingSince, stop };
      return { act: () => act(target, view.record, decision), fail: (error) => failTarget(target, error) };
    },
    async agenda(waitUntil) {
      const berth = berthOf(engine, job);
      return agendaOf(engine, berth, berth === undefined ? undefined : await viewOf(engine, berth), waitUntil);
    },
  });
}

interface Moored {
  readonly member: Member;
  readonly berth: Berth;
}

/** The target as the settings in force declare it. */
function berthOf(engine: Engine, job: Job): Moored | undefined {
  const member = engine.fleet().members.get(job.token);
  const berth = member?.berths.find((each) => each.declared.label === job.target);
  return member === undefined || berth === undefined ? undefined : { member, berth };
}

async function act(
  work: TargetWork,
  record: TargetRecord,
  decision: Exclude<TargetDecision, { do: "wait" }>,
): Promise<void> {
  const { engine } = work;
  switch (decision.do) {
    case "observe":
      await traced(engine, "renewd.observe", {}, () => observe(work, record));
      return;
    case "deliver":
      return traced(engine, "renewd.deliver", {}, () => write(work, record));
    case "confirm":
      return traced(engine, "renewd.confirm", {}, () => confirm(work, record));
    case "notify":
      return traced(engine, "renewd.notify", {}, () => notify(work, record));
  }
}

async function viewOf(engine: Engine, { member, berth }: Moored): Promise<TargetView | undefined> {
  const token = await engine.state.token(member.declared.key);
  const targets = await engine.state.targets(member.declared.key);
  const record = targets.find((each) => each.label === berth.declared.label);
  if (token === undefined || record === undefined) return undefined;
  const { desired, pause, withdrawn } = token;
  return { declared: berth.declared, record, desired, pause, withdrawn };
}

async function agendaOf(
  engine: Engine,
  moored: Moored | undefined,
  view: TargetView | undefined,
  waitUntil: Instant,
): Promise<Agenda> {
  const now = engine.clock.now();
  if (moored === undefined || view === undefined) return { wakeAt: now + HEARTBEAT_MS, deadlineAt: null };
  const { member, berth } = moored;
  const { repairMs } = member.declared.policy;
  const deadlineAt = targetDeadlineAt(berth.declared, view.record);
  const subject = { token: member.declared.key, target: berth.declared.label };
  const store = { kind: "store", key: berth.declared.store } as const;
  const held = view.record.trouble === null ? null : await heldUntil(engine, store);
  const conditions = targetConditions({ ...view, heldUntil: held }, repairMs, now);
  const tellAgainAt = await tellConditions(engine, subject, conditions, deadlineAt);
  const changesAt = nextTargetConditionAt(view, repairMs, now);
  const wakeAt = Math.min(waitUntil, now + HEARTBEAT_MS, changesAt ?? Infinity, tellAgainAt ?? Infinity);
  return { wakeAt, deadlineAt: deadlineAt ?? view.record.firstSeenAt + repairMs };
}
