import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { present } from "../../src/core/present.ts";
import { issueOf, memberOf, NOW, outageOf, reportOf, run, viewOf, WORKING_HOURS } from "./bench.ts";

const HOLD_MS = 6 * HOUR_MS;

describe("a simulation", () => {
  it("renews each token with so much of its life left as the policy says, and keeps the promise", async () => {
    const report = await run([memberOf()], { days: 65 });
    expect(report).toMatchObject({ promiseHeld: true, tokens: 1, assumedFresh: ["flow"], incidents: [], remedies: [] });
    expect(report.renewals.map(({ at }) => at)).toEqual([20, 40, 60].map((days) => NOW + days * DAY_MS));
    expect(report.renewals[0]).toMatchObject({ token: "flow", name: "name-of-flow", expAt: NOW + 50 * DAY_MS });
    expect(report.renewals.every(({ at, deliveredAt }) => deliveredAt === at)).toBe(true);
  });

  it("tells the least life of any reader, who sees a write as late as it may become visible", async () => {
    const { targets } = await run([memberOf({ target: { propagationMs: 20 * MINUTE_MS } })]);
    const leastLifeMs = 10 * DAY_MS - 20 * MINUTE_MS;
    expect(targets).toHaveLength(1);
    expect(targets[0]).toMatchObject({ leastLifeMs, marginMs: leastLifeMs - HOLD_MS, shortages: [] });
    expect(targets[0]?.leastLifeAt).toBe(NOW + 20 * DAY_MS + 20 * MINUTE_MS);
  });

  it("waits for windows", async () => {
    const { renewals } = await run([memberOf({ policy: { windows: WORKING_HOURS } })], { days: 30 });
    // 20 d later is midnight of a Monday.
    expect(renewals.map(({ at }) => at)).toEqual([Date.parse("2026-12-21T09:00:00Z")]);
  });

  it("says who would be alerted, when, and until when", async () => {
    const { incidents, promiseHeld } = await run([memberOf()], {
      outages: [outageOf("issuer", "flowauth", 19 * DAY_MS, 3 * DAY_MS)],
    });
    expect(promiseHeld).toBe(true);
    const [first] = incidents;
    expect(first).toMatchObject({ token: "flow", target: "", reason: "issuer_failing" });
    expect(first?.openedAt).toBeGreaterThanOrEqual(NOW + 20 * DAY_MS);
    expect(first?.openedAt).toBeLessThan(NOW + 20 * DAY_MS + 6 * HOUR_MS);
    expect(first?.resolvedAt).toBeGreaterThanOrEqual(NOW + 22 * DAY_MS);
    expect(first?.resolvedAt).toBeLessThan(NOW + 22 * DAY_MS + 2 * HOUR_MS);
  });

  it("notices an outage of a store as soon as it would really look, although nothing is due", async () => {
    const { incidents, renewals } = await run([memberOf()], {
      days: 10,
      outages: [outageOf("store", "aws", DAY_MS, DAY_MS)],
    });
    expect(renewals).toEqual([]);
    expect(incidents.map(({ reason }) => reason)).toEqual(["target_failing"]);
    expect(incidents[0]?.openedAt).toBeLessThan(NOW + DAY_MS + HOUR_MS);
    expect(incidents[0]?.resolvedAt).not.toBeNull();
  });

  it("is the same for the same seed and another for another", async () => {
    const members = ["a", "b", "c"].map((key) => memberOf({ key, policy: { jitter: { share: 0.1 } } }));
    const outages = [outageOf("issuer", "flowauth", 17 * DAY_MS, DAY_MS)];
    const [first, again, other] = await Promise.all([1, 1, 2].map((seed) => run(members, { seed, outages })));
    expect(again).toEqual(first);
    expect(other?.renewals).not.toEqual(first?.renewals);
  });

  it("refuses an outage of what is not declared, and more renewals than anybody waits for", async () => {
    const outages = [outageOf("issuer", "aws", 0, DAY_MS)];
    await expect(run([memberOf()], { outages })).rejects.toMatchObject({ code: "usage" });
    const quick = memberOf({ lifetimeMs: 2 * MINUTE_MS, target: { holdMs: 10_000, propagationMs: 0 } });
    await expect(run([quick], { days: 3_650 })).rejects.toThrow(/take --days \d+ or fewer/);
  });

  it("notes where the promise is less than it looks", async () => {
    const { notes } = await run([memberOf({ issuer: { overlap: "none" } })], { days: 1 });
    expect(notes.join("\n")).toMatch(/^flow: its issuer revokes the old token/);
  });

  it("in JSON has keys in snake case, durations in seconds and instants as RFC 3339", async () => {
    const report = present(await run([memberOf()], { days: 25 }));
    expect(report).toMatchObject({
      from_at: "2026-12-01T00:00:00Z",
      promise_held: true,
      renewals: [{ at: "2026-12-21T00:00:00Z", delivered_at: "2026-12-21T00:00:00Z", window_overridden: false }],
      targets: [{ hold_seconds: 21_600, least_life_seconds: 10 * 86_400 - 60 }],
      services: [
        { kind: "issuer", key: "flowauth" },
        { kind: "store", key: "aws" },
      ],
    });
  });
});

