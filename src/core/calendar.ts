/** When each token is to be renewed in the days to come, if all goes well. */
import { decide, openingFrom, pausedUntil, type TokenView, waitsForPerson } from "./decide.ts";
import { DAY_MS, formatDuration, formatInstant, type Instant, spanMs } from "./duration.ts";
import { EarliestFirst } from "./earliest-first.ts";
import { type Breathe, inTurns } from "./in-turns.ts";
import { lifetimeMs } from "./issue.ts";
import { grantedLifetimeMs } from "./forecast.ts";
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
  /** So many more of this token follow on the same day (UTC) and are not listed. */
  readonly more: number;
}

/** How far ahead anybody may ask. */
export const CALENDAR_DAYS_MAX = 366;
/** So many of one token are listed of each day, and of all together: tokens may live for minutes. */
const CALENDAR_ENTRIES_OF_DAY_MAX = 4;
export const CALENDAR_ENTRIES_MAX = 20_000;
/** So many are projected at most, listed or only counted. */
const PROJECTED_MAX = 500_000;
const PROJECTED_IN_A_TURN = 500;

/** What is to come of all tokens before `untilAt`, in order of time; what is beyond the bound is left out. */
export async function calendarOf(
  views: readonly TokenView[],
  now: Instant,
  untilAt: Instant,
  breathe: Breathe,
): Promise<readonly CalendarEntry[]> {
  const entries: CalendarEntry[] = [];
  await walk({ views, now, untilAt, breathe }, (coming) => {
    entries.push(coming);
    return entries.length < CALENDAR_ENTRIES_MAX;
  });
  return entries;
}

interface Walk {
  readonly views: readonly TokenView[];
  readonly now: Instant;
  readonly untilAt: Instant;
  readonly breathe: Breathe;
}

/** Shows what is to come in order of time until `take` says no. Nothing is projected that is not shown. Answers until when all was shown. */
export async function walk(
  { views, now, untilAt, breathe }: Walk,
  take: (entry: CalendarEntry) => boolean,
): Promise<Instant> {
  const coming = new EarliestFirst<CalendarEntry>((a, b) => (a.at === b.at ? a.token < b.token : a.at < b.at));
  await inTurns(views, breathe, (view) => coming.add(entriesOf(view, now, untilAt)));
  const windowed = new Set(views.filter(hasWindows).map(({ declared }) => declared.key));
  let projected = 0;
  let shown = 0;
  for (let next = coming.next(); next !== undefined; next = coming.next()) {
    const goesOn = take(next);
    projected += windowed.has(next.token) ? 1 + next.more : 1;
    if (!goesOn || projected >= PROJECTED_MAX) return next.at;
    shown += 1;
    if (shown % PROJECTED_IN_A_TURN === 0) await breathe();
  }
  return untilAt;
}

/** In order of time. */
export function* entriesOf(view: TokenView, now: Instant, untilAt: Instant): Generator<CalendarEntry, undefined> {
  const { record } = view;
  const resumesAt = pausedUntil(record.pause, now) === undefined ? null : (record.pause?.until ?? Infinity);
  if (resumesAt === Infinity) {
    yield* expiry(view, now, untilAt, "it is paused, and nobody said until when");
    return undefined;
  }
  if (resumesAt === null) return yield* renewals(view, now, untilAt);
  yield* expiry(view, now, Math.min(resumesAt, untilAt), "it is paused until then and longer");
  if (resumesAt >= untilAt) return undefined;
  const reason = `its pause ends${record.pause?.reason == null ? "" : ` (${record.pause.reason})`}`;
  yield entry(view, "resume", { when: plain(resumesAt), deadlineAt: deadlineOf(view), reason });
  return yield* renewals({ ...view, record: { ...record, pause: null } }, resumesAt, untilAt);
}

