import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calendarOf, CALENDAR_ENTRIES_OF_TOKEN_MAX, entriesOf } from "../../src/core/calendar.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { issueOf, memberOf, NOW, reportOf, run, viewOf, WORKING_HOURS } from "./bench.ts";

const LIFETIME_MS = 30 * DAY_MS;
const UNTIL = NOW + 65 * DAY_MS;

describe("the calendar of a token", () => {
  it("has the next renewal as it will be, and those after it as far as jitter lets it tell", () => {
    const member = memberOf({ policy: { jitter: { share: 0.1 } } });
    const view = viewOf(member, issueOf(NOW, LIFETIME_MS, 0.5));
    const [first, second, third] = entriesOf(view, NOW, UNTIL);
    const at = NOW + 18.5 * DAY_MS;
    expect(first).toMatchObject({ token: "flow", name: "name-of-flow", issuer: "flowauth", what: "renewal" });
    expect(first).toMatchObject({ at, earliestAt: at, latestAt: at });
    expect(first?.deadlineAt).toBe(NOW + LIFETIME_MS - 6 * HOUR_MS - 2 * MINUTE_MS);
    expect(second).toMatchObject({ at: at + 18.5 * DAY_MS, earliestAt: at + 17 * DAY_MS });
    expect(second?.latestAt).toBe(at + 20 * DAY_MS + MINUTE_MS);
    expect(second?.deadlineAt).toBe(at + LIFETIME_MS - 6 * HOUR_MS - 2 * MINUTE_MS);
    expect(third?.earliestAt).toBe(at + 34 * DAY_MS);
  });

  it("says why each is then", () => {
    const plain = entriesOf(viewOf(memberOf(), issueOf(NOW, LIFETIME_MS)), NOW, UNTIL);
    expect(plain.map(({ reason }) => reason)).toEqual([
      "due 2026-12-21T00:00:00Z, 20 d from now",
      "with 10 d of its 30 d left",
      "with 10 d of its 30 d left",
    ]);
    const windows = memberOf({ policy: { windows: WORKING_HOURS } });
    const [, second] = entriesOf(viewOf(windows, issueOf(NOW, LIFETIME_MS)), NOW, UNTIL);
    expect(second?.reason).toBe("with 9 d of its 30 d left, when its window opens");
  });

  it("of a paused one has the end of the pause, and goes on from there", () => {
    const pause = { since: NOW, until: NOW + 25 * DAY_MS, reason: "audit", deliveries: false };
    const entries = entriesOf(viewOf(memberOf(), issueOf(NOW, LIFETIME_MS), pause), NOW, UNTIL);
    expect(entries.map(({ what, at }) => [what, at])).toEqual([
      ["resume", NOW + 25 * DAY_MS],
      ["renewal", NOW + 25 * DAY_MS],
      ["renewal", NOW + 45 * DAY_MS],
    ]);
    expect(entries[0]?.reason).toBe("its pause ends (audit)");
  });

  it("has its expiry only where nothing renews it", () => {
    const issue = issueOf(NOW, LIFETIME_MS);
    const forever = { since: NOW, until: null, reason: null, deliveries: false };
    const entries = entriesOf(viewOf(memberOf(), issue, forever), NOW, UNTIL);
    expect(entries.map(({ what, at }) => [what, at])).toEqual([["expiry", NOW + LIFETIME_MS]]);
    const late = { ...forever, until: NOW + 40 * DAY_MS };
    const kinds = entriesOf(viewOf(memberOf(), issue, late), NOW, UNTIL).map(({ what }) => what);
    expect(kinds).toEqual(["expiry", "resume", "renewal", "renewal"]);
    const endless = memberOf({ request: { lifetimeMs: Infinity } });
    expect(entriesOf(viewOf(endless, issue), NOW, UNTIL)).toHaveLength(1);
  });

  it("is bounded, and says so in the last entry", () => {
    const quick = memberOf({ lifetimeMs: 2 * HOUR_MS, target: { holdMs: MINUTE_MS } });
    const entries = entriesOf(viewOf(quick, issueOf(NOW, 2 * HOUR_MS)), NOW, UNTIL);
    expect(entries).toHaveLength(CALENDAR_ENTRIES_OF_TOKEN_MAX);
    expect(entries.at(-1)?.reason).toMatch(/; and so on: more are not listed$/);
  });

  it("of many is in order of time", () => {
    const views = [5, 1, 9].map((days) =>
      viewOf(memberOf({ key: `t${days}` }), issueOf(NOW - days * DAY_MS, LIFETIME_MS)),
    );
    const entries = calendarOf(views, NOW, NOW + 21 * DAY_MS);
    expect(entries.map(({ token }) => token)).toEqual(["t9", "t5", "t1"]);
  });

  it("holds every renewal that the engine makes while all goes well, whatever the settings", async () => {
    const settings = fc.record({
      days: fc.integer({ min: 5, max: 60 }),
      kept: fc.double({ min: 0.2, max: 0.6, noNaN: true }),
      jitter: fc.double({ min: 0, max: 0.15, noNaN: true }),
      windows: fc.boolean(),
      age: fc.double({ min: 0, max: 0.3, noNaN: true }),
      u: fc.double({ min: 0, max: 0.999, noNaN: true }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    await fc.assert(
      fc.asyncProperty(settings, async ({ days, kept, jitter, windows, age, u, seed }) => {
        const policy = {
          renewBefore: { share: kept },
          jitter: { share: jitter },
          windows: windows ? WORKING_HOURS : [],
        };
        const member = memberOf({ lifetimeMs: days * DAY_MS, policy });
        const startAt = NOW - Math.round((age * days * DAY_MS) / 1_000) * 1_000;
        const issue = issueOf(startAt, days * DAY_MS, u);
        const view = viewOf(member, issue);
        const known = reportOf(view, issue);
        const { renewals } = await run([member], { days: 4 * days, known, seed, tickMs: 1_000 });
        const entries = entriesOf(view, NOW, NOW + 5 * days * DAY_MS);
        expect(renewals.length).toBeGreaterThan(2);
        renewals.forEach(({ at }, index) => {
          expect(at).toBeGreaterThanOrEqual(entries[index]?.earliestAt ?? Infinity);
          expect(at).toBeLessThanOrEqual((entries[index]?.latestAt ?? 0) + 1_000);
        });
      }),
      { numRuns: 30 },
    );
  });
});
