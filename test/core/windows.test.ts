import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Window } from "../../src/core/policy.ts";
import { compileWindow, isOpen, nextOpening } from "../../src/core/windows.ts";
import { compileCron } from "../../src/runtime/cron.ts";

const at = (text: string): Instant => Date.parse(text);
const london = (opens: string, forMs: number): Window => compileWindow(opens, forMs, "Europe/London", compileCron);
const shown = (instant: Instant | undefined): string | undefined =>
  instant === undefined ? undefined : `${new Date(instant).toISOString().slice(0, 16)}Z`;

describe("a window", () => {
  const office = london("0 9 * * mon-fri", 8 * HOUR_MS);

  it("opens by the wall time of its zone: nine in London is 08:00Z in July, 09:00Z in January", () => {
    expect(isOpen([office], at("2026-07-01T07:59:59.999Z"))).toBe(false);
    expect(isOpen([office], at("2026-07-01T08:00:00.000Z"))).toBe(true);
    expect(isOpen([office], at("2026-01-07T08:59:59.999Z"))).toBe(false);
    expect(isOpen([office], at("2026-01-07T09:00:00.000Z"))).toBe(true);
  });

  it("is open for its elapsed time and not a millisecond longer", () => {
    expect(isOpen([office], at("2026-07-01T15:59:59.999Z"))).toBe(true);
    expect(isOpen([office], at("2026-07-01T16:00:00.000Z"))).toBe(false);
  });

  it("stays shut at the weekend", () => {
    expect(isOpen([office], at("2026-07-04T10:00Z"))).toBe(false);
    expect(shown(nextOpening([office], at("2026-07-03T16:00Z"), at("2026-08-01T00:00Z")))).toBe("2026-07-06T08:00Z");
  });

  it("that opens at a time the spring night leaves out does not open that night", () => {
    const night = london("30 1 * * *", HOUR_MS);
    expect(shown(nextOpening([night], at("2026-03-28T12:00Z"), at("2026-04-10T00:00Z")))).toBe("2026-03-30T00:30Z");
  });

  it("that opens at a time the autumn night has twice opens twice", () => {
    const night = london("30 1 * * *", 10 * MINUTE_MS);
    const first = nextOpening([night], at("2026-10-24T12:00Z"), at("2026-11-10T00:00Z"));
    expect(shown(first)).toBe("2026-10-25T00:30Z");
    expect(shown(nextOpening([night], (first ?? 0) + 10 * MINUTE_MS, at("2026-11-10T00:00Z")))).toBe(
      "2026-10-25T01:30Z",
    );
  });

  it("over a change of the clocks ends by elapsed time: 22:00 for 8 h ends at 07:00 in spring, at 05:00 in autumn", () => {
    const nightly = london("0 22 * * *", 8 * HOUR_MS);
    // 22:00 GMT + 8 h is 06:00Z, which is 07:00 BST.
    expect(isOpen([nightly], at("2026-03-29T05:59:59Z"))).toBe(true);
    expect(isOpen([nightly], at("2026-03-29T06:00:00Z"))).toBe(false);
    // 22:00 BST is 21:00Z; + 8 h is 05:00Z, which is 05:00 GMT.
    expect(isOpen([nightly], at("2026-10-25T04:59:59Z"))).toBe(true);
    expect(isOpen([nightly], at("2026-10-25T05:00:00Z"))).toBe(false);
  });

  it("that lasts longer than a day is found from its opening days before", () => {
    const weekend = london("0 18 * * fri", 60 * HOUR_MS);
    expect(isOpen([weekend], at("2026-07-06T04:59Z"))).toBe(true);
    expect(isOpen([weekend], at("2026-07-06T05:00Z"))).toBe(false);
  });

  it("in a zone half an hour off opens at its own minute", () => {
    const delhi = compileWindow("5 9 * * *", HOUR_MS, "Asia/Kolkata", compileCron);
    expect(shown(nextOpening([delhi], at("2026-07-01T00:00Z"), at("2026-07-02T00:00Z")))).toBe("2026-07-01T03:35Z");
  });
});

describe("several windows", () => {
  const morning = london("0 9 * * *", HOUR_MS);
  const evening = london("0 20 * * *", HOUR_MS);

  it("are a union, whichever comes first in the list", () => {
    for (const windows of [
      [morning, evening],
      [evening, morning],
    ]) {
      expect(isOpen(windows, at("2026-07-01T08:30Z"))).toBe(true);
      expect(isOpen(windows, at("2026-07-01T19:30Z"))).toBe(true);
      expect(isOpen(windows, at("2026-07-01T12:00Z"))).toBe(false);
      expect(shown(nextOpening(windows, at("2026-07-01T12:00Z"), at("2026-07-09T00:00Z")))).toBe("2026-07-01T19:00Z");
    }
  });

  it("none declared means always", () => {
    expect(isOpen([], START_OF_TIME)).toBe(true);
    expect(nextOpening([], 7, 8)).toBe(7);
  });
});

const START_OF_TIME = 0;

describe("the next opening", () => {
  const nine = london("0 9 * * *", HOUR_MS);

  it("is now while one is open", () => {
    const now = at("2026-07-01T08:30:12.345Z");
    expect(nextOpening([nine], now, now + DAY_MS)).toBe(now);
  });

  it("must come before the end: an opening at that very instant is none", () => {
    const from = at("2026-07-01T00:00Z");
    expect(nextOpening([nine], from, at("2026-07-01T08:00Z"))).toBeUndefined();
    expect(shown(nextOpening([nine], from, at("2026-07-01T08:00Z") + 1))).toBe("2026-07-01T08:00Z");
    expect(nextOpening([nine], at("2026-07-01T08:30Z"), at("2026-07-01T08:30Z"))).toBeUndefined();
  });

  it("a year ahead is found by quarter hours, and looked up only once", () => {
    const counted = { matches: 0, mayMatch: 0 };
    const once = london("30 3 1 7 *", HOUR_MS);
    const window: Window = {
      ...once,
      matches: (instant) => ((counted.matches += 1), once.matches(instant)),
      mayMatch: (instant) => ((counted.mayMatch += 1), once.mayMatch(instant)),
    };
    const from = at("2026-07-01T12:00Z");
    const found = nextOpening([window], from, from + 400 * DAY_MS);
    expect(shown(found)).toBe("2027-07-01T02:30Z");
    expect(counted.mayMatch).toBeLessThanOrEqual(367 * 96);
    expect(counted.matches).toBeLessThanOrEqual(2 * 60);
    const before = { ...counted };
    expect(nextOpening([window], from + DAY_MS, from + 400 * DAY_MS)).toBe(found);
    expect(counted).toEqual(before);
  });

  it("gives up after a year: 29 February is no window for a renewal", () => {
    const leap = london("0 9 29 2 *", HOUR_MS);
    expect(nextOpening([leap], at("2026-07-01T00:00Z"), at("2036-07-01T00:00Z"))).toBeUndefined();
  });
});

describe("compileWindow", () => {
  it("refuses a bad expression and a bad zone when it is made, not when it is used", () => {
    const refused = expect.objectContaining({ code: "settings_invalid" }) as Error;
    expect(() => london("0 25 * * *", HOUR_MS)).toThrow(refused);
    expect(() => compileWindow("0 9 * * *", HOUR_MS, "Europe/Lundon", compileCron)).toThrow(refused);
  });
});
