import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, parseDuration } from "../../src/core/duration.ts";
import {
  enduranceOf,
  longestClosed,
  reckonedLifetimeMs,
  recoveryMs,
  remedyFor,
  settingOf,
  type Terms,
} from "../../src/core/forecast.ts";
import { compileWindow } from "../../src/core/windows.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { declaredTarget, declaredToken, paceOf, START } from "./samples.ts";

const TICK_MS = 30_000;
const NEED_MS = 6 * HOUR_MS + 16 * MINUTE_MS;

const minutes = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min, max }).map((count) => count * MINUTE_MS);

function terms(over: Partial<Terms> = {}): Terms {
  return { lifetimeMs: 30 * DAY_MS, pace: paceOf(declaredToken()), closedMs: 0, tickMs: TICK_MS, ...over };
}

describe("how long an outage is outlasted", () => {
  it("is from the latest start of the renewal to the deadline, less what the retries may take", () => {
    expect(enduranceOf(terms())).toEqual({
      startsAfterMs: 20 * DAY_MS,
      mostMs: 10 * DAY_MS - NEED_MS,
      sureMs: 10 * DAY_MS - NEED_MS - recoveryMs(DAY_MS, TICK_MS),
    });
  });

  it("is shorter by the time in which windows are closed, down to what `latest` leaves", () => {
    expect(enduranceOf(terms({ closedMs: 2 * DAY_MS })).mostMs).toBe(8 * DAY_MS - NEED_MS);
    expect(enduranceOf(terms({ closedMs: 90 * DAY_MS })).mostMs).toBe(DAY_MS);
  });

  it("of one target's store goes by what that target needs", () => {
    const easy = declaredTarget({ holdMs: HOUR_MS, propagationMs: 0 });
    expect(enduranceOf(terms(), easy).mostMs).toBe(10 * DAY_MS - HOUR_MS - MINUTE_MS);
  });

  it("is never less than nothing", () => {
    const targets = [declaredTarget({ holdMs: 40 * DAY_MS })];
    expect(enduranceOf(terms({ pace: paceOf(declaredToken({ targets })) }))).toMatchObject({ mostMs: 0, sureMs: 0 });
  });
});

