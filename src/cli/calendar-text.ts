/** Instants in the columns of a calendar: by day, in UTC as everywhere. */
import { DAY_MS, formatInstant, type Instant } from "../core/duration.ts";

const WEEKDAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"] as const;

/** "Thu 2026-12-24". */
function dayOf(at: Instant): string {
  return `${WEEKDAYS[Math.floor(at / DAY_MS) % 7] ?? ""} ${formatInstant(at).slice(0, 10)}`;
}

/** "09:12Z". */
export function timeOf(at: Instant): string {
  return `${formatInstant(at).slice(11, 16)}Z`;
}

/** "2026-12-24 09:12Z". */
export function minuteOf(at: Instant): string {
  return `${formatInstant(at).slice(0, 10)} ${timeOf(at)}`;
}

/** What happens on each day, in order. */
export function byDay<T>(
  entries: readonly T[],
  at: (entry: T) => Instant,
): readonly (readonly [string, readonly T[]])[] {
  const sorted = entries.toSorted((a, b) => at(a) - at(b));
  return [...Map.groupBy(sorted, (entry) => dayOf(at(entry)))];
}