/** The next as it will be, then those after it as the same schedule draws them. */
function* renewals(view: TokenView, now: Instant, untilAt: Instant): Generator<CalendarEntry, undefined> {
  if (waitsForPerson(view, now)) {
    yield* expiry(view, now, untilAt, "only a person can say how it goes on");
    return undefined;
  }
  // Ending the old token is no renewal.
  const first = decide({ ...view, retireAt: null }, now);
  const when = plain(first.do === "wait" ? first.until : now);
  let next: Projected | null = { when, deadlineAt: deadlineOf(view), reason: first.reason };
  const course = new Course(view);
  let ofDay = 0;
  for (let day = Number.NaN; next !== null && next.when.at < untilAt;) {
    const listed: Projected = next;
    const today = Math.floor(listed.when.at / DAY_MS);
    ofDay = today === day ? ofDay + 1 : 1;
    day = today;
    if (ofDay < CALENDAR_ENTRIES_OF_DAY_MAX) {
      yield entry(view, "renewal", listed);
      next = course.after(listed.when);
      continue;
    }
    const beyond = course.firstFrom(Math.min(untilAt, (day + 1) * DAY_MS), listed.when);
    yield entry(view, "renewal", listed, beyond.skipped);
    ({ next } = beyond);
  }
  return undefined;
}

interface When {
  readonly at: Instant;
  readonly earliestAt: Instant;
  readonly latestAt: Instant;
}

interface Projected {
  readonly when: When;
  readonly deadlineAt: Instant | null;
  readonly reason: string;
}

/** How a token goes on from one renewal to the next. Without windows each life is like the one before. */
class Course {
  readonly #view: TokenView;
  readonly #alike: (Projected & { readonly deadlineAt: Instant }) | null;

  constructor(view: TokenView) {
    this.#view = view;
    this.#alike = hasWindows(view) ? null : afterwards(view, plain(0));
  }

  /** Null for a token that is never due again. */
  after(when: When): Projected | null {
    return hasWindows(this.#view) ? afterwards(this.#view, when) : this.#later(when, 1);
  }

  /** The first after `when` that is not before `endAt`, and how many come before it. */
  firstFrom(endAt: Instant, when: When): { readonly next: Projected | null; readonly skipped: number } {
    if (this.#alike !== null) {
      const lives = Math.max(1, Math.ceil((endAt - when.at) / this.#alike.when.at));
      return { next: this.#later(when, lives), skipped: lives - 1 };
    }
    let next = this.after(when);
    let skipped = 0;
    for (; next !== null && next.when.at < endAt; skipped += 1) next = this.after(next.when);
    return { next, skipped };
  }

  #later({ at, earliestAt, latestAt }: When, lives: number): Projected | null {
    if (this.#alike === null) return null;
    const { when: life, deadlineAt, reason } = this.#alike;
    const when = {
      at: at + lives * life.at,
      earliestAt: earliestAt + lives * life.earliestAt,
      latestAt: latestAt + lives * life.latestAt,
    };
    return { when, deadlineAt: at + (lives - 1) * life.at + deadlineAt, reason };
  }
}

function hasWindows({ declared }: TokenView): boolean {
  return declared.policy.windows.length > 0;
}

/** The renewal of what is minted at `when`, with the lifetime that is granted. Null for a token that is never due again. */
function afterwards(view: TokenView, when: When): (Projected & { readonly deadlineAt: Instant }) | null {
  const { declared, pace, record } = view;
  const lifetime = grantedLifetimeMs(declared, record.desired);
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
  const when = plain(desired.expAt);
  return [entry(view, "expiry", { when, deadlineAt: deadlineOf(view), reason: `${why}; ${safe}` })];
}

function entry(
  { declared: { key, name, issuer } }: TokenView,
  what: CalendarEntry["what"],
  { when, deadlineAt, reason }: Projected,
  more = 0,
): CalendarEntry {
  return { token: key, name, issuer, what, ...when, deadlineAt, reason, more };
}

function plain(at: Instant): When {
  return { at, earliestAt: at, latestAt: at };
}

function deadlineOf({ record, pace }: TokenView): Instant | null {
  const { desired } = record;
  return desired === null || !Number.isFinite(lifetimeMs(desired)) ? null : scheduleOf(desired, pace).deadlineAt;
}
