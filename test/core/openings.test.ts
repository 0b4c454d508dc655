import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Window } from "../../src/core/policy.ts";
import { openingsBetween } from "../../src/core/windows.ts";

const START = Date.parse("2026-07-01T00:00:00Z");

/** Opens daily at this minute of the UTC day. */
function daily(minute: number, forMs: number): Window {
  const matches = (at: number): boolean => Math.floor((at % DAY_MS) / MINUTE_MS) === minute;
  return { opens: "test", forMs, timezone: "UTC", matches, mayMatch: () => true };
}

describe("the openings between two instants", () => {
  const night = daily(2 * 60, 3 * HOUR_MS);

  it("are those of every day, cut at both ends, at most so many", () => {
    expect(openingsBetween([night], START + 3 * HOUR_MS, START + DAY_MS + 4 * HOUR_MS, 9)).toEqual([
      { opensAt: START + 3 * HOUR_MS, closesAt: START + 5 * HOUR_MS },
      { opensAt: START + DAY_MS + 2 * HOUR_MS, closesAt: START + DAY_MS + 4 * HOUR_MS },
    ]);
    expect(openingsBetween([night], START, START + 30 * DAY_MS, 7)).toHaveLength(7);
  });

  it("are none where no window is declared, or none opens in time", () => {
    expect(openingsBetween([], START, START + DAY_MS, 9)).toEqual([]);
    expect(openingsBetween([night], START + 5 * HOUR_MS, START + DAY_MS, 9)).toEqual([]);
    expect(openingsBetween([night], START, START, 9)).toEqual([]);
  });

  it("that touch or overlap are one", () => {
    const windows = [night, daily(5 * 60, HOUR_MS), daily(3 * 60, 2 * HOUR_MS)];
    expect(openingsBetween(windows, START, START + DAY_MS, 9)).toEqual([
      { opensAt: START + 2 * HOUR_MS, closesAt: START + 6 * HOUR_MS },
    ]);
    const always = daily(0, 2 * DAY_MS);
    expect(openingsBetween([always], START, START + 9 * DAY_MS, 9)).toEqual([
      { opensAt: START, closesAt: START + 9 * DAY_MS },
    ]);
  });
});
