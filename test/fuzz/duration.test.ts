import fc from "fast-check";
import { expect, test } from "vitest";
import {
  DAY_MS,
  formatDuration,
  formatInstant,
  HOUR_MS,
  MINUTE_MS,
  parseDuration,
  parseInstant,
  parseSpan,
  SECOND_MS,
  spanMs,
} from "../../src/core/duration.ts";
import { fuzz } from "./fuzz.ts";

const LONGEST_MS = 3_653 * DAY_MS;
const UNITS = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const;
const SPOKEN: Readonly<Record<string, number>> = { d: DAY_MS, h: HOUR_MS, min: MINUTE_MS, s: SECOND_MS };

const unit = fc.constantFrom("ms", "s", "m", "h", "d");
/** Characters that durations are made of, in any order and number. */
const nearlyDuration = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."0123456789.-+eE%msdh \n\u0000\u0660∞"), maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom("NaN", "Infinity", "1e3s", "0x10s", "1_000s", "٣s", "1d2h", "1 d", "-1s", "+1s", ".5s", "1.s"),
  fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 40n }), unit).map(([count, name]) => `${count}${name}`),
);

fuzz(
  "a duration means its count times its unit, unless that is longer than ten years",
  2_000,
  fc.property(fc.nat({ max: 999_999_999_999 }), fc.nat({ max: 999 }), unit, (whole, thousandths, name) => {
    const text = `${whole}.${String(thousandths).padStart(3, "0")}${name}`;
    const ms = (whole + thousandths / 1000) * UNITS[name];
    const read = parseDuration(text);
    if (read === undefined) expect(ms).toBeGreaterThan(LONGEST_MS - 1);
    else {
      expect(Math.abs(read - ms)).toBeLessThanOrEqual(0.5 + ms * 1e-12);
      expect(read).toBeLessThanOrEqual(LONGEST_MS);
    }
  }),
);

fuzz(
  "what is no duration is refused; what is read is a whole number of ms of at most ten years",
  3_000,
  fc.property(nearlyDuration, (text) => {
    const ms = parseDuration(text);
    const isForm = /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text.trim());
    if (!isForm) expect(ms).toBeUndefined();
    if (ms === undefined) return;
    expect(Number.isSafeInteger(ms)).toBe(true);
    expect(ms).toBeGreaterThanOrEqual(0);
    expect(ms).toBeLessThanOrEqual(LONGEST_MS);
  }),
);

fuzz(
  "a span is a duration or a share below one, never both and never more",
  3_000,
  fc.property(
    fc.oneof(
      nearlyDuration,
      nearlyDuration.map((text) => `${text}%`),
      fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 99_999 })).map(([whole, part]) => `${whole}.${part}%`),
    ),
    fc.integer({ min: 1, max: 2 * LONGEST_MS }),
    (text, lifetimeMs) => {
      const span = parseSpan(text);
      if (span === undefined) return;
      const ms = spanMs(span, lifetimeMs);
      expect(Number.isFinite(ms)).toBe(true);
      expect(ms).toBeGreaterThanOrEqual(0);
      if ("ms" in span) expect(ms).toBe(parseDuration(text));
      else {
        expect(text.trim()).toBe(`${text.trim().slice(0, -1)}%`);
        expect(span.share).toBeCloseTo(Number.parseFloat(text) / 100, 10);
        expect(ms).toBeLessThan(lifetimeMs);
      }
    },
  ),
);

fuzz(
  "a duration as people read it is less than its smallest unit away from the truth",
  2_000,
  fc.property(fc.integer({ min: -3 * LONGEST_MS, max: 3 * LONGEST_MS }), (ms) => {
    const text = formatDuration(ms);
    expect(text).toMatch(/^-?\d+ (d|h|min|s)( \d+ (h|min|s))?$/);
    const parts = [...text.matchAll(/(\d+) (\w+)/g)];
    const said = parts.reduce((sum, [, count, name]) => sum + Number(count) * (SPOKEN[name ?? ""] ?? Number.NaN), 0);
    const smallest = SPOKEN[parts.at(-1)?.[2] ?? ""] ?? Number.NaN;
    // Never more than is left, but for rounding to the second; and no whole larger unit is swallowed.
    expect(Math.abs(ms) - said).toBeGreaterThanOrEqual(-SECOND_MS / 2);
    expect(Math.abs(ms) - said).toBeLessThan(parts.length === 2 ? smallest : largerRest(parts[0]?.[2]));
    expect(text.startsWith("-")).toBe(ms < 0 && said > 0);
  }),
);

/** With one unit alone its next smaller unit says nothing, so less than one of that is left out. */
function largerRest(name: string | undefined): number {
  return { d: HOUR_MS, h: MINUTE_MS, min: SECOND_MS, s: SECOND_MS }[name ?? ""] ?? Number.NaN;
}

fuzz(
  "an instant that was written is read back to its second",
  2_000,
  fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (at) => {
    expect(parseInstant(formatInstant(at))).toBe(Math.floor(at / SECOND_MS) * SECOND_MS);
  }),
);

test.each(["2026-02-30T00:00Z", "2026-04-31T00:00:00Z", "2027-02-29T12:00:00+01:00", "2026-01-01T24:00Z"])(
  "%s is no instant, since no calendar or clock shows it",
  (text) => {
    expect(parseInstant(text)).toBeUndefined();
  },
);

fuzz(
  "what is no instant is refused, and none is read as anything but a finite one",
  3_000,
  fc.property(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(..."0123456789-:TZ+. "), maxLength: 30 }),
      fc
        .tuple(fc.date({ noInvalidDate: true }), fc.nat({ max: 24 }), fc.constantFrom("", "x", "\n", "Z", "0"))
        .map(([date, from, piece]) => date.toISOString().slice(0, from) + piece + date.toISOString().slice(from)),
      fc.constantFrom("2026-02-30T00:00Z", "2026-13-01T00:00Z", "2026-01-01T24:00Z", "2026-01-01T00:00:60Z"),
    ),
    (text) => {
      const at = parseInstant(text);
      if (at === undefined) return;
      expect(Number.isInteger(at)).toBe(true);
      expect(text.slice(0, 10)).toMatch(/^\d{4}-\d\d-\d\d$/);
      if (text.endsWith("Z")) expect(formatInstant(at).slice(0, 16)).toBe(text.slice(0, 16));
    },
  ),
);
