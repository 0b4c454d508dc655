import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../core/duration.ts";
import type { Window } from "../core/policy.ts";
import { cronFields, fieldValues } from "./cron-fields.ts";

/** node-cron's reading of an expression in a zone; throws on a bad one. */
export type CompileCron = (expression: string, timezone: string) => (at: Instant) => boolean;

/** Two fixed years from new year to new year, one of them a leap year, so that a file that is good today is good tomorrow. */
const FIRST_DAY: Instant = Date.UTC(2027, 0, 1);
const LAST_DAY: Instant = Date.UTC(2029, 0, 2);

/**
 * The longest time, in ms, during which none of these windows is open. Openings are wall times of their zones, daylight
 * saving included; a window stays open for elapsed time. No windows means never closed. Takes about 30 ms a window.
 */
export function longestClosedMs(windows: readonly Window[], compile: CompileCron): number {
  if (windows.length === 0) return 0;
  const opened = windows
    .flatMap((window) => openings(window, compile).map((at) => ({ from: at, until: at + window.forMs })))
    .sort((a, b) => a.from - b.from);
  const first = opened[0];
  if (first === undefined) return LAST_DAY - FIRST_DAY;
  // What opened in the year before may still be open on the first day.
  const longestOpenMs = Math.max(...windows.map(({ forMs }) => forMs));
  let longest = Math.max(0, first.from - FIRST_DAY - longestOpenMs);
  let openUntil = first.until;
  for (const { from, until } of opened) {
    longest = Math.max(longest, from - openUntil);
    openUntil = Math.max(openUntil, until);
  }
  // What opens on one day in two years has no second one in sight.
  const isOneDay = (opened.at(-1)?.from ?? first.from) - first.from < DAY_MS;
  return isOneDay ? LAST_DAY - FIRST_DAY - (openUntil - first.from) : Math.max(longest, LAST_DAY - openUntil);
}

function openings(window: Window, compile: CompileCron): readonly Instant[] {
  const [minuteField = "", hourField = "", ...dates] = cronFields(window.opens);
  const minutes = fieldValues(minuteField, 0, 59) ?? [];
  const hours = fieldValues(hourField, 0, 23) ?? [];
  const onDay = compile(`0 0 ${dates.join(" ")}`, "Etc/UTC");
  const offsetAt = zoneOffset(window.timezone);
  const found: Instant[] = [];
  for (let day = FIRST_DAY; day < LAST_DAY; day += DAY_MS) {
    if (!onDay(day)) continue;
    const offset = offsetAt(day - 14 * HOUR_MS);
    // The zone's clock is set on few days; on all others one look at each end is enough.
    const plain = offset === offsetAt(day + 38 * HOUR_MS);
    for (const hour of hours) {
      for (const minute of minutes) {
        const wall = day + hour * HOUR_MS + minute * MINUTE_MS;
        if (plain) found.push(wall - offset);
        else found.push(...instantsOf(wall, offsetAt));
      }
    }
  }
  return found;
}

/** The instants at which a zone's clock shows this wall time: one, or none or two on the night the clock is set. */
function instantsOf(wall: Instant, offsetAt: (at: Instant) => number): readonly Instant[] {
  const offsets = new Set([offsetAt(wall - DAY_MS), offsetAt(wall + DAY_MS)]);
  return [...offsets].map((offset) => wall - offset).filter((at) => at + offsetAt(at) === wall);
}

/** The zone's distance from UTC in ms, east positive. */
function zoneOffset(timezone: string): (at: Instant) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName: "longOffset" });
  return (at) => {
    const name = format.formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "";
    const found = /([+-])(\d\d):(\d\d)/.exec(name);
    if (found === null) return 0;
    return (found[1] === "-" ? -1 : 1) * (Number(found[2]) * HOUR_MS + Number(found[3]) * MINUTE_MS);
  };
}
