/** What renewd tells past its state, because that may not hold it. */
import type { Instant } from "./duration.ts";
import type { Incident, IncidentReason, Subject } from "./incidents.ts";

export const STATE_SUBJECT: Subject = { token: "", target: "state" };
export const SCHEDULER_SUBJECT: Subject = { token: "", target: "scheduler" };

/** As far as an end of them needs words. */
export function toldPastState(now: Instant): readonly Incident[] {
  const as = (subject: Subject, reason: IncidentReason): Incident => ({
    ...subject,
    reason,
    severity: "critical",
    message: "the renewd before this one may have told of it when it could record nothing.",
    next: "It works on.",
    action: "Nothing.",
    dangerAt: null,
    expAt: null,
    openedAt: now,
    tellAgainAt: now,
    toldTimes: 1,
  });
  return [as(STATE_SUBJECT, "state_failing"), as(SCHEDULER_SUBJECT, "scheduler_stalled")];
}
