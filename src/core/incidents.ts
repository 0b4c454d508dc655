import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "./duration.ts";

export type IncidentReason =
  | "late"
  | "deadline_missed"
  | "expired"
  | "issuer_failing"
  | "token_absent"
  | "target_failing"
  | "never_delivered"
  | "quarantined"
  | "roles_lost"
  | "outcome_unknown"
  | "no_progress"
  | "lifetime_capped"
  | "scopes_gained"
  | "roles_differ"
  | "not_retired"
  | "drift"
  | "not_owned"
  | "paused_past_deadline"
  | "settings_refused"
  | "clock_skewed"
  | "scheduler_stalled"
  | "daemon_absent"
  | "channel_failing"
  | "state_failing";

/** From the least to the gravest. */
export const SEVERITIES = ["info", "warning", "critical"] as const;

export type Severity = (typeof SEVERITIES)[number];

/** Something that is not well right now, as the recorded state shows it. */
export interface Condition {
  readonly reason: IncidentReason;
  readonly severity: Severity;
  /** Why: one or two sentences on what is wrong, and since when. */
  readonly message: string;
  /** What renewd does next by itself, and when. */
  readonly next: string;
  /** What a person can do. */
  readonly action: string;
  /** From when on readers get less than they need; null where no reader is in danger by it. */
  readonly dangerAt: Instant | null;
  /** When what readers have expires; null where that is not known or of no matter. */
  readonly expAt: Instant | null;
}

/** What an incident is about; with the reason it is the dedup key, so alert channels stay the same over renewals. */
export interface Subject {
  /** "" for the daemon itself. */
  readonly token: string;
  /** "" where the reason concerns the token as a whole. */
  readonly target: string;
}

export interface Incident extends Condition, Subject {
  readonly openedAt: Instant;
  readonly tellAgainAt: Instant;
  readonly toldTimes: number;
}

export interface IncidentChanges {
  readonly opened: readonly Incident[];
  readonly repeated: readonly Incident[];
  readonly resolved: readonly Incident[];
  /** Open as before, and to be read otherwise by now: recorded, and told to nobody for that. */
  readonly reworded?: readonly Incident[];
}

const REPEAT_LEAST_MS: number = 15 * MINUTE_MS;
const WEEK_MS: number = 7 * DAY_MS;
/** What merely is so and threatens no deadline: told daily in the first week, then weekly. */
export const STEADY: ReadonlySet<IncidentReason> = new Set([
  "lifetime_capped",
  "scopes_gained",
  "roles_differ",
  "not_retired",
]);
const DAILY_TIMES = 7;

/**
 * Holds what is wrong now against what was told before: opened once, repeated at growing urgency as the deadline nears,
 * resolved when over. A restart changes nothing, for the open incidents are persisted. A message that merely changed is kept
 * up to date and told by nobody; a graver severity is told at once, a milder one with the next repetition.
 */
export function reconcile(
  subject: Subject,
  open: readonly Incident[],
  conditions: readonly Condition[],
  deadlineAt: Instant | null,
  now: Instant,
): Required<IncidentChanges> {
  const opened: Incident[] = [];
  const repeated: Incident[] = [];
  const reworded: Incident[] = [];
  for (const condition of conditions) {
    const told = open.find((incident) => incident.reason === condition.reason);
    const toldTimes = (told?.toldTimes ?? 0) + 1;
    const tellAgainAt = now + pauseMs(condition, toldTimes, deadlineAt, now);
    if (told === undefined) {
      opened.push({ ...subject, ...condition, openedAt: now, tellAgainAt, toldTimes });
    } else if (isGraver(condition, told) || now >= told.tellAgainAt || told.tellAgainAt > now + longestMs(condition)) {
      repeated.push({ ...told, ...condition, tellAgainAt, toldTimes });
    } else if (!readsTheSame(condition, told)) {
      reworded.push({ ...told, ...condition, severity: told.severity });
    }
  }
  const resolved = open.filter((incident) => !conditions.some((condition) => condition.reason === incident.reason));
  return { opened, repeated, resolved, reworded };
}

/**
 * A quarter of what is left, so that reminders come closer together as the deadline does. Once all has expired, hurry saves
 * nothing any more: hourly for a day, then daily.
 */
function pauseMs(condition: Condition, toldTimes: number, deadlineAt: Instant | null, now: Instant): number {
  const { reason, expAt } = condition;
  if (STEADY.has(reason)) return toldTimes < DAILY_TIMES ? DAY_MS : WEEK_MS;
  if (expAt !== null && now >= expAt) return now - expAt < DAY_MS ? HOUR_MS : DAY_MS;
  const quarterMs = deadlineAt === null ? DAY_MS : (deadlineAt - now) / 4;
  return Math.round(Math.min(Math.max(quarterMs, REPEAT_LEAST_MS), DAY_MS));
}

function longestMs({ reason }: Condition): number {
  return STEADY.has(reason) ? WEEK_MS : DAY_MS;
}

function readsTheSame(a: Condition, b: Condition): boolean {
  return (
    a.message === b.message &&
    a.next === b.next &&
    a.action === b.action &&
    a.dangerAt === b.dangerAt &&
    a.expAt === b.expAt
  );
}

export function isGraver(a: Pick<Condition, "severity">, b: Pick<Condition, "severity">): boolean {
  return SEVERITIES.indexOf(a.severity) > SEVERITIES.indexOf(b.severity);
}
