import fc from "fast-check";
import { expect } from "vitest";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Window } from "../../src/core/policy.ts";
import { compileWindow, isOpen, nextOpening } from "../../src/core/windows.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { longestClosedMs } from "../../src/settings/closed-gap.ts";
import { changesOf, type CronModel, cronModel, modelOpenings, ZONES } from "./cron-model.ts";
import { fuzz } from "./fuzz.ts";

interface Declared {
  readonly model: CronModel;
  readonly zone: string;
  readonly forMs: number;
}

const zone = fc.constantFrom(...ZONES);
const declared: fc.Arbitrary<Declared> = fc.record({
  model: cronModel,
  zone,
  forMs: fc.oneof(
    fc.integer({ min: 1, max: 180 }).map((minutes) => minutes * MINUTE_MS),
    fc.integer({ min: MINUTE_MS, max: 36 * HOUR_MS }),
  ),
});
const windowOf = ({ model, zone: timezone, forMs }: Declared): Window =>
  compileWindow(model.text, forMs, timezone, compileCron);

/** An instant of 2026 or 2027, most often within a day of a change of the zone's clock. */
const instant: fc.Arbitrary<Instant> = fc
  .tuple(zone, fc.integer({ min: 2026, max: 2027 }), fc.nat(), fc.integer({ min: -DAY_MS, max: DAY_MS }), fc.nat())
  .map(([of, year, which, awayMs, anywhere]) => {
    const changes = changesOf(of, year);
    const change = changes[which % (changes.length + 1)];
    return change === undefined ? Date.UTC(year, 0, 1) + (anywhere % (365 * DAY_MS)) : change + awayMs;
  });
const wholeMinute = (at: Instant): Instant => Math.floor(at / MINUTE_MS) * MINUTE_MS;

function openIn(all: readonly Declared[], openings: readonly (readonly Instant[])[], at: Instant): boolean {
  return all.some(({ forMs }, index) => openings[index]?.some((from) => from <= at && at < from + forMs));
}

fuzz(
  "windows are open, and open next, exactly when the wall clocks of their zones say so, over every change of the clocks",
  25,
  fc.property(
    fc.array(declared, { minLength: 1, maxLength: 3 }),
    instant,
    fc.array(fc.integer({ min: -DAY_MS, max: 2 * DAY_MS }), { minLength: 8, maxLength: 8 }),
    (all, near, offsets) => {
      const windows = all.map(windowOf);
      const from = wholeMinute(near - 3 * DAY_MS);
      const until = wholeMinute(near + 3 * DAY_MS);
      const openings = all.map(({ model, zone: timezone }) => modelOpenings(model, timezone, from, until));
      const edges = openings.flatMap((list, index) =>
        list
          .slice(0, 40)
          .flatMap((at) => [at - 1, at, at + (all[index]?.forMs ?? 0) - 1, at + (all[index]?.forMs ?? 0)]),
      );
      for (const at of [...offsets.map((offset) => near + offset), ...edges]) {
        if (at < from + 37 * HOUR_MS || at >= until) continue;
        const open = openIn(all, openings, at);
        expect(isOpen(windows, at), new Date(at).toISOString()).toBe(open);
        const next = openings.flat().reduce((least, each) => (each >= at && each < least ? each : least), Infinity);
        const expected = open ? at : next;
        const found = nextOpening(windows, at, until);
        expect(found ?? Infinity, new Date(at).toISOString()).toBe(expected < until ? expected : Infinity);
      }
    },
  ),
);

fuzz(
  "the next opening lies before the limit, never before the start, and nothing opens in between",
  50,
  fc.property(
    fc.array(declared, { minLength: 1, maxLength: 3 }),
    instant,
    fc.integer({ min: -DAY_MS, max: 40 * DAY_MS }),
    (all, from, aheadMs) => {
      const windows = all.map(windowOf);
      const found = nextOpening(windows, from, from + aheadMs);
      if (found === undefined) return;
      expect(found).toBeGreaterThanOrEqual(from);
      expect(found).toBeLessThan(from + aheadMs);
      expect(isOpen(windows, found)).toBe(true);
      if (found === from) return;
      expect(isOpen(windows, found - 1)).toBe(false);
      expect(nextOpening(windows, from, found)).toBeUndefined();
      expect(nextOpening(windows, found - 1, from + aheadMs)).toBe(found);
    },
  ),
);

/** Dates that come seldom or never; each with its greatest distance in days. */
const rare = fc.constantFrom(
  "0 0 29 2 *",
  "0 0 30 2,4 mon",
  "59 23 31 12 sat",
  "30 1 29 2 tue",
  "0 0 13 * fri",
  "0 12 1 1 *",
);

fuzz(
  "a window that opens hardly ever costs one look at each quarter hour of a year, and nothing the second time",
  4,
  fc.property(rare, zone, instant, fc.integer({ min: MINUTE_MS, max: DAY_MS }), (text, timezone, from, forMs) => {
    let looks = 0;
    const counting = (expression: string, name: string): ((at: Instant) => boolean) => {
      const matches = compileCron(expression, name);
      return (at) => {
        looks += 1;
        return matches(at);
      };
    };
    const window = compileWindow(text, forMs, timezone, counting);
    nextOpening([window], from, Infinity);
    // A day before, a year after, and all minutes of the quarters that can match.
    expect(looks).toBeLessThanOrEqual(370 * 96 + 370 * 24 * 60);
    const first = looks;
    nextOpening([window], from + HOUR_MS, Infinity);
    expect(looks - first).toBeLessThanOrEqual(2 * 96);
  }),
);

fuzz(
  "no stretch of time is closed for longer than the settings count with",
  6,
  fc.property(
    fc.array(declared, { minLength: 1, maxLength: 2 }),
    zone,
    fc.nat({ max: 600 }),
    (declaredWindows, changing, days) => {
      const all = declaredWindows.map((each) => ({ ...each, zone: each.zone === "UTC" ? changing : each.zone }));
      const longest = longestClosedMs(all.map(windowOf), compileCron);
      const from = Date.UTC(2027, 0, 1) + days * DAY_MS;
      const until = Math.min(from + 60 * DAY_MS, Date.UTC(2028, 11, 28));
      const open = all
        .flatMap(({ model, zone: timezone, forMs }) =>
          modelOpenings(model, timezone, from, until).map((at) => ({ at, end: at + forMs })),
        )
        .sort((a, b) => a.at - b.at);
      // What opened before this stretch began may still have been open in its first hours.
      let openUntil = from + 37 * HOUR_MS;
      for (const { at, end } of open) {
        expect(at - openUntil, new Date(at).toISOString()).toBeLessThanOrEqual(longest);
        openUntil = Math.max(openUntil, end);
      }
    },
  ),
);
