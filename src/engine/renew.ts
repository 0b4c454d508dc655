import { decide, type TokenDecision, type TokenView } from "../core/decide.ts";
import { nextTokenConditionAt, tokenConditions } from "../core/conditions.ts";
import type { Instant } from "../core/duration.ts";
import type { TokenRecord } from "../core/records.ts";
import { HEARTBEAT_MS, scheduleOf } from "../core/schedule.ts";
import type { Agenda } from "../core/state-store.ts";
import { ask } from "./ask.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";
import { outlive, proveFresh } from "./prove.ts";
import { retire } from "./retire.ts";
import { retirementOf } from "./retiring.ts";
import { settle } from "./settle.ts";
import { heldUntil } from "./service.ts";
import { workUnderLease } from "./steps.ts";
import { tellConditions } from "./tell.ts";
import { traced } from "./traced.ts";
import { failToken } from "./trouble.ts";
import { type TokenWork, viewOfToken } from "./work.ts";

/** One token's worker: looks, asks, proves, until there is nothing to do now. */
export function workOnToken(engine: Engine, key: string, listingSince: Instant, stop: AbortSignal): Promise<void> {
  return workUnderLease(engine, { token: key, target: null }, stop, {
    async next(tenure) {
      const member = engine.fleet().members.get(key);
      const view = member === undefined ? undefined : await viewOf(engine, member);
      if (member === undefined || view === undefined) return undefined;
      if (view.record.mint !== null) engine.trace?.about({ renewal: view.record.mint.id });
      const decision = decide(view, engine.clock.now());
      if (decision.do === "wait") return { wait: () => agendaOf(engine, view, decision.until) };
      const token: TokenWork = { engine, member, tenure, listingSince };
      return { act: () => act(token, view.record, decision), fail: (error) => failToken(token, error) };
    },
    async agenda(waitUntil) {
      const member = engine.fleet().members.get(key);
      return agendaOf(engine, member === undefined ? undefined : await viewOf(engine, member), waitUntil);
    },
  });
}

async function act(
  work: TokenWork,
  record: TokenRecord,
  decision: Exclude<TokenDecision, { do: "wait" }>,
): Promise<void> {
  const { engine } = work;
  switch (decision.do) {
    case "renew":
      return ask(work, record, decision);
    case "settle":
      return traced(engine, "renewd.settle", {}, () => settle(work, record));
    case "verify":
      return traced(engine, "renewd.verify", {}, () => proveFresh(work, record));
    case "outlive":
      return outlive(work, record);
    case "retire":
      return traced(engine, "renewd.retire", {}, () => retire(work, record));
  }
}

async function viewOf(engine: Engine, member: Member): Promise<TokenView | undefined> {
  const record = await engine.state.token(member.declared.key);
  if (record === undefined) return undefined;
  const view = viewOfToken(engine, member, record);
  return { ...view, retireAt: (await retirementOf(engine, member, record))?.at ?? null };
}

async function agendaOf(engine: Engine, view: TokenView | undefined, waitUntil: Instant): Promise<Agenda> {
  const now = engine.clock.now();
  if (view === undefined) return { wakeAt: now + HEARTBEAT_MS, deadlineAt: null };
  const { desired, firstSeenAt } = view.record;
  // What no setting declares is nobody's to be alarmed about.
  if (engine.fleet().members.get(view.record.key)?.creation?.described === true)
    return { wakeAt: now + HEARTBEAT_MS, deadlineAt: null };
  const deadlineAt = desired === null ? null : scheduleOf(desired, view.pace).deadlineAt;
  const targets = await engine.state.targets(view.record.key);
  const issuer = { kind: "issuer", key: view.declared.issuer } as const;
  const held = view.record.trouble === null ? null : await heldUntil(engine, issuer);
  const tellAgainAt = await tellConditions(
    engine,
    { token: view.record.key, target: "" },
    tokenConditions({ ...view, heldUntil: held }, now, targets),
    deadlineAt,
  );
  const wakeAt = Math.min(
    waitUntil,
    now + HEARTBEAT_MS,
    nextTokenConditionAt(view, now, targets) ?? Infinity,
    tellAgainAt ?? Infinity,
  );
  return { wakeAt, deadlineAt: deadlineAt ?? firstSeenAt + view.declared.policy.repairMs };
}
