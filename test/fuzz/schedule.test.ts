import fc from "fast-check";
import { expect } from "vitest";
import { openingFrom } from "../../src/core/decide.ts";
import { DAY_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { greatestNeedMs, leewayMs, scheduleOf } from "../../src/core/schedule.ts";
import { isOpen } from "../../src/core/windows.ts";
import { issue } from "../core/samples.ts";
import { fuzz } from "./fuzz.ts";
import { acceptedDeclared, anyIssue, anyPace } from "./schedule-arbitraries.ts";

/** Instants of a schedule are rounded to the millisecond. */
const ROUNDING_MS = 1;

fuzz(
  "the instants of any issue under any policy are whole, in order, and no renewal comes before the floor",
  5_000,
  fc.property(anyIssue, anyPace, (held, pace) => {
    const { renewAt, latestAt, floorAt, deadlineAt } = scheduleOf(held, pace);
    const lifetime = held.expAt - held.startAt;
    for (const at of [renewAt, latestAt, floorAt, deadlineAt]) expect(Number.isSafeInteger(at)).toBe(true);
    expect(latestAt).toBeLessThanOrEqual(deadlineAt);
    expect(deadlineAt).toBeLessThanOrEqual(held.expAt);
    expect(renewAt).toBeGreaterThanOrEqual(floorAt);
    expect(floorAt - held.startAt).toBeGreaterThanOrEqual(Math.floor(lifetime / 10));
    expect(floorAt - held.startAt).toBeLessThanOrEqual(Math.ceil(lifetime / 2));
    expect(renewAt).toBeLessThanOrEqual(Math.max(floorAt, latestAt));
    // A third of the life is over before any renewal, unless readers need more than that.
    if (held.u === 0)
      expect(renewAt).toBeGreaterThanOrEqual(Math.min(held.startAt + lifetime / 3, latestAt) - ROUNDING_MS);
  }),
);

fuzz(
  "the formulas of the design give the same instants",
  3_000,
  fc.property(anyIssue, anyPace, (held, pace) => {
    const schedule = scheduleOf(held, pace);
    const { startAt, expAt, u } = held;
    const { policy, uses, minIntervalMs } = pace;
    const L = expAt - startAt;
    const leeway = Math.min(MINUTE_MS, L / 20);
    const need = Math.max(leeway, ...uses.map((use) => use.holdMs + use.propagationMs + leeway));
    const ofLife = (span: typeof policy.jitter): number => ("share" in span ? span.share * L : span.ms);
    const latest = expAt - need - Math.max(0, Math.min(policy.repairMs, (L - need) / 3));
    const floor = startAt + Math.min(Math.max(minIntervalMs, L / 10), L / 2);
    const planned = Math.min(expAt - Math.min(ofLife(policy.renewBefore), (2 * L) / 3), latest);
    expect(Math.abs(schedule.latestAt - latest)).toBeLessThanOrEqual(ROUNDING_MS);
    expect(Math.abs(schedule.floorAt - floor)).toBeLessThanOrEqual(ROUNDING_MS);
    expect(Math.abs(schedule.deadlineAt - (expAt - need))).toBeLessThanOrEqual(ROUNDING_MS);
    const renewal = Math.max(floor, planned - u * ofLife(policy.jitter));
    expect(Math.abs(schedule.renewAt - renewal)).toBeLessThanOrEqual(ROUNDING_MS);
    expect([leewayMs(L), greatestNeedMs(uses, L)]).toEqual([leeway, need]);
  }),
);

fuzz(
  "jitter only ever makes a renewal earlier, and more of it the earlier",
  2_000,
  fc.property(anyIssue, anyPace, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (held, pace, other) => {
    const [less, more] = [Math.min(held.u, other), Math.max(held.u, other)];
    const none = scheduleOf({ ...held, u: 0 }, pace);
    const early = scheduleOf({ ...held, u: less }, pace);
    const earlier = scheduleOf({ ...held, u: more }, pace);
    expect(early.renewAt).toBeLessThanOrEqual(none.renewAt);
    expect(earlier.renewAt).toBeLessThanOrEqual(early.renewAt);
    expect({ ...earlier, renewAt: 0 }).toEqual({ ...none, renewAt: 0 });
  }),
);

fuzz(
  "a renewal of accepted settings may always start in a window, and then has all of `repair` before the deadline",
  400,
  fc.property(
    acceptedDeclared,
    fc.integer({ min: Date.UTC(2027, 0, 4), max: Date.UTC(2028, 10, 1) }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    ({ declared, pace }, start, u) => {
      const { lifetimeMs } = declared.request;
      // What the settings promise of windows was counted over these two years.
      fc.pre(start + lifetimeMs < Date.UTC(2028, 11, 25));
      const held = issue({ startAt: start, expAt: start + lifetimeMs, u });
      const { renewAt, latestAt, deadlineAt, floorAt } = scheduleOf(held, pace);
      expect(floorAt).toBeLessThanOrEqual(latestAt);
      const from = openingFrom({ declared }, renewAt, latestAt);
      expect(from).toBeGreaterThanOrEqual(renewAt);
      expect(from).toBeLessThanOrEqual(latestAt);
      expect(isOpen(declared.policy.windows, from)).toBe(true);
      const need = greatestNeedMs(pace.uses, lifetimeMs);
      const repairMs = Math.min(declared.policy.repairMs, (lifetimeMs - need) / 3);
      expect(from + repairMs).toBeLessThanOrEqual(deadlineAt + ROUNDING_MS);
      expect(deadlineAt - start).toBeGreaterThan(0);
      expect(lifetimeMs).toBeLessThanOrEqual(3_653 * DAY_MS);
    },
  ),
);
