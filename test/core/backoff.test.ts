import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CALLS_PER_HOUR_ONE,
  callAllowedAt,
  type Failed,
  nextTryAt,
  retryCapMs,
  RETRY_DELAY_MS_MAX,
  triesInHour,
  withCall,
} from "../../src/core/backoff.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";

const NOW = Date.parse("2026-07-01T08:00:00Z");
const calm = { deadlineAt: NOW + 20 * DAY_MS, expAt: NOW + 21 * DAY_MS };
const soon = (attempts: number): Failed => ({ attempts, retry: "soon", retryAfterMs: undefined, triesLeft: 99 });
/** Without the spread: its greatest delay. */
const delayMs = (failed: Failed, urgency = calm): number => nextTryAt(failed, urgency, 1, NOW) - NOW;

describe("the longest pause between two tries", () => {
  it.each([
    ["a tenth of what is left before the deadline", NOW + 5 * HOUR_MS, NOW + DAY_MS, 30 * MINUTE_MS],
    ["at most an hour", NOW + 20 * DAY_MS, NOW + 21 * DAY_MS, HOUR_MS],
    ["at least 30 s", NOW + 60 * SECOND_MS, NOW + DAY_MS, 30 * SECOND_MS],
    ["a tenth of what is left before the expiry, after the deadline", NOW, NOW + 5 * HOUR_MS, 30 * MINUTE_MS],
    ["at least 30 s just before the expiry", NOW - HOUR_MS, NOW + 1, 30 * SECOND_MS],
    ["15 min after the expiry", NOW - HOUR_MS, NOW, 15 * MINUTE_MS],
    ["15 min where nothing is known yet", null, null, 15 * MINUTE_MS],
    ["a tenth up to the expiry where there is no deadline", null, NOW + 5 * HOUR_MS, 30 * MINUTE_MS],
  ])("is %s", (_, deadlineAt, expAt, capMs) => expect(retryCapMs({ deadlineAt, expAt }, NOW)).toBe(capMs));
});

describe("the next try", () => {
  it("comes soon four times, then so far apart that an hour's calls last, then doubles up to the cap", () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1_000].map(
      (attempts) => delayMs(soon(attempts)) / SECOND_MS,
    );
    expect(delays).toEqual([5, 10, 20, 600, 600, 600, 600, 640, 1_280, 2_560, 3_600, 3_600, 3_600]);
  });

  it.each(["slow", "person"] as const)("starts at the cap for what asking again cannot change (%s)", (retry) => {
    expect(delayMs({ attempts: 1, retry, retryAfterMs: undefined, triesLeft: 99 })).toBe(HOUR_MS);
  });

  it("keeps to what the service asks for, up to an hour", () => {
    expect(delayMs({ ...soon(1), retryAfterMs: 90_000 })).toBe(90_000);
    expect(delayMs({ ...soon(1), retryAfterMs: 1_000 })).toBe(5_000);
    expect(delayMs({ ...soon(1), retryAfterMs: 30 * DAY_MS })).toBe(HOUR_MS);
  });

  it("before a deadline within the hour leaves as much time as the tries that the hour has room for can be spread over", () => {
    const near = { deadlineAt: NOW + 24 * MINUTE_MS, expAt: NOW + HOUR_MS };
    const delayOf = (attempts: number, left: number): number => delayMs({ ...soon(attempts), triesLeft: left }, near);
    expect([delayOf(1, 5), delayOf(2, 4)].map((ms) => ms / SECOND_MS)).toEqual([5, 10]);
    expect([delayOf(3, 3), delayOf(4, 2), delayOf(5, 1)].map((ms) => ms / MINUTE_MS)).toEqual([6, 8, 12]);
    const cap = retryCapMs(near, NOW);
    expect(delayOf(6, 0)).toBeLessThanOrEqual(cap);
  });

  it("is spread over the last tenth, so that many who failed together come back apart", () => {
    const spread = [0, 0.5, 1].map((share) => nextTryAt(soon(5), calm, share, NOW) - NOW);
    expect(spread).toEqual([540_000, 570_000, 600_000]);
  });

  it("is always ahead, never later than the urgency allows, and never past what a stored retry may be", () => {
    const attempts = fc.integer({ min: 1, max: 100_000 });
    const left = fc.integer({ min: -DAY_MS, max: 60 * DAY_MS });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const retry = fc.constantFrom("soon", "slow", "person");
    fc.assert(
      fc.property(attempts, left, share, retry, (tries, leftMs, drawn, each) => {
        const urgency = { deadlineAt: NOW + leftMs, expAt: NOW + leftMs + DAY_MS };
        const at = nextTryAt(
          { attempts: tries, retry: each, retryAfterMs: undefined, triesLeft: 99 },
          urgency,
          drawn,
          NOW,
        );
        expect(at).toBeGreaterThan(NOW);
        expect(at - NOW).toBeLessThanOrEqual(retryCapMs(urgency, NOW));
        expect(at - NOW).toBeLessThanOrEqual(RETRY_DELAY_MS_MAX);
        expect(Number.isInteger(at)).toBe(true);
      }),
    );
  });

  it("leaves at least ten tries for the last tenth of the way to a deadline an hour off", () => {
    const deadlineAt = NOW + HOUR_MS;
    let now = NOW + 54 * MINUTE_MS;
    let tries = 0;
    while (now < deadlineAt) {
      now = nextTryAt(
        { attempts: 99, retry: "person", retryAfterMs: undefined, triesLeft: 99 },
        { deadlineAt, expAt: null },
        1,
        now,
      );
      tries += 1;
    }
    expect(tries).toBeGreaterThanOrEqual(10);
  });
});

