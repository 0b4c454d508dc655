import { DAY_MS, type Instant, MINUTE_MS } from "./duration.ts";

export type IncidentReason =
  | "late"
  | "deadline_missed"
  | "expired"
  | "issuer_failing"
  | "token_absent"
  | "target_failing"
  | "never_delivered"
  | "quarantined"
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
  | "clock_skewed";

export type Severity = "info" | "warning" | "critical";

/** Something that is not well right now, as the recorded state shows it. */
export interface Condition {
  readonly reason: IncidentReason;
  readonly severity: Severity;
  /** One or two sentences: what is wrong, since when, until when readers are safe. */
  readonly message: string;
  /** What a person can do. */
  readonly action: string;
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
}

const REPEAT_LEAST_MS: number = 15 * MINUTE_MS;

/**
 * Holds what is wrong now against what was told before: opened once, repeated at growing urgency as the deadline nears,
 * resolved when over. A restart changes nothing, for the open incidents are persisted. A message that merely changed is
 * kept up to date at its next repetition; a graver severity is told at once.
 */
export function reconcile(
  subject: Subject,
  open: readonly Incident[],
  conditions: readonly Condition[],
  deadlineAt: Instant | null,
  now: Instant,
): IncidentChanges {
  const opened: Incident[] = [];
  const repeated: Incident[] = [];
  for (const condition of conditions) {
    const told = open.find((incident) => incident.reason === condition.reason);
    const tellAgainAt = now + pauseMs(deadlineAt, now);
    if (told === undefined) {
      opened.push({ ...subject, ...condition, openedAt: now, tellAgainAt, toldTimes: 1 });
    } else if (isGraver(condition, told) || now >= told.tellAgainAt || told.tellAgainAt > now + DAY_MS) {
      repeated.push({ ...told, ...condition, tellAgainAt, toldTimes: told.toldTimes + 1 });
    }
  }
  const resolved = open.filter((incident) => !conditions.some((condition) => condition.reason === incident.reason));
  return { opened, repeated, resolved };
}

/** A quarter of what is left, so that reminders come closer together as the deadline does. */
function pauseMs(deadlineAt: Instant | null, now: Instant): number {
  const quarterMs = deadlineAt === null ? DAY_MS : (deadlineAt - now) / 4;
  return Math.round(Math.min(Math.max(quarterMs, REPEAT_LEAST_MS), DAY_MS));
}

const RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 };

function isGraver(a: Condition, b: Condition): boolean {
  return RANK[a.severity] > RANK[b.severity];
}
