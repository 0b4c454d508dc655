import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { TokenView } from "../../src/core/decide.ts";
import { present } from "../../src/core/present.ts";
import type { AcceptedIssue, Check, Mint } from "../../src/core/records.ts";
import type { SimulationReport } from "../../src/core/simulation.ts";
import type { Member } from "../../src/engine/fleet.ts";
import { daysFor } from "../../src/simulation/days.ts";
import { issueOf, memberOf, NOW, outageOf, reportOf, run, TICK_MS, viewOf, WORKING_HOURS } from "./bench.ts";

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

  it("refuses an outage that it would not see the end of, and says how long would do", async () => {
    const later = [outageOf("issuer", "flowauth", 100 * DAY_MS, 7 * DAY_MS)];
    await expect(run([memberOf()], { outages: later })).rejects.toMatchObject({ code: "usage" });
    await expect(run([memberOf()], { outages: later })).rejects.toThrow(
      /goes beyond the 90 days .* --days 121 would do/,
    );
    const cut = [outageOf("issuer", "flowauth", 80 * DAY_MS, 10 * DAY_MS)];
    await expect(run([memberOf()], { outages: cut })).rejects.toThrow(/--days 104 would do/);
    const far = [outageOf("issuer", "flowauth", 5_000 * DAY_MS, DAY_MS)];
    await expect(run([memberOf()], { outages: far, days: null })).rejects.toThrow(/no more than 3650 can be/);
  });

  it("looks past every outage where nobody says for how long, and not for longer than is soon done", async () => {
    const spanOf = ({ fromAt, untilAt }: SimulationReport): number => (untilAt - fromAt) / DAY_MS;
    const later = [outageOf("issuer", "flowauth", 100 * DAY_MS, 7 * DAY_MS)];
    expect(spanOf(await run([memberOf()], { outages: later, days: null }))).toBe(121);
    expect(spanOf(await run([memberOf()], { days: null }))).toBe(90);
    const quick = memberOf({ lifetimeMs: 20 * MINUTE_MS, target: { holdMs: 10_000, propagationMs: 0 } });
    const members = Array.from({ length: 60 }, (_, index) => ({
      ...quick,
      declared: { ...quick.declared, key: `q${index}` },
    }));
    const { days, note } = daysFor(null, members, [], NOW);
    expect(days).toBe(3);
    expect(note).toMatch(/^3 days are simulated, for 90 would be \d+ renewals; --days takes more/);
    expect(daysFor(null, members, [outageOf("issuer", "flowauth", 5 * DAY_MS, DAY_MS)], NOW).days).toBe(7);
    expect(daysFor(9, members, [], NOW)).toEqual({ days: 9, note: null });
  });

  it("notes once that a longer life has to be granted, where one is advised", async () => {
    const { notes } = await run([memberOf(), memberOf({ key: "two" })], {
      outages: [outageOf("issuer", "flowauth", 5 * DAY_MS, 40 * DAY_MS)],
    });
    expect(notes.filter((note) => note.includes("`lifetime` helps if the issuer grants it"))).toHaveLength(1);
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

describe("an issuer that revokes the old token at each renewal", () => {
  const member = memberOf({ issuer: { overlap: "none", lists: false }, stores: ["aws", "files"] });

  it("keeps the promise while each write goes through at once, and says what is not counted", async () => {
    const { promiseHeld, renewals, targets, notes } = await run([member], { days: 65 });
    expect({ promiseHeld, renewals: renewals.length }).toEqual({ promiseHeld: true, renewals: 3 });
    expect(targets.map(({ leastLifeMs }) => leastLifeMs)).toEqual([10 * DAY_MS, 10 * DAY_MS]);
    expect(notes.join("\n")).toContain("readers may get the revoked token for up to 1 min");
  });

  it("puts the renewal off while one of the stores is out, so that readers of the other come short, too", async () => {
    const outages = [outageOf("store", "files", 19 * DAY_MS, 12 * DAY_MS)];
    const { promiseHeld, targets } = await run([member], { outages });
    expect(promiseHeld).toBe(false);
    expect(
      targets
        .filter(({ shortages }) => shortages.length > 0)
        .map(({ target }) => target)
        .sort(),
    ).toEqual(["at-aws", "at-files"]);
  });

  it("leaves readers without a token from a renewal on which is not delivered at once", async () => {
    const fresh = issueOf(NOW - DAY_MS, 30 * DAY_MS);
    const behind = reportOf(viewOf(member, fresh), issueOf(NOW - 20 * DAY_MS, 30 * DAY_MS));
    const outages = [outageOf("store", "files", 0, DAY_MS)];
    const { targets } = await run([member], { known: behind, outages });
    const files = targets.find(({ target }) => target === "at-files");
    expect(files?.shortFromTheStart).toBe(true);
    expect(files?.shortages[0]?.untilAt).toBeGreaterThanOrEqual(NOW + DAY_MS);
  });
});

describe("a target that is empty", () => {
  const member = memberOf();
  const known = reportOf(viewOf(member, issueOf(NOW - DAY_MS, 30 * DAY_MS)), null);

  it("is filled at once, and nobody came short", async () => {
    const { promiseHeld, targets } = await run([member], { known });
    expect(promiseHeld).toBe(true);
    expect(targets[0]).toMatchObject({ filledAt: NOW + MINUTE_MS, shortages: [] });
  });

  it("while its store is out for long breaks the promise, and no setting would have mended that", async () => {
    const outages = [outageOf("store", "aws", 0, 3 * DAY_MS)];
    const { promiseHeld, targets, remedies } = await run([member], { known, outages });
    expect({ promiseHeld, remedies }).toEqual({ promiseHeld: false, remedies: [] });
    expect(targets[0]?.shortages).toMatchObject([{ fromAt: NOW, untilAt: targets[0]?.filledAt }]);
  });

  it("that nobody ever fills is told, and the promise is not kept", async () => {
    const pause = { since: NOW, until: null, reason: null, deliveries: false };
    const paused = reportOf(viewOf(member, issueOf(NOW - DAY_MS, 30 * DAY_MS), pause), null);
    const { promiseHeld, targets } = await run([member], { known: paused, days: 5 });
    expect(promiseHeld).toBe(false);
    expect(targets).toMatchObject([{ filledAt: null, leastLifeMs: null, shortages: [{ fromAt: NOW }] }]);
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

  it("may be before there is any token, which an outage that has begun would not let be made", async () => {
    const note =
      "flow: if there is no token yet, none is made and delivered before the outage is over: not counted here";
    const down = (kind: "issuer" | "store", key: string, afterMs: number): Promise<SimulationReport> =>
      run([memberOf()], { outages: [outageOf(kind, key, afterMs, DAY_MS)], days: 5, weighs: false });
    expect((await down("issuer", "flowauth", 0)).notes).toContain(note);
    expect((await down("store", "aws", -HOUR_MS)).notes).toContain(note);
    expect((await down("issuer", "flowauth", DAY_MS)).notes).not.toContain(note);
    const fresh = issueOf(NOW, 30 * DAY_MS);
    const outages = [outageOf("issuer", "flowauth", 0, DAY_MS)];
    const known = reportOf(viewOf(memberOf(), fresh), fresh);
    expect((await run([memberOf()], { known, outages, weighs: false })).notes).toEqual([]);
  });

  it("keeps a pause, and says so", async () => {
    const pause = { since: NOW, until: NOW + 27 * DAY_MS, reason: null, deliveries: false };
    const fresh = issueOf(NOW, 30 * DAY_MS);
    const report = await run([member], { days: 40, known: reportOf(viewOf(member, fresh, pause), fresh) });
    expect(report.renewals[0]?.at).toBe(NOW + 27 * DAY_MS);
    expect(report.notes).toEqual(["flow: paused, as the state has it"]);
  });

  it("leaves what waits for a person unrenewed, and says so", async () => {
    const revoking = memberOf({ issuer: { overlap: "none", lists: false } });
    const fresh = issueOf(NOW, 30 * DAY_MS);
    const view = viewOf(revoking, fresh);
    const doubt = mintInDoubt(view);
    const report = await run([revoking], { days: 40, known: reportOf(doubt, fresh) });
    expect(report).toMatchObject({ renewals: [], promiseHeld: false });
    expect(report.notes.join("\n")).toContain("flow: waits for a person");
  });

  it("counts the token that a quarantined one ended as ended, whatever its recorded expiry says", async () => {
    const revoking = memberOf({ issuer: { overlap: "none", lists: false } });
    const report = await run([revoking], { days: 20, known: reportOf(quarantinedFor(revoking, "expiry"), NEWEST) });
    expect(report).toMatchObject({ renewals: [], promiseHeld: false });
    expect(report.targets[0]).toMatchObject({ shortFromTheStart: true, leastLifeMs: -21 * DAY_MS });
    expect(report.notes.join("\n")).toContain("flow: its issuer ended the token in use for one that is quarantined");
  });

  it("counts a token as alive beside a quarantined one for which its issuer ended nothing", async () => {
    const report = await run([member], { days: 20, known: reportOf(quarantinedFor(member, "roles"), NEWEST) });
    expect(report).toMatchObject({ promiseHeld: true, renewals: [{ token: "flow" }] });
    const revoking = memberOf({ issuer: { overlap: "none", lists: false } });
    const view = quarantinedFor(revoking, "roles");
    const { quarantined } = view.record;
    const fromNothing = {
      ...view,
      record: { ...view.record, quarantined: quarantined && { ...quarantined, renewed: false } },
    };
    expect((await run([revoking], { days: 20, known: reportOf(fromNothing, NEWEST) })).promiseHeld).toBe(true);
  });

  it("says where nobody knows whether the token in use still works", async () => {
    const revoking = memberOf({ issuer: { overlap: "none", lists: false } });
    const fresh = issueOf(NOW, 30 * DAY_MS);
    const { notes } = await run([revoking], { days: 2, known: reportOf(mintInDoubt(viewOf(revoking, fresh)), fresh) });
    expect(notes.join("\n")).toContain("flow: its issuer may have ended the token in use");
  });

  it("lets tokens to come live no longer than the last one was allowed to, and says so", async () => {
    const capped = cappedTo(15 * DAY_MS);
    const report = await run([memberOf()], { days: 30, known: reportOf(viewOf(memberOf(), capped), capped) });
    expect(report.renewals.map(({ at, expAt }) => [at, expAt - at])).toEqual(
      [10, 20, 30].map((days) => [NOW + days * DAY_MS, 15 * DAY_MS]),
    );
    expect(report.notes.join("\n")).toMatch(/^flow: its issuer granted 15 d of the 30 d asked for/m);
    const [issuer] = report.services;
    expect(issuer?.sureMs).toBe(5 * DAY_MS - 6 * HOUR_MS - 2 * MINUTE_MS - HOUR_MS - 2 * TICK_MS);
  });

  it("takes a token to live as long as is asked for where a person picked a shorter life once", async () => {
    const picked = issueOf(NOW, 15 * DAY_MS);
    const report = await run([memberOf()], { days: 30, known: reportOf(viewOf(memberOf(), picked), picked) });
    expect(report.renewals.map(({ at, expAt }) => [at, expAt - at])).toEqual([
      [NOW + 10 * DAY_MS, 30 * DAY_MS],
      [NOW + 30 * DAY_MS, 30 * DAY_MS],
    ]);
    expect(report.notes).toEqual([]);
  });

  it("notes what is in trouble now, which it takes to be over", async () => {
    const view = viewOf(member, NEWEST);
    const last = { code: "issuer_timeout", message: "no", at: NOW } as const;
    const trouble = { attempts: 3, since: NOW, last, nextTryAt: NOW + HOUR_MS };
    const failing = { ...view, record: { ...view.record, trouble } };
    const { notes } = await run([member], { days: 2, known: reportOf(failing, NEWEST) });
    expect(notes).toContain("flow: in trouble now; the simulation assumes that it is over");
  });
});

function cappedTo(issuedMs: number): AcceptedIssue {
  const warnings = [{ kind: "lifetime_capped", askedMs: 30 * DAY_MS, issuedMs } as const];
  return { ...issueOf(NOW, issuedMs), warnings };
}

/** The token in use is 5 d old; one that was made yesterday did not pass. */
function quarantinedFor(member: Member, check: Check): TokenView {
  const view = viewOf(member, issueOf(NOW - 5 * DAY_MS, 30 * DAY_MS));
  const { scopes: _, ...issue } = issueOf(NOW - DAY_MS, 30 * DAY_MS);
  const quarantined = { ...issue, check, message: "no", at: NOW - DAY_MS, validAt: NOW - DAY_MS, scopes: null };
  return { ...view, record: { ...view.record, quarantined } };
}

/** A request of which nobody knows what it made. */
function mintInDoubt(view: TokenView): TokenView {
  const mint: Mint = {
    id: "m1",
    kind: "renew",
    cause: "due",
    baseId: "7",
    roles: ["runner"],
    lifetimeMs: 30 * DAY_MS,
    expAt: NOW + 29 * DAY_MS,
    chosen: null,
    known: [],
    sentAt: NOW - HOUR_MS,
    settleAt: NOW - HOUR_MS + MINUTE_MS,
    lookedAt: null,
    fresh: null,
    told: null,
  };
  return { ...view, record: { ...view.record, mint } };
}
