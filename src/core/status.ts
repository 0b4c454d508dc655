/** What an operator is shown of each token and target, made from the recorded state alone. */
import { isPast, targetConditions, tokenConditions } from "./conditions.ts";
import { decide, pausedUntil, type TokenDecision, type TokenView } from "./decide.ts";
import type { Instant } from "./duration.ts";
import type { Condition } from "./incidents.ts";
import {
  type AcceptedIssue,
  type Delivery,
  type Held,
  newTarget,
  type Pause,
  type QuarantinedIssue,
  type TargetRecord,
  type Trouble,
} from "./records.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";
import { decideTarget, targetDeadlineAt } from "./target.ts";

export type TokenState =
  | "ok"
  | "first"
  | "due"
  | "renewing"
  | "undelivered"
  | "in_doubt"
  | "verifying"
  | "failing"
  | "quarantined"
  | "paused"
  | "late"
  | "expired";

export type TargetState =
  "ok" | "empty" | "behind" | "confirming" | "notifying" | "failing" | "drift" | "not_owned" | "late" | "expired";

export interface TokenStatus {
  readonly token: string;
  /** The name at the issuer. */
  readonly name: string;
  readonly issuer: string;
  readonly state: TokenState;
  /** False when a person should look. */
  readonly ok: boolean;
  readonly next: Next;
  readonly newest: IssuedStatus | null;
  readonly previous: IssuedStatus | null;
  readonly schedule: Schedule | null;
  readonly quarantined: QuarantinedIssue | null;
  readonly pause: Pause | null;
  readonly trouble: Trouble | null;
  readonly lastSuccessAt: Instant | null;
  readonly conditions: readonly Condition[];
  readonly targets: readonly TargetStatus[];
}

export interface IssuedStatus {
  readonly fingerprint: string;
  readonly issuerId: string | null;
  readonly startAt: Instant;
  readonly expAt: Instant;
  readonly roles: readonly string[];
  readonly origin: AcceptedIssue["origin"];
}

export interface TargetStatus {
  readonly target: string;
  readonly store: string;
  readonly state: TargetState;
  readonly ok: boolean;
  readonly next: Next;
  readonly held: Held | null;
  readonly delivery: Delivery | null;
  readonly drift: TargetRecord["drift"];
  readonly deadlineAt: Instant | null;
  readonly trouble: Trouble | null;
  readonly conditions: readonly Condition[];
}

/** What happens next by itself: now (`at` null) or at an instant, and why. */
export interface Next {
  readonly action: string;
  readonly at: Instant | null;
  readonly reason: string;
}

export function tokenStatus(view: TokenView, targets: readonly TargetRecord[], now: Instant): TokenStatus {
  const { declared, record } = view;
  const decision = decide(view, now);
  const conditions = tokenConditions(view, now);
  const shown = declared.targets.map((each) => {
    const found = targets.find((target) => target.label === each.label);
    return targetStatus(view, each, found ?? newTarget(declared.key, each.label, now), now);
  });
  return {
    token: declared.key,
    name: declared.name,
    issuer: declared.issuer,
    state: withTargets(stateOf(view, decision, conditions, now), shown),
    ok: isWell(conditions) && shown.every((target) => target.ok),
    next: nextOf(decision, record.pause, now),
    newest: issued(record.desired),
    previous: issued(record.previous),
    schedule: record.desired === null ? null : scheduleOf(record.desired, view.pace),
    quarantined: record.quarantined,
    pause: pausedUntil(record.pause, now) === undefined ? null : record.pause,
    trouble: record.trouble,
    lastSuccessAt: record.lastSuccessAt,
    conditions,
    targets: shown,
  };
}

