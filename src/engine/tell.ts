import { channelSubject } from "../core/alert.ts";
import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { type Condition, type Incident, reconcile, type Subject } from "../core/incidents.ts";
import type { Engine } from "./engine.ts";

/** Brings the recorded incidents of one subject in line with what is wrong now. Answers when the next reminder is due. */
export async function tellConditions(
  engine: Pick<Engine, "clock" | "state" | "emit">,
  subject: Subject,
  conditions: readonly Condition[],
  deadlineAt: Instant | null,
): Promise<Instant | null> {
  const open = await engine.state.incidents(subject);
  if (open.length === 0 && conditions.length === 0) return null;
  const now = engine.clock.now();
  const changes = reconcile(subject, open, conditions, deadlineAt, now);
  const events: DomainEvent[] = [
    ...changes.opened.map((incident) => ({ type: "incident:opened", at: now, incident }) as const),
    ...changes.repeated.map((incident) => ({ type: "incident:repeated", at: now, incident }) as const),
    ...changes.resolved.map((incident) => ({ type: "incident:resolved", at: now, incident }) as const),
  ];
  if (events.length > 0 || changes.reworded.length > 0) await engine.state.tell(subject, changes, events);
  for (const event of events) engine.emit(event);
  return earliestReminder(open, changes.opened, changes.repeated, changes.resolved);
}

/** A channel that is declared no more, or otherwise: what it was told and how it fared was of another place. */
export async function forgetChannel(engine: Pick<Engine, "clock" | "state" | "emit">, channel: string): Promise<void> {
  await engine.state.forgetChannel(channel);
  await tellConditions(engine, channelSubject(channel), [], null);
}

function earliestReminder(
  open: readonly Incident[],
  opened: readonly Incident[],
  repeated: readonly Incident[],
  resolved: readonly Incident[],
): Instant | null {
  const over = new Set(resolved.map((incident) => incident.reason));
  const told = new Set(repeated.map((incident) => incident.reason));
  const standing = open.filter((incident) => !over.has(incident.reason) && !told.has(incident.reason));
  const reminders = [...standing, ...opened, ...repeated].map((incident) => incident.tellAgainAt);
  return reminders.length === 0 ? null : Math.min(...reminders);
}