describe("an outage that breaks the promise", () => {
  const outages = [outageOf("issuer", "flowauth", 19 * DAY_MS, 13 * DAY_MS)];

  it("is told with the time in which readers got too little", async () => {
    const { promiseHeld, targets } = await run([memberOf()], { outages });
    expect(promiseHeld).toBe(false);
    const [target] = targets;
    expect(target?.marginMs).toBeLessThan(0);
    expect(target?.shortages).toHaveLength(1);
    expect(target?.shortages[0]?.fromAt).toBe(NOW + 30 * DAY_MS - HOLD_MS);
    expect(target?.shortages[0]?.untilAt).toBeGreaterThanOrEqual(NOW + 32 * DAY_MS);
    expect(target?.shortFromTheStart).toBe(false);
  });

  it("comes with settings that would have held, and they do", async () => {
    const { remedies } = await run([memberOf()], { outages });
    expect(remedies).toMatchObject([{ tokens: ["flow"], lifetime: null, holds: true, renewFirst: false }]);
    const [, days] = /^(\d+)d$/.exec(remedies[0]?.renewBefore ?? "") ?? [];
    const renewBefore = { ms: Number(days) * DAY_MS };
    expect((await run([memberOf({ policy: { renewBefore } })], { outages })).promiseHeld).toBe(true);
  });

  it("that a longer life alone outlasts says that each is to be renewed with it first", async () => {
    const long = [outageOf("issuer", "flowauth", 5 * DAY_MS, 40 * DAY_MS)];
    const { remedies } = await run([memberOf()], { outages: long });
    expect(remedies).toMatchObject([{ holds: true, renewFirst: true }]);
    expect(remedies[0]?.lifetime).toMatch(/^\d+d$/);
  });

  it("that has begun already is beyond mending, and that is said", async () => {
    const now = [outageOf("issuer", "flowauth", 0, 40 * DAY_MS)];
    expect((await run([memberOf()], { outages: now })).remedies).toMatchObject([{ holds: false }]);
  });

  it("gives way at one of two targets only, when one of two stores is out", async () => {
    const { targets } = await run([memberOf({ stores: ["aws", "files"] })], {
      outages: [outageOf("store", "files", 19 * DAY_MS, 13 * DAY_MS)],
    });
    const short = targets.filter(({ shortages }) => shortages.length > 0).map(({ target }) => target);
    expect(short).toEqual(["at-files"]);
  });
});

describe("where a simulation begins", () => {
  const HELD = issueOf(NOW - 20 * DAY_MS, 30 * DAY_MS);
  const NEWEST = issueOf(NOW - 5 * DAY_MS, 30 * DAY_MS, 0.5);
  const member = memberOf({ policy: { jitter: { share: 0.1 } } });

  it("is how the state has each token, with the jitter that was drawn", async () => {
    const known = reportOf(viewOf(member, NEWEST), NEWEST);
    const report = await run([member], { days: 20, known });
    expect(report.assumedFresh).toEqual([]);
    // 20 d after it was issued, and half of 3 d earlier.
    expect(report.renewals[0]?.at).toBe(NOW + 13.5 * DAY_MS);
  });

  it("works the jitter out from when it is due, while no target has the newest one", async () => {
    const known = reportOf(viewOf(member, NEWEST), HELD);
    const report = await run([member], { days: 20, known });
    expect(report.renewals[0]?.at).toBe(NOW + 13.5 * DAY_MS);
    // The newest one is delivered at once, so that nobody reads the old one for longer than it takes to show.
    expect(report.targets[0]).toMatchObject({ leastLifeMs: 10 * DAY_MS - MINUTE_MS, leastLifeAt: NOW + MINUTE_MS });
  });

  it("may be after the deadline already, which is no outage's fault", async () => {
    const old = issueOf(NOW - 29.9 * DAY_MS, 30 * DAY_MS);
    const report = await run([member], { days: 20, known: reportOf(viewOf(member, old), old) });
    expect(report).toMatchObject({ promiseHeld: false, remedies: [] });
    expect(report.targets[0]).toMatchObject({ shortFromTheStart: true });
  });

  it("keeps a pause, and says so", async () => {
    const pause = { since: NOW, until: NOW + 27 * DAY_MS, reason: null, deliveries: false };
    const fresh = issueOf(NOW, 30 * DAY_MS);
    const report = await run([member], { days: 40, known: reportOf(viewOf(member, fresh, pause), fresh) });
    expect(report.renewals[0]?.at).toBe(NOW + 27 * DAY_MS);
    expect(report.notes).toEqual(["flow: paused, as the state has it"]);
  });
});