describe("what makes a token outlast an outage", () => {
  it("is to keep need, outage, recovery and closed windows in hand", () => {
    const remedy = remedyFor(terms({ closedMs: 2 * DAY_MS }), 12 * DAY_MS);
    expect(remedy).toMatchObject({ renewBeforeMs: 15 * DAY_MS, lifetimeMs: null, alternatives: [] });
    expect(remedy.arithmetic).toEqual([
      "renew_before at least 15 d = need 6 h 16 min + outage 12 d + recovery 1 h 1 min + windows closed 2 d",
      "at most 20 d = two thirds of the lifetime 30 d",
    ]);
  });

  it("beyond two thirds of the lifetime is a longer one, or less of what it is needed for", () => {
    const pace = paceOf(declaredToken({ targets: [declaredTarget({ holdMs: 3 * DAY_MS })] }));
    const remedy = remedyFor(terms({ closedMs: 2 * DAY_MS, pace }), 16 * DAY_MS);
    expect(remedy).toMatchObject({ renewBeforeMs: 22 * DAY_MS, lifetimeMs: 33 * DAY_MS });
    expect(remedy.alternatives).toEqual(["with `renew_before: 20d` a hold of at most 1 d in place of 3 d"]);
    expect(remedyFor(terms({ closedMs: 2 * DAY_MS }), 18 * DAY_MS).alternatives).toEqual([
      "with `renew_before: 20d` windows that are never closed for more than 1 d, in place of 2 d",
    ]);
  });

  it("is no shorter hold where another target needs as much for its propagation", () => {
    const targets = [declaredTarget({ holdMs: 3 * DAY_MS }), declaredTarget({ holdMs: 0, propagationMs: 3 * DAY_MS })];
    const pace = paceOf(declaredToken({ targets }));
    expect(remedyFor(terms({ pace }), 18 * DAY_MS).alternatives).toEqual([]);
  });

  const given = fc
    .record({
      lifetimeMs: fc.oneof(minutes(10, 60), minutes(60, 600), minutes(600, 400 * 1440)),
      outageMs: fc.oneof(fc.constant(MINUTE_MS), minutes(1, 90), minutes(60, 2_000 * 60)),
      tickMs: fc.constantFrom(5_000, TICK_MS, 5 * MINUTE_MS),
      holds: fc.array(fc.double({ min: 0, max: 0.4, noNaN: true }), { minLength: 1, maxLength: 2 }),
      propagationMs: minutes(0, 30),
      closedMs: fc.oneof(fc.constant(0), minutes(1, 72 * 60)),
    })
    .map(({ lifetimeMs, holds, propagationMs, tickMs, ...rest }) => {
      const targets = holds.map((share, index) =>
        declaredTarget({ holdMs: Math.round(share * lifetimeMs), propagationMs: index * propagationMs }),
      );
      const pace = { ...paceOf(declaredToken({ targets })), minIntervalMs: 2 * tickMs };
      return { ...rest, before: terms({ lifetimeMs, pace, closedMs: rest.closedMs, tickMs }) };
    });

  const withRemedy = (before: Terms, renewBeforeMs: number, over: Partial<Terms> = {}): Terms => {
    const { pace } = { ...before, ...over };
    return { ...before, ...over, pace: { ...pace, policy: { ...pace.policy, renewBefore: { ms: renewBeforeMs } } } };
  };

  it("with it, the schedule vouches for that outage, whatever the settings were", () => {
    fc.assert(
      fc.property(given, ({ before, outageMs }) => {
        const { renewBeforeMs, lifetimeMs } = remedyFor(before, outageMs);
        const after = withRemedy(before, renewBeforeMs, lifetimeMs === null ? {} : { lifetimeMs });
        expect(enduranceOf(after).sureMs).toBeGreaterThanOrEqual(outageMs);
        expect(parseDuration(settingOf(renewBeforeMs))).toBe(renewBeforeMs);
      }),
      { numRuns: 500 },
    );
  });

  it("each alternative to a longer life does as well, taken by its words", () => {
    const read = (text: string | undefined): number =>
      (text ?? "").split(" ").reduce((sum, word, index, words) => {
        const unit = { d: DAY_MS, h: HOUR_MS, min: MINUTE_MS, s: 1_000 }[words[index + 1] ?? ""];
        return unit === undefined ? sum : sum + Number(word) * unit;
      }, 0);
    let tried = 0;
    fc.assert(
      fc.property(given, ({ before, outageMs }) => {
        for (const words of remedyFor(before, outageMs).alternatives) {
          const [, renewBefore, hold, closed] =
            /^with `renew_before: (\w+)` (?:a hold of at most (.*) in place|windows .* for more than (.*), in place)/.exec(
              words,
            ) ?? [];
          const uses = before.pace.uses.map((use) => {
            return hold === undefined ? use : { ...use, holdMs: Math.min(use.holdMs, read(hold)) };
          });
          const closedMs = closed === undefined ? before.closedMs : read(closed);
          const after = { pace: { ...before.pace, uses }, closedMs };
          const renewBeforeMs = parseDuration(renewBefore ?? "") ?? Number.NaN;
          expect(enduranceOf(withRemedy(before, renewBeforeMs, after)).sureMs).toBeGreaterThanOrEqual(outageMs);
          tried += 1;
        }
      }),
      { numRuns: 500 },
    );
    expect(tried).toBeGreaterThan(20);
  });
});

describe("the longest time in which windows are closed", () => {
  const window = (opens: string, hours: number): ReturnType<typeof compileWindow> =>
    compileWindow(opens, hours * HOUR_MS, "Etc/UTC", compileCron);

  it("is the weekend for working hours", () => {
    const closed = longestClosed([window("0 9 * * mon-fri", 8)], START, START + 30 * DAY_MS);
    expect(closed).toEqual({
      fromAt: Date.parse("2026-07-03T17:00:00Z"),
      untilAt: Date.parse("2026-07-06T09:00:00Z"),
    });
  });

  it("is none without windows, and no time at all for those that are always open", () => {
    expect(longestClosed([], START, START + 30 * DAY_MS)).toBeNull();
    expect(longestClosed([window("0 * * * *", 1)], START, START + 30 * DAY_MS)).toEqual({
      fromAt: START,
      untilAt: START,
    });
  });

  it("is what is left where none opens any more", () => {
    const closed = longestClosed([window("0 9 1 1 *", 1)], START, START + 30 * DAY_MS);
    expect(closed).toEqual({ fromAt: START, untilAt: START + 30 * DAY_MS });
  });
});

it("a token without an end is reckoned to live as long as `renew_every` says, or for ever", () => {
  const request = { ...declaredToken().request, lifetimeMs: Infinity };
  const policy = declaredToken().policy;
  expect(reckonedLifetimeMs({ request, policy: { ...policy, renewEveryMs: DAY_MS } })).toBe(DAY_MS);
  expect(reckonedLifetimeMs({ request, policy })).toBe(Infinity);
});
