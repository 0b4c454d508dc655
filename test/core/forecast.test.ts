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
    expect(remedy.alternatives).toEqual(["a hold of at most 1 d in place of 3 d"]);
    expect(remedyFor(terms({ closedMs: 2 * DAY_MS }), 18 * DAY_MS).alternatives).toEqual([
      "windows that are never closed for more than 1 d, in place of 2 d",
    ]);
  });

  it("with it, the schedule vouches for that outage, whatever the settings were", () => {
    const given = fc.record({
      days: fc.integer({ min: 1, max: 400 }),
      outageHours: fc.integer({ min: 1, max: 2_000 }),
      holdHours: fc.integer({ min: 0, max: 8 }),
      closedHours: fc.integer({ min: 0, max: 72 }),
    });
    fc.assert(
      fc.property(given, ({ days, outageHours, holdHours, closedHours }) => {
        const declared = declaredToken({ targets: [declaredTarget({ holdMs: holdHours * HOUR_MS })] });
        const before = terms({ lifetimeMs: days * DAY_MS, pace: paceOf(declared), closedMs: closedHours * HOUR_MS });
        const remedy = remedyFor(before, outageHours * HOUR_MS);
        const policy = { ...declared.policy, renewBefore: { ms: remedy.renewBeforeMs } };
        const lifetimeMs = remedy.lifetimeMs ?? before.lifetimeMs;
        const after = { ...before, lifetimeMs, pace: { ...before.pace, policy } };
        expect(enduranceOf(after).sureMs).toBeGreaterThanOrEqual(outageHours * HOUR_MS);
        expect(parseDuration(settingOf(remedy.renewBeforeMs))).toBe(remedy.renewBeforeMs);
      }),
    );
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