function targetStatus(
  view: TokenView,
  declared: TokenView["declared"]["targets"][number],
  record: TargetRecord,
  now: Instant,
): TargetStatus {
  const { desired, pause } = view.record;
  const targetView = { declared, record, desired, pause };
  const conditions = targetConditions(targetView, view.declared.policy.repairMs, now);
  return {
    target: declared.label,
    store: declared.store,
    state: targetStateOf(record, desired, conditions),
    ok: isWell(conditions),
    next: nextOf(decideTarget(targetView, now), pause, now),
    held: record.held,
    delivery: record.delivery,
    drift: record.drift,
    deadlineAt: targetDeadlineAt(declared, record),
    trouble: record.trouble,
    conditions,
  };
}

/** The gravest word that is true. */
function stateOf(view: TokenView, decision: TokenDecision, conditions: readonly Condition[], now: Instant): TokenState {
  const { record } = view;
  const has = (...reasons: readonly Condition["reason"][]): boolean =>
    conditions.some(({ reason }) => reasons.includes(reason));
  if (has("expired")) return "expired";
  if (has("deadline_missed", "paused_past_deadline", "late")) return "late";
  if (record.quarantined !== null) return "quarantined";
  if (pausedUntil(record.pause, now) !== undefined) return "paused";
  if (record.mint !== null) return record.mint.fresh === null ? inDoubt(record.mint.settleAt, now) : "verifying";
  const schedule = record.desired === null ? null : scheduleOf(record.desired, view.pace);
  if (record.trouble !== null && !isPast(record, schedule, now)) return "failing";
  if (record.desired === null) return "first";
  return decision.do === "renew" ? "due" : "ok";
}

/** A token may be well while some target does not have it yet. */
function withTargets(state: TokenState, targets: readonly TargetStatus[]): TokenState {
  return state === "ok" && targets.some((target) => target.state !== "ok") ? "undelivered" : state;
}

function inDoubt(settleAt: Instant, now: Instant): TokenState {
  return now < settleAt ? "renewing" : "in_doubt";
}

function targetStateOf(
  record: TargetRecord,
  desired: AcceptedIssue | null,
  conditions: readonly Condition[],
): TargetState {
  const has = (reason: Condition["reason"]): boolean => conditions.some((condition) => condition.reason === reason);
  if (has("expired")) return "expired";
  if (has("not_owned")) return "not_owned";
  if (has("deadline_missed") || has("never_delivered")) return "late";
  if (record.trouble !== null) return "failing";
  if (record.drift !== null) return "drift";
  if (record.delivery !== null) return record.delivery.phase === "written" ? "confirming" : "notifying";
  if (record.held === null) return "empty";
  return desired === null || record.held.fingerprint === desired.fingerprint ? "ok" : "behind";
}

/** What only informs needs nobody. */
function isWell(conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => condition.severity === "info");
}

function nextOf(
  decision: { readonly do: string; readonly reason: string; readonly until?: Instant },
  pause: Pause | null,
  now: Instant,
): Next {
  const isPaused = pausedUntil(pause, now) !== undefined;
  if (isPaused) return { action: "paused", at: pause?.until ?? null, reason: decision.reason };
  return { action: decision.do, at: decision.until ?? null, reason: decision.reason };
}

function issued(issue: AcceptedIssue | null): IssuedStatus | null {
  if (issue === null) return null;
  const { fingerprint, issuerId, startAt, expAt, scopes, origin } = issue;
  return { fingerprint, issuerId, startAt, expAt, roles: Object.keys(scopes).sort(), origin };
}

/** What the whole daemon looks like. */
export interface StatusReport {
  readonly at: Instant;
  readonly ok: boolean;
  /** Null before the first. */
  readonly lastSweepAt: Instant | null;
  /** What is wrong with the daemon itself: refused settings, a clock that leapt. */
  readonly daemon: readonly Condition[];
  readonly services: readonly ServiceStatus[];
  readonly tokens: readonly TokenStatus[];
}

/** An issuer or a store that is failing. */
export interface ServiceStatus {
  readonly kind: "issuer" | "store";
  readonly key: string;
  readonly failures: number;
  readonly code: string | null;
  readonly probeAt: Instant | null;
}