describe("the calls of an hour", () => {
  it("have room for so many tries more", () => {
    const calls = (count: number): readonly number[] =>
      Array.from({ length: count }, (_, minute) => NOW - minute * MINUTE_MS);
    expect([0, 2, 3, 11, 12].map((count) => triesInHour(calls(count), NOW))).toEqual([6, 5, 4, 0, 0]);
    expect(triesInHour([NOW - HOUR_MS, NOW - 1], NOW)).toBe(5);
  });

  it("are allowed up to the limit, then again an hour after the oldest", () => {
    const calls = [3, 2, 1].map((minute) => NOW - minute * MINUTE_MS);
    expect(callAllowedAt(calls, NOW, 4)).toBe(NOW);
    expect(callAllowedAt(calls, NOW, 3)).toBe(NOW - 3 * MINUTE_MS + HOUR_MS);
    expect(callAllowedAt(calls, NOW, 1)).toBe(NOW - MINUTE_MS + HOUR_MS);
    expect(callAllowedAt([NOW], NOW, 1)).toBe(NOW + HOUR_MS);
  });

  it("forget what is an hour old, and what a clock that was set back left in the future", () => {
    expect(callAllowedAt([NOW - HOUR_MS], NOW, 1)).toBe(NOW);
    expect(callAllowedAt([NOW + 1], NOW, 1)).toBe(NOW);
    expect(withCall([NOW - HOUR_MS, NOW - 1, NOW + 1], NOW, 12)).toEqual([NOW - 1, NOW]);
  });

  it("are never more than the limit in any hour, and the list never longer than it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20 * MINUTE_MS), { maxLength: 100 }), (pauses) => {
        let calls: readonly number[] = [];
        const made: number[] = [];
        let now = NOW;
        for (const pause of pauses) {
          now += pause;
          if (callAllowedAt(calls, now, CALLS_PER_HOUR_ONE) > now) continue;
          calls = withCall(calls, now, CALLS_PER_HOUR_ONE);
          made.push(now);
          expect(calls.length).toBeLessThanOrEqual(CALLS_PER_HOUR_ONE);
        }
        for (const at of made) {
          const inHour = made.filter((each) => each > at - HOUR_MS && each <= at);
          expect(inHour.length).toBeLessThanOrEqual(CALLS_PER_HOUR_ONE);
        }
      }),
    );
  });
});
