import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { deadlineAt, greatestNeedMs, leewayMs, needMs, type Pace, scheduleOf } from "../../src/core/schedule.ts";
import { DEADLINE, declaredToken, EXP, issue, LATEST, paceOf, RENEW, START } from "./samples.ts";

const pace = paceOf(declaredToken());

const lifetimes = fc.integer({ min: 10 * SECOND_MS, max: 400 * DAY_MS });
const spans = fc.oneof(
  fc.double({ min: 0.01, max: 0.99, noNaN: true }).map((share) => ({ share })),
  fc.integer({ min: 1, max: 400 * DAY_MS }).map((ms) => ({ ms })),
);
const paces: fc.Arbitrary<Pace> = fc.record({
  policy: fc.record({ renewBefore: spans, jitter: spans, repairMs: fc.nat(30 * DAY_MS) }),
  minIntervalMs: fc.integer({ min: 1, max: 30 * DAY_MS }),
  uses: fc.array(fc.record({ holdMs: fc.nat(10 * DAY_MS), propagationMs: fc.nat(HOUR_MS) }), { maxLength: 3 }),
});
const cases = fc.record({ lifetime: lifetimes, u: fc.double({ min: 0, max: 0.999, noNaN: true }), pace: paces });
const issueOf = (lifetime: number, u: number): { startAt: number; expAt: number; u: number } => ({
  startAt: START,
  expAt: START + lifetime,
  u,
});

describe("what a target needs", () => {
  it("is hold + propagation + leeway", () => {
    expect(needMs({ holdMs: 6 * HOUR_MS, propagationMs: 15 * MINUTE_MS }, 30 * DAY_MS)).toBe(
      6 * HOUR_MS + 16 * MINUTE_MS,
    );
  });

  it("has a leeway of a minute, or a twentieth of a short life", () => {
    expect(leewayMs(30 * DAY_MS)).toBe(MINUTE_MS);
    expect(leewayMs(2 * MINUTE_MS)).toBe(6 * SECOND_MS);
  });

  it("is the greatest over the targets, and the leeway where there is none", () => {
    const uses = [
      { holdMs: HOUR_MS, propagationMs: 0 },
      { holdMs: 2 * HOUR_MS, propagationMs: 0 },
    ];
    expect(greatestNeedMs(uses, DAY_MS)).toBe(2 * HOUR_MS + MINUTE_MS);
    expect(greatestNeedMs([], DAY_MS)).toBe(MINUTE_MS);
  });

  it("puts the deadline of a target at the expiry of what it holds less its own need", () => {
    const use = { holdMs: HOUR_MS, propagationMs: MINUTE_MS };
    expect(deadlineAt(issueOf(DAY_MS, 0), use)).toBe(START + DAY_MS - HOUR_MS - 2 * MINUTE_MS);
  });
});

describe("the schedule of an issue", () => {
  it("of 30 days is worked out as the table says", () => {
    expect(scheduleOf(issue(), pace)).toEqual({
      renewAt: RENEW,
      latestAt: LATEST,
      floorAt: START + 3 * DAY_MS,
      deadlineAt: DEADLINE,
    });
  });

  it("is drawn earlier by its share of the policy's jitter", () => {
    expect(scheduleOf(issue({ u: 0.5 }), pace).renewAt).toBe(RENEW - 0.5 * 0.05 * 30 * DAY_MS);
  });

  it("of the quick start (2 min, renew_before 50 %, hold 20 s, repair 10 s, tick 2 s) renews after a minute", () => {
    const quick: Pace = {
      policy: { renewBefore: { share: 0.5 }, jitter: { share: 0.05 }, repairMs: 10 * SECOND_MS },
      minIntervalMs: 4 * SECOND_MS,
      uses: [{ holdMs: 20 * SECOND_MS, propagationMs: 0 }],
    };
    const schedule = scheduleOf(issueOf(2 * MINUTE_MS, 0), quick);
    expect(schedule).toEqual({
      renewAt: START + 60 * SECOND_MS,
      latestAt: START + 84 * SECOND_MS,
      floorAt: START + 12 * SECOND_MS,
      deadlineAt: START + 94 * SECOND_MS,
    });
  });

  it("never renews before its floor, which is half of the life at the most: no renewal loop, whatever was issued", () => {
    fc.assert(
      fc.property(cases, ({ lifetime, u, pace: each }) => {
        const { renewAt, floorAt } = scheduleOf(issueOf(lifetime, u), each);
        expect(renewAt).toBeGreaterThanOrEqual(floorAt);
        expect(floorAt - START).toBeGreaterThanOrEqual(Math.floor(lifetime / 10));
        expect(floorAt - START).toBeLessThanOrEqual(Math.ceil(lifetime / 2));
      }),
    );
  });

  it("renews by `latest` wherever the floor allows it", () => {
    fc.assert(
      fc.property(cases, ({ lifetime, u, pace: each }) => {
        const { renewAt, latestAt, floorAt } = scheduleOf(issueOf(lifetime, u), each);
        expect(renewAt).toBeLessThanOrEqual(Math.max(latestAt, floorAt));
      }),
    );
  });

  it("keeps `repair`, but never more than a third of the slack, free before the deadline", () => {
    fc.assert(
      fc.property(cases, ({ lifetime, u, pace: each }) => {
        const { latestAt, deadlineAt: deadline } = scheduleOf(issueOf(lifetime, u), each);
        const need = greatestNeedMs(each.uses, lifetime);
        expect(Math.abs(START + lifetime - need - deadline)).toBeLessThanOrEqual(1);
        const free = Math.max(0, Math.min(each.policy.repairMs, (lifetime - need) / 3));
        expect(Math.abs(deadline - latestAt - free)).toBeLessThanOrEqual(2);
      }),
    );
  });

  it("draws earlier only, by at most the policy's jitter, and the same for the same draw", () => {
    fc.assert(
      fc.property(cases, ({ lifetime, u, pace: each }) => {
        const still = scheduleOf(issueOf(lifetime, 0), each);
        const drawn = scheduleOf(issueOf(lifetime, u), each);
        const { jitter } = each.policy;
        expect(drawn.renewAt).toBeLessThanOrEqual(still.renewAt);
        const most = "ms" in jitter ? jitter.ms : jitter.share * lifetime;
        expect(still.renewAt - drawn.renewAt).toBeLessThanOrEqual(u * most + 1);
        expect({ ...drawn, renewAt: 0 }).toEqual({ ...still, renewAt: 0 });
        expect(scheduleOf(issueOf(lifetime, u), each)).toEqual(drawn);
      }),
    );
  });

  it("never starts before two thirds of the life are left, however great `renew_before` is", () => {
    const eager: Pace = { ...pace, minIntervalMs: 1, policy: { ...pace.policy, renewBefore: { ms: 400 * DAY_MS } } };
    expect(scheduleOf(issue(), eager).renewAt).toBe(EXP - 20 * DAY_MS);
  });

  it("has whole milliseconds, for they are stored", () => {
    fc.assert(
      fc.property(cases, ({ lifetime, u, pace: each }) => {
        for (const at of Object.values(scheduleOf(issueOf(lifetime, u), each))) expect(Number.isInteger(at)).toBe(true);
      }),
    );
  });
});
