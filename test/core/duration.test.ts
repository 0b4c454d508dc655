import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DAY_MS,
  formatDuration,
  formatInstant,
  formatWhole,
  HOUR_MS,
  MINUTE_MS,
  parseDuration,
  parseInstant,
  parseSpan,
  spanMs,
} from "../../src/core/duration.ts";

const UNITS = [
  ["ms", 1],
  ["s", 1_000],
  ["m", MINUTE_MS],
  ["h", HOUR_MS],
  ["d", DAY_MS],
] as const;

describe("parseDuration", () => {
  it.each([
    ["250ms", 250],
    ["90s", 90_000],
    ["15m", 15 * MINUTE_MS],
    ["6h", 6 * HOUR_MS],
    ["30d", 30 * DAY_MS],
    ["1.5h", 90 * MINUTE_MS],
    [" 1s ", 1_000],
    ["0s", 0],
    ["3653d", 3_653 * DAY_MS],
  ])("reads %j as %d ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "90", "s", "-1s", "1 s", "1w", "1S", "1e3s", ".5h", "1.h", "1h30m", "33%", "3654d", "999999999999d"])(
    "refuses %j",
    (text) => expect(parseDuration(text)).toBeUndefined(),
  );

  it("reads every whole count of every unit up to ten years", () => {
    fc.assert(
      fc.property(fc.constantFrom(...UNITS), fc.nat(100_000_000), ([unit, unitMs], count) => {
        const ms = count * unitMs;
        expect(parseDuration(`${count}${unit}`)).toBe(ms <= 3_653 * DAY_MS ? ms : undefined);
      }),
    );
  });
});

describe("parseSpan", () => {
  it("reads a length of time, or a share of a lifetime", () => {
    expect(parseSpan("10d")).toEqual({ ms: 10 * DAY_MS });
    expect(parseSpan("33%")).toEqual({ share: 0.33 });
    expect(parseSpan("12.5%")).toEqual({ share: 0.125 });
  });

  it.each(["100%", "-1%", "%", "1.23456%", "33 %", "x"])("refuses %j", (text) =>
    expect(parseSpan(text)).toBeUndefined(),
  );

  it("is worth its share of the lifetime, or its own length", () => {
    expect(spanMs({ share: 0.25 }, 4 * DAY_MS)).toBe(DAY_MS);
    expect(spanMs({ ms: HOUR_MS }, 4 * DAY_MS)).toBe(HOUR_MS);
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0 s"],
    [499, "0 s"],
    [500, "1 s"],
    [45_000, "45 s"],
    [59_600, "1 min"],
    [72 * MINUTE_MS, "1 h 12 min"],
    [29 * DAY_MS + 4 * HOUR_MS + 3 * MINUTE_MS, "29 d 4 h"],
    [DAY_MS + 5 * MINUTE_MS, "1 d"],
    [-90_000, "-1 min 30 s"],
  ])("%d ms is %j", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it("loses less than one part in twenty-four, so that what a person reads can be relied on", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 3_653 * DAY_MS }), (ms) => {
        const shown = [...formatDuration(ms).matchAll(/(\d+) (d|h|min|s)/g)]
          .map(([, count, unit]) => parseDuration(`${count}${unit === "min" ? "m" : unit}`) ?? Number.NaN)
          .reduce((sum, part) => sum + part, 0);
        expect(Math.abs(shown - ms)).toBeLessThanOrEqual(Math.max(ms / 24, 500));
      }),
    );
  });
});

describe("formatWhole", () => {
  it.each([
    [0, "0 s"],
    [10 * DAY_MS - MINUTE_MS, "9 d 23 h 59 min"],
    [DAY_MS + 5_000, "1 d 5 s"],
    [-90_000, "-1 min 30 s"],
  ])("%d ms is %j", (ms, text) => expect(formatWhole(ms)).toBe(text));
});

describe("instants", () => {
  it("are shown as RFC 3339 UTC in whole seconds", () => {
    expect(formatInstant(Date.UTC(2026, 6, 1, 8, 0, 0, 999))).toBe("2026-07-01T08:00:00Z");
  });

  it("come back from what is shown", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        expect(parseInstant(formatInstant(seconds * 1_000))).toBe(seconds * 1_000);
      }),
    );
  });

  it.each([
    ["2026-07-01T09:00:00+01:00", Date.UTC(2026, 6, 1, 8)],
    ["2026-07-01T08:00Z", Date.UTC(2026, 6, 1, 8)],
    ["2026-07-01T08:00:00.250Z", Date.UTC(2026, 6, 1, 8, 0, 0, 250)],
  ])("reads %s", (text, at) => expect(parseInstant(text)).toBe(at));

  it.each(["2026-07-01", "2026-07-01T08:00:00", "tomorrow", "2026-13-01T00:00:00Z", "1782892800", ""])(
    "refuses %j",
    (text) => expect(parseInstant(text)).toBeUndefined(),
  );
});
