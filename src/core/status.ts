/** What an operator is shown of each token and target, made from the recorded state alone. */
import { targetAdvice, tokenAdvice } from "./advice.ts";
import { isPast, targetConditions, tokenConditions } from "./conditions.ts";
import {
  decide,
  deliveriesPausedUntil,
  pausedUntil,
  type TokenDecision,
  type TokenView,
  waitsForPerson,
} from "./decide.ts";
import type { CreatedStatus } from "./created-status.ts";
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
  type TokenRecord,
  type Trouble,
} from "./records.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";
import type { Window } from "./policy.ts";
import { type Opening, openingsBetween } from "./windows.ts";
import { decideTarget, holdsWithdrawn, targetDeadlineAt, type TargetView } from "./target.ts";

/** A week of nightly ones. */
const WINDOWS_SHOWN = 7;

export type TokenState =
  | "ok"
  | "first"
  | "due"
  | "renewing"
  | "undelivered"
  | "delivered_in_part"
  | "in_doubt"
  | "waiting_for_person"
  | "verifying"
  | "failing"
  | "quarantined"
  | "paused"
  | "late"
  | "expired";

export type TargetState =
  | "ok"
  | "empty"
  | "behind"
  | "confirming"
  | "notifying"
  | "withdrawn"
  | "failing"
  | "drift"
  | "not_owned"
  | "late"
  | "expired";

