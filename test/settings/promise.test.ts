import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { greatestNeedMs, scheduleOf } from "../../src/core/schedule.ts";
import { type Asked, promiseProblem } from "../../src/settings/promise.ts";

interface Wishes {
  readonly lifetimeMs: number;
  readonly holdMs: number;
  readonly repairMs?: number;
  readonly minIntervalMs?: number;
  readonly longestClosedMs?: number;
}

function asked({
  lifetimeMs,
  holdMs,
  repairMs = DAY_MS,
  minIntervalMs = MINUTE_MS,
  longestClosedMs = 0,
}: Wishes): Asked {
  const uses = [{ label: "airflow", holdMs, propagationMs: 0 }];
  const policy = { renewBefore: { share: 0.33 }, jitter: { share: 0.05 }, repairMs };
  return { lifetimeMs, uses, pace: { policy, minIntervalMs, uses }, longestClosedMs };
}

describe("a promise that can be kept", () => {
  test.each([
    [
      "the quick start",
      { lifetimeMs: 2 * MINUTE_MS, holdMs: 20 * SECOND_MS, repairMs: 10 * SECOND_MS, minIntervalMs: 4 * SECOND_MS },
    ],
    ["a month and an Airflow task", { lifetimeMs: 30 * DAY_MS, holdMs: 6 * HOUR_MS }],
    [
      "a repair longer than there is room for, of which a third of the room counts",
      { lifetimeMs: HOUR_MS, holdMs: MINUTE_MS },
    ],
    ["windows closed over a weekend", { lifetimeMs: 30 * DAY_MS, holdMs: 6 * HOUR_MS, longestClosedMs: 64 * HOUR_MS }],
  ])("%s", (_, wishes) => {
    expect(promiseProblem(asked(wishes))).toBeUndefined();
  });
});

describe("a promise that cannot be kept names what has to change", () => {
  test("a hold that is no shorter than the lifetime", () => {
    expect(promiseProblem(asked({ lifetimeMs: HOUR_MS, holdMs: 59 * MINUTE_MS }))).toMatchObject({
      about: { kind: "target", label: "airflow" },
      message:
        "airflow: hold 59 min + propagation 0 s + leeway 1 min = 1 h, but a token lives only 1 h: no reader could be promised its hold",
    });
  });

  test("a hold that leaves no time to renew", () => {
    const broken = promiseProblem(asked({ lifetimeMs: HOUR_MS, holdMs: 55 * MINUTE_MS, repairMs: MINUTE_MS }));
    expect(broken).toMatchObject({
      about: { kind: "lifetime" },
      message: expect.stringMatching(
        /lifetime 1 h - need 56 min .* - repair 1 min leaves 3 min to renew in, but no renewal starts within 6 min/,
      ),
      hint: "Ask for a longer `request.lifetime`, or lower `hold` or `propagation` or the policy's `repair`.",
    });
  });

  test("a tick too slow for the lifetime", () => {
    const broken = promiseProblem(
      asked({ lifetimeMs: 2 * MINUTE_MS, holdMs: 50 * SECOND_MS, repairMs: 20 * SECOND_MS }),
    );
    expect(broken?.hint).toMatch(/tick more often/);
  });

  test("windows whose opening a wider renew_before would reach", () => {
    const broken = promiseProblem(asked({ lifetimeMs: 30 * DAY_MS, holdMs: HOUR_MS, longestClosedMs: 12 * DAY_MS }));
    expect(broken).toMatchObject({ about: { kind: "windows" }, hint: expect.stringContaining("raise `renew_before`") });
  });
});

test("what is let through leaves a renewal between the floor and the deadline, and an opening before it is urgent", () => {
  const ms = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });
  const wishes = fc.record({
    lifetimeMs: fc.oneof(ms(10 * MINUTE_MS), ms(60 * DAY_MS)),
    holdMs: fc.oneof(ms(10 * MINUTE_MS), ms(60 * DAY_MS)),
    repairMs: ms(3 * DAY_MS),
    minIntervalMs: ms(20 * MINUTE_MS),
    longestClosedMs: fc.oneof(fc.constant(0), ms(10 * DAY_MS)),
  });
  let kept = 0;
  fc.assert(
    fc.property(wishes, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (wish, u) => {
      const judged = asked(wish);
      if (promiseProblem(judged) !== undefined) return;
      kept++;
      const { pace, lifetimeMs } = judged;
      const { floorAt, renewAt, latestAt, deadlineAt } = scheduleOf({ startAt: 0, expAt: lifetimeMs, u }, pace);
      expect(greatestNeedMs(pace.uses, lifetimeMs)).toBeLessThan(lifetimeMs);
      expect(floorAt).toBeLessThanOrEqual(renewAt);
      expect(renewAt + wish.longestClosedMs).toBeLessThanOrEqual(latestAt);
      expect(latestAt).toBeLessThanOrEqual(deadlineAt);
    }),
    { numRuns: 2_000 },
  );
  expect(kept).toBeGreaterThan(100);
});
