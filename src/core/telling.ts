/** What an alert channel has been told, and what it is to be told next. */
import type { Instant } from "./duration.ts";
import type { ErrorCode } from "./errors.ts";
import { type Incident, isGraver, SEVERITIES } from "./incidents.ts";

/** The last that a channel was told of one incident; kept until it was told that it is over. */
export interface Telling {
  readonly channel: string;
  /** As it was told. */
  readonly incident: Incident;
  /** Those that it was told with; an earlier version kept none. */
  readonly labels?: Readonly<Record<string, string>>;
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
  /** False of what is only told again, because the channel would forget it otherwise. */
  readonly isNews: boolean;
  /** Of what is over for this channel alone: as it is open still. */
  readonly still: Incident | null;
}

export interface ChannelView {
  /** Open now, and routed to this channel. */
  readonly open: readonly Incident[];
  /** Open now, and routed to others only. */
  readonly elsewhere: readonly Incident[];
  readonly told: readonly Telling[];
  /** Whatever is open is told again after so long; null: only what changed. */
  readonly resendMs: number | null;
}

/**
 * All that is to be told now. First what the channel does not know, by severity: what it was never told, at all or as so
 * grave, then what is over; then what is worth telling again; last what is only told again, the longest ago first, so that
 * none of these keeps the others waiting for ever. It follows from what is open and what was told alone: a restart neither
 * repeats nor forgets anything.
 */
export function toTell({ open, elsewhere, told, resendMs }: ChannelView, now: Instant): readonly ToTell[] {
  const before = new Map(told.map((telling) => [incidentKey(telling.incident), telling]));
  const firing = open.flatMap((incident): readonly ToTell[] => {
    const last = before.get(incidentKey(incident));
    before.delete(incidentKey(incident));
    // One that was over in between, and nobody was told, is another.
    if (last === undefined || last.incident.openedAt !== incident.openedAt)
      return [{ cause: "opened", incident, before: last ?? null, isNews: true, still: null }];
    const isNews = last.incident.toldTimes !== incident.toldTimes || last.incident.severity !== incident.severity;
    const isDue = resendMs !== null && (now >= last.toldAt + resendMs || now < last.toldAt);
    return isNews || isDue ? [{ cause: "repeated", incident, before: last, isNews, still: null }] : [];
  });
  const others = new Map(before.size === 0 ? [] : elsewhere.map((incident) => [incidentKey(incident), incident]));
  const over = [...before].map(([key, last]): ToTell => {
    const other = others.get(key);
    const still = other?.openedAt === last.incident.openedAt ? other : null;
    return { cause: "resolved", incident: last.incident, before: last, isNews: true, still };
  });
  return [...firing, ...over].toSorted(byUrgency);
}

/** When time alone gives a channel something more to tell; null when never. */
export function nextTellingAt(
  { told, resendMs }: Pick<ChannelView, "told" | "resendMs">,
  now: Instant,
): Instant | null {
  let nextAt: Instant | null = null;
  if (resendMs === null) return nextAt;
  for (const { toldAt } of told) {
    const at = toldAt + resendMs;
    if (at > now && (nextAt === null || at < nextAt)) nextAt = at;
  }
  return nextAt;
}

export function incidentKey({ token, target, reason }: Pick<Incident, "token" | "target" | "reason">): string {
  return `${token}\n${target}\n${reason}`;
}

const UNKNOWN = 0;
const REPEATED = 1;
const RESENT = 2;

function rankOf({ cause, incident, before, isNews }: ToTell): number {
  if (!isNews) return RESENT;
  const isKnown = cause === "repeated" && before !== null && !isGraver(incident, before.incident);
  return isKnown ? REPEATED : UNKNOWN;
}

/** Critical, and the channel was never told of it as such. */
export function isGraveNews(item: ToTell): boolean {
  return item.cause !== "resolved" && item.incident.severity === "critical" && rankOf(item) === UNKNOWN;
}

function byUrgency(a: ToTell, b: ToTell): number {
  const rank = rankOf(a);
  const graver = SEVERITIES.indexOf(b.incident.severity) - SEVERITIES.indexOf(a.incident.severity);
  const longerAgo = (a.before?.toldAt ?? 0) - (b.before?.toldAt ?? 0);
  const more =
    Number(a.cause === "resolved") - Number(b.cause === "resolved") ||
    compare(a.incident.dangerAt ?? Infinity, b.incident.dangerAt ?? Infinity) ||
    a.incident.openedAt - b.incident.openedAt;
  if (rank !== rankOf(b)) return rank - rankOf(b);
  if (rank === UNKNOWN) return graver || more;
  return rank === REPEATED ? graver || longerAgo || more : longerAgo || graver || more;
}

/** Two that are infinite are the same. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
