/** Cron openings in zones worked out a second way: wall times from `Intl` alone, minute by minute, no cron library. */
import fc from "fast-check";
import { HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";

/** A five-field expression and what it means. `undefined` is any value. */
export interface CronModel {
  readonly text: string;
  readonly minutes: readonly number[] | undefined;
  readonly hours: readonly number[] | undefined;
  readonly days: readonly number[] | undefined;
  readonly months: readonly number[] | undefined;
  /** Sunday is 0. */
  readonly weekdays: readonly number[] | undefined;
}

/** Zones with every kind of oddity: half and quarter hours, half-hour changes, negative daylight saving, beyond ±12 h. */
export const ZONES = [
  "UTC",
  "Europe/London",
  "Europe/Dublin",
  "America/New_York",
  "America/St_Johns",
  "America/Santiago",
  "Africa/Casablanca",
  "Africa/Cairo",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Australia/Eucla",
  "Pacific/Apia",
  "Pacific/Chatham",
  "Pacific/Kiritimati",
  "Pacific/Marquesas",
  "Pacific/Pago_Pago",
] as const;

const QUARTER_MS = 15 * MINUTE_MS;

const offsetOf = new Map<string, (at: Instant) => number>();

/** How far the zone's wall clock is ahead of UTC, read from the wall time that `Intl` shows. */
function offsetAt(zone: string): (at: Instant) => number {
  const known = offsetOf.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const seen = new Map<number, number>();
  const offset = (at: Instant): number => {
    const quarter = Math.floor(at / QUARTER_MS) * QUARTER_MS;
    let ms = seen.get(quarter);
    if (ms === undefined) {
      const part = Object.fromEntries(format.formatToParts(quarter).map(({ type, value }) => [type, Number(value)]));
      const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = part;
      ms = Date.UTC(year, month - 1, day, hour, minute) - quarter;
      seen.set(quarter, ms);
    }
    return ms;
  };
  offsetOf.set(zone, offset);
  return offset;
}

/** Whether the expression matches the minute that `at` lies in: days of the month and of the week must both match. */
function modelMatches(model: CronModel, zone: string, at: Instant): boolean {
  const wall = new Date(at + offsetAt(zone)(at));
  const among = (values: readonly number[] | undefined, value: number): boolean => values?.includes(value) ?? true;
  return (
    among(model.minutes, wall.getUTCMinutes()) &&
    among(model.hours, wall.getUTCHours()) &&
    among(model.days, wall.getUTCDate()) &&
    among(model.months, wall.getUTCMonth() + 1) &&
    among(model.weekdays, wall.getUTCDay())
  );
}

/** All minutes from `from` (whole) and before `until` that match. */
export function modelOpenings(model: CronModel, zone: string, from: Instant, until: Instant): readonly Instant[] {
  const found: Instant[] = [];
  for (let at = from; at < until; at += MINUTE_MS) if (modelMatches(model, zone, at)) found.push(at);
  return found;
}

/** The instants of one year at which the zone's clock is set. */
export function changesOf(zone: string, year: number): readonly Instant[] {
  const offset = offsetAt(zone);
  const found: Instant[] = [];
  for (let at = Date.UTC(year, 0, 1); at < Date.UTC(year + 1, 0, 1); at += HOUR_MS) {
    if (offset(at) === offset(at + HOUR_MS)) continue;
    for (let quarter = at; quarter < at + HOUR_MS; quarter += QUARTER_MS) {
      if (offset(quarter) !== offset(quarter + QUARTER_MS)) found.push(quarter + QUARTER_MS);
    }
  }
  return found;
}

type Field = readonly [text: string, values: readonly number[] | undefined];

/** `most` is the greatest value that is written out; a step goes on to `high`. */
function field(low: number, high: number, names: readonly string[] = [], most = high): fc.Arbitrary<Field> {
  const value = fc.integer({ min: low, max: most });
  const named = (each: number): string => names[each - low] ?? String(each);
  const span = (first: number, last: number, step: number): readonly number[] =>
    Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant<Field>(["*", undefined]) },
    { weight: 3, arbitrary: value.map((each): Field => [named(each), [each]]) },
    fc.integer({ min: 1, max: Math.min(high, 59) }).map((step): Field => [`*/${step}`, span(low, high, step)]),
    fc.uniqueArray(value, { minLength: 2, maxLength: 4 }).map((list): Field => [list.map(named).join(","), list]),
    fc.tuple(value, value, fc.integer({ min: 1, max: 5 })).map(([a, b, step]): Field => {
      const [first, last] = [Math.min(a, b), Math.max(a, b)];
      const stepped = step === 1 ? "" : `/${step}`;
      return [`${named(first)}-${named(last)}${stepped}`, span(first, last, step)];
    }),
  );
}

const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** Expressions as operators write them, from every minute to the 29th of February. */
export const cronModel: fc.Arbitrary<CronModel> = fc
  .tuple(field(0, 59), field(0, 23), dateFields())
  .map(([minute, hour, [day, month, weekday]]) => ({
    text: [minute, hour, day, month, weekday].map(([text]) => text).join(" "),
    minutes: minute[1],
    hours: hour[1],
    days: day[1],
    months: month[1],
    weekdays: weekday[1],
  }));

/** Mostly any day, so that the minutes and hours near a change of the clocks count. */
function dateFields(): fc.Arbitrary<readonly [day: Field, month: Field, weekday: Field]> {
  const any: Field = ["*", undefined];
  const dayOf = field(1, 31, [], 28);
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant([any, any, any] as const) },
    { weight: 1, arbitrary: fc.tuple(dayOf, field(1, 12), field(0, 6)) },
    { weight: 1, arbitrary: field(0, 6, WEEKDAYS).map((weekday) => [any, any, weekday] as const) },
  );
}
