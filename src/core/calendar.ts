/** When each token is to be renewed in the days to come, if all goes well. */
import { decide, openingFrom, pausedUntil, type TokenView, waitsForPerson } from "./decide.ts";
import { formatDuration, formatInstant, type Instant, spanMs } from "./duration.ts";
import { lifetimeMs } from "./issue.ts";
import { reckonedLifetimeMs } from "./forecast.ts";
import { scheduleOf } from "./schedule.ts";

export interface CalendarEntry {
  readonly token: string;
  readonly name: string;
  readonly issuer: string;
  readonly what: "renewal" | "expiry" | "resume";
  /** When it is expected. */
  readonly at: Instant;
  /** The jitter of issues to come is not drawn yet: it may be any instant between these. Equal to `at` where it is known. */
  readonly earliestAt: Instant;
  readonly latestAt: Instant;
  /** By when it must be done; null where nothing depends on it. */
  readonly deadlineAt: Instant | null;
  readonly reason: string;
}

/** So many entries of one token are told, and of all together: tokens may live for minutes. */
export const CALENDAR_ENTRIES_OF_TOKEN_MAX = 400;
export const CALENDAR_ENTRIES_MAX = 20_000;

/** What is to come of all tokens before `untilAt`, in order of time; what is beyond the bound is left out. */
export function calendarOf(views: readonly TokenView[], now: Instant, untilAt: Instant): readonly CalendarEntry[] {
  return views
    .flatMap((view) => entriesOf(view, now, untilAt))
    .sort((a, b) => a.at - b.at || (a.token < b.token ? -1 : 1))
    .slice(0, CALENDAR_ENTRIES_MAX);
}

export function entriesOf(view: TokenView, now: Instant, untilAt: Instant): readonly CalendarEntry[] {
  const { record } = view;
  const resumesAt = pausedUntil(record.pause, now) === undefined ? null : (record.pause?.until ?? Infinity);
  if (resumesAt === Infinity) return expiry(view, now, untilAt, "it is paused, and nobody said until when");
  if (resumesAt === null) return renewals(view, now, untilAt);
  const resumed = { ...view, record: { ...record, pause: null } };
  const reason = `its pause ends${record.pause?.reason == null ? "" : ` (${record.pause.reason})`}`;
  const resume = entry(view, "resume", plain(resumesAt), deadlineOf(view), reason);
  const lapses = expiry(view, now, Math.min(resumesAt, untilAt), "it is paused until then and longer");
  return resumesAt < untilAt ? [...lapses, resume, ...renewals(resumed, resumesAt, untilAt)] : lapses;
}

/** The next as it will be, then those after it as the same schedule draws them. */
function renewals(view: TokenView, now: Instant, untilAt: Instant): readonly CalendarEntry[] {
  if (waitsForPerson(view, now)) return expiry(view, now, untilAt, "only a person can say how it goes on");
  // Ending the old token is no renewal.
  const next = decide({ ...view, retireAt: null }, now);
  let when = plain(next.do === "wait" ? next.until : now);
  let deadlineAt = deadlineOf(view);
  let { reason } = next;
  const entries: CalendarEntry[] = [];
  while (when.at < untilAt && entries.length < CALENDAR_ENTRIES_OF_TOKEN_MAX) {
    entries.push(entry(view, "renewal", when, deadlineAt, reason));
    const after = afterwards(view, when);
    if (after === null) break;
    ({ when, deadlineAt, reason } = after);
  }
  const last = entries.at(-1);
  if (entries.length < CALENDAR_ENTRIES_OF_TOKEN_MAX || last === undefined || when.at >= untilAt) return entries;
  return [...entries.slice(0, -1), { ...last, reason: `${last.reason}; and so on: more are not listed` }];
}

interface When {
  readonly at: Instant;
  readonly earliestAt: Instant;
  readonly latestAt: Instant;
}

interface Projected {
  readonly when: When;
  readonly deadlineAt: Instant;
  readonly reason: string;
}

/** The renewal of what is minted at `when`, with the lifetime that is asked for. Null for a token that is never due again. */
function afterwards(view: TokenView, when: When): Projected | null {
  const { declared, pace } = view;
  const lifetime = reckonedLifetimeMs(declared);
  if (!Number.isFinite(lifetime)) return null;
  const start = (mintedAt: Instant, u: number, heldUpMs: number): Instant => {
    const { renewAt, latestAt } = scheduleOf({ startAt: mintedAt, expAt: mintedAt + lifetime, u }, pace);
    return openingFrom(view, renewAt + heldUpMs, latestAt + heldUpMs);
  };
  // The daemon looks at ticks only, two of which are the least interval at most.
  const tickMs = pace.minIntervalMs / 2;
  const issue = { startAt: when.at, expAt: when.at + lifetime, u: 0.5 };
  const schedule = scheduleOf(issue, pace);
  const at = openingFrom(view, schedule.renewAt, schedule.latestAt);
  return {
    when: { at, earliestAt: start(when.earliestAt, 1, 0), latestAt: start(when.latestAt + tickMs, 0, tickMs) },
    deadlineAt: schedule.deadlineAt,
    reason: whyThen(view, lifetime, issue.expAt - at, at > schedule.renewAt, at >= schedule.latestAt),
  };
}

function whyThen({ pace }: TokenView, lifetime: number, leftMs: number, moved: boolean, atLatest: boolean): string {
  const jitterMs = spanMs(pace.policy.jitter, lifetime);
  const left = `with ${formatDuration(leftMs)} of its ${formatDuration(lifetime)} left`;
  if (atLatest && moved) return `${left}: no window opens before it is urgent, so none is waited for`;
  if (moved) return `${left}, when its window opens`;
  return jitterMs > 0 ? `${left}; jitter moves it by up to ${formatDuration(jitterMs)}` : left;
}

function expiry(view: TokenView, now: Instant, untilAt: Instant, why: string): readonly CalendarEntry[] {
  const { desired } = view.record;
  if (desired === null || desired.expAt < now || desired.expAt >= untilAt) return [];
  const safe = `readers are safe until ${formatInstant(scheduleOf(desired, view.pace).deadlineAt)}`;
  return [entry(view, "expiry", plain(desired.expAt), deadlineOf(view), `${why}; ${safe}`)];
}

function entry(
  { declared: { key, name, issuer } }: TokenView,
  what: CalendarEntry["what"],
  when: When,
  deadlineAt: Instant | null,
  reason: string,
): CalendarEntry {
  return { token: key, name, issuer, what, ...when, deadlineAt, reason };
}

function plain(at: Instant): When {
  return { at, earliestAt: at, latestAt: at };
}

function deadlineOf({ record, pace }: TokenView): Instant | null {
  const { desired } = record;
  return desired === null || !Number.isFinite(lifetimeMs(desired)) ? null : scheduleOf(desired, pace).deadlineAt;
}
