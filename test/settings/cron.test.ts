import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import { compileWindow, nextOpening } from "../../src/core/windows.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { longestClosedMs } from "../../src/settings/closed-gap.ts";
import { fieldValues } from "../../src/settings/cron-fields.ts";
import { longestTickGapMs } from "../../src/settings/tick.ts";

describe("fieldValues", () => {
  test.each([
    ["*", [0, 1, 2, 3, 4, 5]],
    ["*/2", [0, 2, 4]],
    ["3", [3]],
    ["1-3", [1, 2, 3]],
    ["1-5/2", [1, 3, 5]],
    ["4,1", [1, 4]],
  ])("%s", (field, values) => {
    expect(fieldValues(field, 0, 5)).toEqual(values);
  });

  test.each(["6", "3-1", "*/0", "x", "", "1,", "-1", "1-2-3"])("%j is none", (field) => {
    expect(fieldValues(field, 0, 5)).toBeUndefined();
  });
});

describe("longestTickGapMs", () => {
  test.each([
    ["* * * * * *", 1_000],
    ["*/2 * * * * *", 2_000],
    ["*/30 * * * * *", 30_000],
    ["*/25 * * * * *", 25_000],
    ["0 * * * * *", 60_000],
    ["0 */5 * * * *", 300_000],
    ["0,1 0 * * * *", 3_599_000],
    ["0 0 * * * *", 3_600_000],
    ["10-20 58,59 0-23 * * *", 3_600_000 - 70_000],
  ])("%s leaves at most %i ms", (expression, gapMs) => {
    expect(longestTickGapMs(expression)).toBe(gapMs);
  });

  test.each(["0 0 */2 * * *", "0 * 9-17 * * *", "0 * * 1 * *", "0 * * * * mon", "* * * * *"])(
    "%s may leave more than an hour",
    (expression) => {
      expect(longestTickGapMs(expression)).toBeUndefined();
    },
  );

  test("agrees with node-cron, second by second", () => {
    for (const expression of ["*/7 * * * * *", "3,50 */9 * * * *", "5-6 1-40/13 * * * *"]) {
      const matches = compileCron(expression, "Etc/UTC");
      let last: Instant | undefined;
      let longest = 0;
      for (let at = 0; at < 2 * HOUR_MS; at += 1_000) {
        if (!matches(at)) continue;
        if (last !== undefined) longest = Math.max(longest, at - last);
        last = at;
      }
      expect(longestTickGapMs(expression)).toBe(longest);
    }
  });
});

describe("longestClosedMs", () => {
  const window = (opens: string, hours: number, timezone = "Europe/London") =>
    compileWindow(opens, hours * HOUR_MS, timezone, compileCron);

  test.each([
    ["no window", [], 0],
    ["every day for 8 h, the hour of autumn included", [window("0 9 * * *", 8)], 17 * HOUR_MS],
    ["the same in a zone without summer time", [window("0 9 * * *", 8, "Asia/Tokyo")], 16 * HOUR_MS],
    ["working days", [window("0 9 * * mon-fri", 8)], 65 * HOUR_MS],
    [
      "a union of two that close each other's gaps",
      [window("0 0 * * *", 12, "UTC"), window("0 12 * * *", 12, "UTC")],
      0,
    ],
    ["a union over zones", [window("0 0 * * *", 6, "UTC"), window("0 12 * * *", 6, "Asia/Tokyo")], 15 * HOUR_MS],
    ["once a year", [window("0 0 1 1 *", 24, "UTC")], 365 * DAY_MS],
    ["once in four years", [window("0 0 29 2 *", 24, "UTC")], 731 * DAY_MS],
    [
      "often, on one day in years: the first of February that is a Monday",
      [window("0,1 * 1 2 mon", 1 / 60, "UTC")],
      732 * DAY_MS - 23 * HOUR_MS - 2 * MINUTE_MS,
    ],
    [
      "on two days, and then not again for years",
      [window("0 0 31 1 sun", 24, "UTC"), window("0 0 1 2 mon", 24, "UTC")],
      700 * DAY_MS,
    ],
    ["over the new year", [window("0 12 * * *", 24, "UTC")], 0],
    ["an opening that spring skips", [window("30 1 * * sun", 1)], 14 * DAY_MS - HOUR_MS - HOUR_MS],
  ])("%s", (_, windows, closedMs) => {
    expect(longestClosedMs(windows, compileCron)).toBe(closedMs);
  });

  test("agrees with what a renewal would wait, daylight saving included", () => {
    for (const windows of [
      [window("15 22 * * *", 3)],
      [window("0 3 * * 1,4", 30), window("30 1 * * sun", 2, "America/St_Johns")],
    ]) {
      const longest = longestClosedMs(windows, compileCron);
      // The clocks of London and St John's are set back in these weeks of 2027 and 2028.
      let seen = 0;
      for (const from of [Date.UTC(2027, 9, 20), Date.UTC(2028, 9, 20)]) {
        let closedAt: Instant | undefined;
        for (let at = from; at < from + 21 * DAY_MS; at += 15 * MINUTE_MS) {
          const isOpen = nextOpening(windows, at, at + 1) !== undefined;
          if (!isOpen) closedAt ??= at;
          else if (closedAt !== undefined) {
            seen = Math.max(seen, at - closedAt);
            closedAt = undefined;
          }
        }
      }
      expect(longest).toBe(seen);
    }
  });

  test("takes less than a second for windows that open every minute", () => {
    expect(longestClosedMs([window("* * * * *", 1 / 60)], compileCron)).toBe(0);
  });
});
