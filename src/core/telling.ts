/** What an alert channel has been told, and what it is to be told next. */
import type { Instant } from "./duration.ts";
import type { ErrorCode } from "./errors.ts";
import { type Incident, SEVERITIES } from "./incidents.ts";

/** The last that a channel was told of one incident; kept until it was told that it is over. */
export interface Telling {
  readonly channel: string;
  /** As it was told. */
  readonly incident: Incident;
  readonly toldAt: Instant;
}

/** How a channel fares; kept over restarts. */
export interface ChannelRecord {
  /** In a row. */
  readonly failures: number;
  /** Of the first of them; null while all is well. */
  readonly since: Instant | null;
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly nextTryAt: Instant | null;
  readonly lastSuccessAt: Instant | null;
}

export const FRESH_CHANNEL: ChannelRecord = {
  failures: 0,
  since: null,
  code: null,
  message: null,
  nextTryAt: null,
  lastSuccessAt: null,
};

export interface ToTell {
  readonly cause: "opened" | "repeated" | "resolved";
  readonly incident: Incident;
  /** What the channel was told before. */
  readonly before: Telling | null;
}

export interface ChannelView {
  /** Open now, and routed to this channel. */
  readonly open: readonly Incident[];
  readonly told: readonly Telling[];
  /** Whatever is open is told again after so long; null: only what changed. */
  readonly resendMs: number | null;
}

/**
 * All that is to be told now, gravest and most urgent first, what is over last. It follows from what is open and what was
 * told alone: a restart neither repeats nor forgets anything.
 */
export function toTell({ open, told, resendMs }: ChannelView, now: Instant): readonly ToTell[] {
  const before = new Map(told.map((telling) => [incidentKey(telling.incident), telling]));
  const firing = open.flatMap((incident): readonly ToTell[] => {
    const last = before.get(incidentKey(incident));
    before.delete(incidentKey(incident));
    // One that was over in between, and nobody was told, is another.
    if (last === undefined || last.incident.openedAt !== incident.openedAt)
      return [{ cause: "opened", incident, before: last ?? null }];
    const isNews = last.incident.toldTimes !== incident.toldTimes || last.incident.severity !== incident.severity;
    const isDue = resendMs !== null && (now >= last.toldAt + resendMs || now < last.toldAt);
    return isNews || isDue ? [{ cause: "repeated", incident, before: last }] : [];
  });
  const over = [...before.values()].map((last): ToTell => ({
    cause: "resolved",
    incident: last.incident,
    before: last,
  }));
  return [...firing.toSorted(byUrgency), ...over];
}

/** When, at the latest, time alone gives a channel something to tell; null when never. */
export function nextTellingAt({ told, resendMs }: Omit<ChannelView, "open">): Instant | null {
  if (resendMs === null || told.length === 0) return null;
  return Math.min(...told.map(({ toldAt }) => toldAt + resendMs));
}

export function incidentKey({ token, target, reason }: Pick<Incident, "token" | "target" | "reason">): string {
  return `${token}\n${target}\n${reason}`;
}

function byUrgency(a: ToTell, b: ToTell): number {
  return (
    SEVERITIES.indexOf(b.incident.severity) - SEVERITIES.indexOf(a.incident.severity) ||
    (a.incident.dangerAt ?? Infinity) - (b.incident.dangerAt ?? Infinity) ||
    a.incident.openedAt - b.incident.openedAt
  );
}
