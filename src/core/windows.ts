import { DAY_MS, type Instant, MINUTE_MS } from "./duration.ts";
import type { Window } from "./policy.ts";

/** No window that opens more rarely than this is of use to a renewal. */
const WINDOW_HORIZON_MS: number = 366 * DAY_MS;

const QUARTER_MS = 15 * MINUTE_MS;
const REMEMBERED_DAYS = 1_000;

/** Makes a window of a five-field expression; `compile` throws on a bad expression or zone. */
export function compileWindow(
  opens: string,
  forMs: number,
  timezone: string,
  compile: (expression: string, timezone: string) => (at: Instant) => boolean,
): Window {
  const anyMinute = ["*", ...opens.trim().split(/\s+/).slice(1)].join(" ");
  return { opens, forMs, timezone, matches: compile(opens, timezone), mayMatch: compile(anyMinute, timezone) };
}

/** Whether a renewal may start now. No windows means always. A window is open for elapsed time from each minute that its expression matches. */
export function isOpen(windows: readonly Window[], at: Instant): boolean {
  return windows.length === 0 || windows.some((window) => opensWithin(window, at - window.forMs + 1, at + 1));
}

/** The first instant at or after `from` and before `until` at which some window is open; undefined when there is none. */
export function nextOpening(windows: readonly Window[], from: Instant, until: Instant): Instant | undefined {
  if (isOpen(windows, from)) return from < until ? from : undefined;
  const end = Math.min(until, from + WINDOW_HORIZON_MS);
  return windows.reduce<Instant | undefined>(
    (first, window) => firstOpening(window, from, first ?? end) ?? first,
    undefined,
  );
}

export interface Opening {
  readonly opensAt: Instant;
  readonly closesAt: Instant;
}

/** When the windows are open between two instants, those that touch made one, at most so many. None declared: none. */
export function openingsBetween(
  windows: readonly Window[],
  from: Instant,
  until: Instant,
  most: number,
): readonly Opening[] {
  const found: { opensAt: Instant; closesAt: Instant }[] = [];
  let at = from;
  while (found.length < most) {
    const opensAt = windows.length === 0 ? undefined : nextOpening(windows, at, until);
    if (opensAt === undefined) break;
    const closesAt = closing(windows, opensAt, until);
    found.push({ opensAt, closesAt });
    at = closesAt;
  }
  return found;
}

/** When what is open at this instant closes; an opening before the end of another carries it on. */
function closing(windows: readonly Window[], at: Instant, until: Instant): Instant {
  let end = at;
  while (end < until) {
    const later = windows.map((window) => lastOpening(window, end) ?? Number.NEGATIVE_INFINITY);
    const next = Math.max(...later.map((opensAt, index) => opensAt + (windows[index]?.forMs ?? 0)));
    if (next <= end) return end;
    end = next;
  }
  return until;
}

/** The last opening that is still open at this instant. */
function lastOpening(window: Window, at: Instant): Instant | undefined {
  const from = at - window.forMs + 1;
  for (let day = Math.floor(at / DAY_MS); (day + 1) * DAY_MS > from; day -= 1) {
    const found = openingsOfDay(window, day).findLast((opening) => opening <= at);
    if (found !== undefined) return found >= from ? found : undefined;
  }
  return undefined;
}

function opensWithin(window: Window, from: Instant, until: Instant): boolean {
  return firstOpening(window, from, until) !== undefined;
}

function firstOpening(window: Window, from: Instant, until: Instant): Instant | undefined {
  for (let day = Math.floor(from / DAY_MS); day * DAY_MS < until; day += 1) {
    const found = openingsOfDay(window, day).find((opening) => opening >= from);
    if (found !== undefined) return found < until ? found : undefined;
  }
  return undefined;
}

const remembered = new WeakMap<Window, Map<number, readonly Instant[]>>();

/** All openings in one UTC day. Zones differ from UTC by whole quarters of an hour, so only quarters that can match are walked. */
function openingsOfDay(window: Window, day: number): readonly Instant[] {
  const days = remembered.get(window) ?? new Map<number, readonly Instant[]>();
  remembered.set(window, days);
  const known = days.get(day);
  if (known !== undefined) return known;
  const openings: Instant[] = [];
  for (let quarter = day * DAY_MS; quarter < (day + 1) * DAY_MS; quarter += QUARTER_MS) {
    if (!window.mayMatch(quarter)) continue;
    for (let minute = quarter; minute < quarter + QUARTER_MS; minute += MINUTE_MS) {
      if (window.matches(minute)) openings.push(minute);
    }
  }
  if (days.size >= REMEMBERED_DAYS) days.clear();
  days.set(day, openings);
  return openings;
}
