/** An instant of the wall clock in milliseconds since 1970-01-01T00:00:00Z. Names of instants end in `At`. */
export type Instant = number;

/** A length of time, or a share of a lifetime that is only known once a token was issued. */
export type Span = { readonly ms: number } | { readonly share: number };

export const SECOND_MS = 1_000;
export const MINUTE_MS: number = 60 * SECOND_MS;
export const HOUR_MS: number = 60 * MINUTE_MS;
export const DAY_MS: number = 24 * HOUR_MS;

/** Stands for the expiry of a token without an end: the last second that four digits of a year can tell. */
export const NEVER_AT: Instant = 253_402_300_799_000;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
const TEN_YEARS_MS = 3_653 * DAY_MS;

/** `90s`, `15m`, `6h`, `30d`, `250ms` -> milliseconds; undefined when the text is none of these or longer than ten years. */
export function parseDuration(text: string): number | undefined {
  const found = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim());
  const unit = found?.[2];
  if (found === null || unit === undefined) return undefined;
  const ms = Number(found[1]) * (UNIT_MS[unit] ?? Number.NaN);
  return Number.isFinite(ms) && ms <= TEN_YEARS_MS ? Math.round(ms) : undefined;
}

/** A duration as `parseDuration` reads it, or a share such as `33%` (less than 100). */
export function parseSpan(text: string): Span | undefined {
  const percent = /^(\d{1,2}(?:\.\d{1,4})?)%$/.exec(text.trim());
  if (percent === null) {
    const ms = parseDuration(text);
    return ms === undefined ? undefined : { ms };
  }
  return { share: Number(percent[1]) / 100 };
}

export function spanMs(span: Span, lifetimeMs: number): number {
  return "ms" in span ? span.ms : span.share * lifetimeMs;
}

/** For people: the two largest units that say something, `29 d 4 h`, `1 h 12 min`, `45 s`, `0 s`. */
export function formatDuration(durationMs: number): string {
  return unitsOf(durationMs, 2);
}

/** Neighbouring units where there are to be few: `1 d` and 5 s is `1 d`. */
function unitsOf(durationMs: number, unitsMax: number): string {
  let restMs = Math.round(Math.abs(durationMs) / SECOND_MS) * SECOND_MS;
  const sign = durationMs < 0 && restMs > 0 ? "-" : "";
  const parts: string[] = [];
  for (const [unit, unitMs] of [
    ["d", DAY_MS],
    ["h", HOUR_MS],
    ["min", MINUTE_MS],
    ["s", SECOND_MS],
  ] as const) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0 && unitsMax < Infinity) break;
    if (parts.length === unitsMax) break;
  }
  return sign + (parts.join(" ") || "0 s");
}

/** All of it to the second, for sums that have to add up: `9 d 23 h 59 min 30 s`. */
export function formatWhole(durationMs: number): string {
  return unitsOf(durationMs, Infinity);
}

/** RFC 3339 UTC with whole seconds, as every message, table and API answer shows an instant. */
export function formatInstant(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** An RFC 3339 instant -> epoch milliseconds; undefined when it is not one. */
export function parseInstant(text: string): Instant | undefined {
  const found = /^(\d{4}-\d\d-(\d\d))T(?!24)\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (found === null) return undefined;
  // `Date` takes the 30th of February for a day of March.
  const [, date, day] = found;
  const at = new Date(`${date}T00:00Z`).getUTCDate() === Number(day) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** RFC 9110 §5.6.7; undefined when the text is no date of HTTP. */
export function parseHttpDate(text: string): Instant | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
