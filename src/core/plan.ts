/** What each token would do next, when and why, with the arithmetic of its deadline. */
import { cautionsOf } from "./cautions.ts";
import { decide, openingFrom, pausedUntil, type TokenDecision, type TokenView, waitsForPerson } from "./decide.ts";
import { formatDuration, formatInstant, type Instant } from "./duration.ts";
import { lifetimeMs } from "./issue.ts";
import { leewayMs, needMs, scheduleOf } from "./schedule.ts";

export interface PlanEntry {
  readonly token: string;
  readonly name: string;
  readonly action: string;
  /** When it happens: now, or the instant the token waits for; null for one that waits for a person. */
  readonly at: Instant | null;
  readonly reason: string;
  /** Of the token in use, as the four after it. */
  readonly startAt: Instant | null;
  readonly floorAt: Instant | null;
  readonly renewAt: Instant | null;
  readonly latestAt: Instant | null;
  readonly deadlineAt: Instant | null;
  readonly expAt: Instant | null;
  /** One line of arithmetic each, for people. */
  readonly arithmetic: readonly string[];
  /** Where the promise is less than it looks. */
  readonly cautions: readonly string[];
}

export function planEntry(view: TokenView, now: Instant): PlanEntry {
  const { declared, record, pace } = view;
  const decision = decide(view, now);
  const schedule = record.desired === null ? null : scheduleOf(record.desired, pace);
  return {
    token: declared.key,
    name: declared.name,
    action: actionOf(view, decision.do, now),
    at: atOf(view, decision, now),
    reason: decision.reason,
    startAt: record.desired?.startAt ?? null,
    floorAt: schedule?.floorAt ?? null,
    renewAt: schedule === null ? null : openingFrom(view, Math.max(schedule.renewAt, now), schedule.latestAt),
    latestAt: schedule?.latestAt ?? null,
    deadlineAt: schedule?.deadlineAt ?? null,
    expAt: record.desired?.expAt ?? null,
    arithmetic: arithmeticOf(view),
    cautions: cautionsOf(declared, view.issuer),
  };
}

function actionOf(view: TokenView, next: TokenDecision["do"], now: Instant): string {
  const { record } = view;
  if (pausedUntil(record.pause, now) !== undefined) return "paused";
  if (waitsForPerson(view, now)) return "waiting_for_person";
  if (next !== "wait") return next;
  if (record.mint === null) return "renew";
  return record.mint.fresh === null ? "settle" : "verify";
}

function atOf(view: TokenView, decision: TokenDecision, now: Instant): Instant | null {
  const { record } = view;
  if (pausedUntil(record.pause, now) !== undefined) return record.pause?.until ?? null;
  if (waitsForPerson(view, now)) return null;
  return decision.do === "wait" ? decision.until : now;
}

function arithmeticOf(view: TokenView): readonly string[] {
  const { record, pace, declared } = view;
  const issue = record.desired;
  if (issue === null) return ["no token is known yet: the first one is made or adopted at once"];
  const life = lifetimeMs(issue);
  const { renewAt, latestAt, floorAt, deadlineAt } = scheduleOf(issue, pace);
  const needs = declared.targets.map(
    (target) =>
      `${target.label} needs ${formatDuration(needMs(target, life))} = hold ${formatDuration(target.holdMs)} + propagation ${formatDuration(target.propagationMs)} + leeway ${formatDuration(leewayMs(life))}`,
  );
  return [
    `issued ${formatInstant(issue.startAt)} for ${formatDuration(life)}, expires ${formatInstant(issue.expAt)}`,
    ...needs,
    `deadline ${formatInstant(deadlineAt)} = expiry - the greatest need`,
    `latest ${formatInstant(latestAt)} = deadline - repair (${formatDuration(deadlineAt - latestAt)})`,
    `renewal ${formatInstant(renewAt)}, not before ${formatInstant(floorAt)}; its jitter was drawn once (u = ${issue.u.toFixed(3)})`,
  ];
}