export interface TokenStatus {
  readonly token: string;
  /** The name at the issuer. */
  readonly name: string;
  readonly issuer: string;
  /** What it is for, in the operator's words. */
  readonly comment: string | null;
  /** What alerts are routed by. */
  readonly labels: Readonly<Record<string, string>>;
  /** How long a fresh one is asked to live; null for one without an end. */
  readonly lifetimeMs: number | null;
  /** A fresh one has to expire later than this to be a gain; null where any will do. */
  readonly outliveAt: Instant | null;
  readonly state: TokenState;
  /** False when a person should look. */
  readonly ok: boolean;
  /** Null when the state is `ok`. */
  readonly advice: Advice | null;
  readonly next: Next;
  readonly newest: IssuedStatus | null;
  readonly previous: IssuedStatus | null;
  readonly schedule: Schedule | null;
  /** From the instant of its renewal on until it is urgent, the first of the windows in which it may start; none: at any time. */
  readonly windows: readonly Opening[];
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
  /** Null when the state is `ok`. */
  readonly advice: Advice | null;
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

/** Why something is in a state that is not `ok`, and what a person does about it. */
export interface Advice {
  readonly reason: string;
  readonly you: string;
}

export function tokenStatus(view: TokenView, targets: readonly TargetRecord[], now: Instant): TokenStatus {
  const { declared, record } = view;
  const decision = decide(view, now);
  const conditions = tokenConditions(view, now, targets);
  const shown = declared.targets.map((each) => {
    const found = targets.find((target) => target.label === each.label);
    return targetStatus(view, each, found ?? newTarget(declared.key, each.label, now), now);
  });
  const schedule = record.desired === null ? null : scheduleOf(record.desired, view.pace);
  const state = withTargets(stateOf(view, decision, conditions, now), record, shown);
  return {
    token: declared.key,
    name: declared.name,
    issuer: declared.issuer,
    comment: declared.comment,
    labels: declared.labels,
    lifetimeMs: Number.isFinite(declared.request.lifetimeMs) ? declared.request.lifetimeMs : null,
    outliveAt: revokes(view) ? null : (record.desired?.expAt ?? null),
    state,
    ok: isWell(conditions) && shown.every((target) => target.ok),
    advice: tokenAdvice(state, record, shown, conditions, now),
    next: nextOf(decision, pausedUntil(record.pause, now), record.pause),
    newest: issued(record.desired),
    // What a renewal revoked is no token any more.
    previous: view.issuer.overlap === "none" ? null : issued(record.previous),
    schedule,
    windows: schedule === null ? [] : windowsOf(declared.policy.windows, schedule, now),
    quarantined: record.quarantined,
    pause: pausedUntil(record.pause, now) === undefined ? null : record.pause,
    trouble: record.trouble,
    lastSuccessAt: record.lastSuccessAt,
    conditions,
    targets: shown,
  };
}

/** A renewal ends the token before at once, so that even a shorter life is a gain. */
function revokes({ issuer, declared }: TokenView): boolean {
  return issuer.overlap === "none" && declared.request.strategy === "replace";
}

function windowsOf(windows: readonly Window[], { renewAt, latestAt }: Schedule, now: Instant): readonly Opening[] {
  return openingsBetween(windows, Math.max(renewAt, now), latestAt, WINDOWS_SHOWN);
}

function targetStatus(
  view: TokenView,
  declared: TokenView["declared"]["targets"][number],
  record: TargetRecord,
  now: Instant,
): TargetStatus {
  const { desired, pause, withdrawn } = view.record;
  const targetView = { declared, record, desired, pause, withdrawn };
  const conditions = targetConditions(targetView, view.declared.policy.repairMs, now);
  const state = targetStateOf(targetView, conditions);
  return {
    target: declared.label,
    store: declared.store,
    state,
    ok: isWell(conditions),
    advice: targetAdvice(state, record, conditions, now),
    next: nextOf(decideTarget(targetView, now), deliveriesPausedUntil(pause, now), pause),
    held: record.held,
    delivery: record.delivery,
    drift: record.drift,
    deadlineAt: targetDeadlineAt(declared, record),
    trouble: record.trouble,
    conditions,
  };
}

/** When the renewal can start: by the schedule, or at the first window after that. */
export function renewalAt({ schedule, windows }: Pick<TokenStatus, "schedule" | "windows">): Instant | null {
  return schedule === null ? null : Math.max(schedule.renewAt, windows[0]?.opensAt ?? schedule.renewAt);
}

/** The gravest word that is true. */
function stateOf(view: TokenView, decision: TokenDecision, conditions: readonly Condition[], now: Instant): TokenState {
  const { record } = view;
  const has = (...reasons: readonly Condition["reason"][]): boolean =>
    conditions.some(({ reason }) => reasons.includes(reason));
  if (has("expired")) return "expired";
  if (has("deadline_missed", "paused_past_deadline", "late")) return "late";
  if (waitsForPerson(view, now)) return "waiting_for_person";
  if (record.quarantined !== null) return "quarantined";
  if (pausedUntil(record.pause, now) !== undefined) return "paused";
  if (record.mint !== null) return record.mint.fresh === null ? inDoubt(record.mint.settleAt, now) : "verifying";
  const schedule = record.desired === null ? null : scheduleOf(record.desired, view.pace);
  if (record.trouble !== null && !isPast(record, schedule, now)) return "failing";
  if (record.desired === null) return "first";
  return decision.do === "renew" ? "due" : "ok";
}

/** A token may be well while some target does not have it yet. */
function withTargets(
  state: TokenState,
  { desired }: Pick<TokenRecord, "desired">,
  targets: readonly TargetStatus[],
): TokenState {
  if (state !== "ok" || targets.every((target) => target.state === "ok")) return state;
  const holding = targets.filter(({ held }) => held?.fingerprint === desired?.fingerprint).length;
  return holding > 0 && holding < targets.length ? "delivered_in_part" : "undelivered";
}

function inDoubt(settleAt: Instant, now: Instant): TokenState {
  return now < settleAt ? "renewing" : "in_doubt";
}

function targetStateOf(view: TargetView, conditions: readonly Condition[]): TargetState {
  const { record, desired } = view;
  const has = (reason: Condition["reason"]): boolean => conditions.some((condition) => condition.reason === reason);
  if (has("expired")) return "expired";
  if (has("not_owned")) return "not_owned";
  if (has("deadline_missed") || has("never_delivered")) return "late";
  if (holdsWithdrawn(view)) return "withdrawn";
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
  paused: Instant | undefined,
  pause: Pause | null,
): Next {
  if (paused !== undefined) return { action: "paused", at: pause?.until ?? null, reason: decision.reason };
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
  /** Every alert channel of the settings. */
  readonly channels: readonly ChannelStatus[];
  readonly tokens: readonly TokenStatus[];
  /** What `create-token` made and no setting declares. */
  readonly created: readonly CreatedStatus[];
}

/** An issuer or a store that is failing. */
export interface ServiceStatus {
  readonly kind: "issuer" | "store";
  readonly key: string;
  readonly failures: number;
  readonly code: string | null;
  readonly probeAt: Instant | null;
}

/** How an alert channel fares. */
export interface ChannelStatus {
  readonly channel: string;
  readonly type: string;
  /** In a row. */
  readonly failures: number;
  /** Of the last failure, while it fails. */
  readonly code: string | null;
  readonly message: string | null;
  readonly nextTryAt: Instant | null;
  /** When it last took what it was told; null before that. */
  readonly lastSuccessAt: Instant | null;
}
