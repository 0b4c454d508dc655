import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CALENDAR_ENTRIES_MAX, type CalendarEntry, calendarOf, entriesOf as walkOf } from "../../src/core/calendar.ts";
import { type CalendarDays, calendarDaysOf } from "../../src/core/calendar-days.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { compileWindow } from "../../src/core/windows.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { issueOf, memberOf, NOW, reportOf, run, viewOf, WORKING_HOURS } from "./bench.ts";

const LIFETIME_MS = 30 * DAY_MS;
const UNTIL = NOW + 65 * DAY_MS;
/** Open all the time, so that nothing but the way of reckoning differs. */
const EVERY_MINUTE = [compileWindow("* * * * *", MINUTE_MS, "UTC", compileCron)];

const entriesOf = (...asked: Parameters<typeof walkOf>): readonly CalendarEntry[] => [...walkOf(...asked)];
const atOnce = (): Promise<void> => Promise.resolve();

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

  it("goes on with the life that the issuer granted where that is shorter than what is asked for", () => {
    const warnings = [{ kind: "lifetime_capped", askedMs: LIFETIME_MS, issuedMs: 15 * DAY_MS } as const];
    const capped = { ...issueOf(NOW, 15 * DAY_MS), warnings };
    const entries = entriesOf(viewOf(memberOf(), capped), NOW, NOW + 35 * DAY_MS);
    expect(entries.map(({ at }) => (at - NOW) / DAY_MS)).toEqual([10, 20, 30]);
    expect(entries[1]?.reason).toBe("with 5 d of its 15 d left");
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

  it("lists a few of each day of a token that is renewed more often, and how many more there are", () => {
    for (const windows of [[], EVERY_MINUTE]) {
      const quick = memberOf({ lifetimeMs: 2 * HOUR_MS, target: { holdMs: MINUTE_MS }, policy: { windows } });
      const entries = entriesOf(viewOf(quick, issueOf(NOW, 2 * HOUR_MS)), NOW, NOW + 3 * DAY_MS);
      // 80 min apart, from 01:20 on.
      expect(entries.map(({ at, more }) => [(at - NOW) / MINUTE_MS, more])).toEqual([
        ...[80, 160, 240].map((minutes) => [minutes, 0]),
        [320, 13],
        ...[1440, 1520, 1600].map((minutes) => [minutes, 0]),
        [1680, 14],
        ...[2880, 2960, 3040].map((minutes) => [minutes, 0]),
        [3120, 14],
      ]);
      expect(new Set(entries.slice(1).map(({ at, deadlineAt }) => (deadlineAt ?? 0) - at)).size).toBe(1);
    }
  });

  it("of many is in order of time", async () => {
    const views = [5, 1, 9].map((days) =>
      viewOf(memberOf({ key: `t${days}` }), issueOf(NOW - days * DAY_MS, LIFETIME_MS)),
    );
    const entries = await calendarOf(views, NOW, NOW + 41 * DAY_MS, atOnce);
    expect(entries.map(({ token }) => token)).toEqual(["t9", "t5", "t1", "t9", "t5", "t1"]);
  });

  it("of many projects no more than is told, and lets others have their turn", async () => {
    const life = DAY_MS;
    const views = Array.from({ length: 1_000 }, (_, index) =>
      viewOf(memberOf({ key: `t${index}`, lifetimeMs: life }), issueOf(NOW - index * 1_000, life)),
    );
    let breaths = 0;
    const breathe = async (): Promise<void> => void (breaths += 1);
    const entries = await calendarOf(views, NOW, NOW + 366 * DAY_MS, breathe);
    expect(entries).toHaveLength(CALENDAR_ENTRIES_MAX);
    expect(breaths).toBeGreaterThanOrEqual(20);
    // 20,000 entries of 1,000 tokens that are renewed every 16 hours.
    expect(entries.at(-1)?.at).toBeLessThan(NOW + 15 * DAY_MS);
  });

  it("by days counts them all, and lists the first of each day or those of one", async () => {
    const views = Array.from({ length: 30 }, (_, index) =>
      viewOf(memberOf({ key: `t${index}`, lifetimeMs: 3 * DAY_MS }), issueOf(NOW, 3 * DAY_MS)),
    );
    const asked = { days: 5, words: [], dayAt: null };
    const all = await calendarDaysOf(views, NOW, asked, atOnce);
    expect(all.countedUntilAt).toBe(NOW + 5 * DAY_MS);
    const shape = ({ days }: CalendarDays) =>
      days.map(({ dayAt, count, entries }) => [(dayAt - NOW) / DAY_MS, count, entries.length]);
    expect(shape(all)).toEqual([
      [2, 30, 12],
      [4, 30, 12],
    ]);
    const one = await calendarDaysOf(views, NOW, { ...asked, dayAt: NOW + 4 * DAY_MS }, atOnce);
    expect(shape(one)).toEqual([
      [2, 30, 0],
      [4, 30, 30],
    ]);
    const found = await calendarDaysOf(views, NOW, { ...asked, words: ["name-of", "t29"] }, atOnce);
    expect(shape(found)).toEqual([
      [2, 1, 1],
      [4, 1, 1],
    ]);
  });

  it("by days says until when it counted, where that is too much", async () => {
    const views = Array.from({ length: 3_000 }, (_, index) =>
      viewOf(memberOf({ key: `t${index}`, lifetimeMs: DAY_MS }), issueOf(NOW - index * 1_000, DAY_MS)),
    );
    const { days, countedUntilAt } = await calendarDaysOf(views, NOW, { days: 366, words: [], dayAt: null }, atOnce);
    const counted = days.reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBe(500_000);
    expect(countedUntilAt).toBeGreaterThan(NOW + 100 * DAY_MS);
    expect(countedUntilAt).toBeLessThan(NOW + 150 * DAY_MS);
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
        const { renewals } = await run([member], { days: 4 * days, known, seed, tickMs: 1_000, weighs: false });
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
