import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, formatDuration, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { enduranceOf } from "../../src/core/forecast.ts";
import { leewayMs } from "../../src/core/schedule.ts";
import { TermsFinder } from "../../src/simulation/terms.ts";
import { memberOf, type MemberOptions, NOW, outageOf, run, TICK_MS, WORKING_HOURS } from "./bench.ts";

describe("the longest outage that is survived", () => {
  it("of an issuer and of a store is from the start of the renewal to the deadline, but for the last try", async () => {
    const { services } = await run([memberOf()], { days: 1 });
    // 10 d are left when it starts; readers need 6 h, a minute of propagation and a minute of leeway.
    const mostMs = 10 * DAY_MS - 6 * HOUR_MS - 2 * MINUTE_MS;
    for (const service of services) {
      expect(service).toMatchObject({ token: "flow", target: "at-aws", tokens: 1 });
      expect(service.survivesMs).toBeLessThanOrEqual(mostMs + MINUTE_MS);
      expect(service.survivesMs).toBeGreaterThanOrEqual(mostMs - HOUR_MS);
      expect(service.sureMs).toBe(mostMs - HOUR_MS - 2 * TICK_MS);
    }
  });

  it("is reckoned from when the windows let a renewal start", async () => {
    const [all, few] = await Promise.all(
      [[], WORKING_HOURS].map((windows) => run([memberOf({ policy: { windows } })], { days: 1 })),
    );
    const lostMs = (all?.services[0]?.survivesMs ?? 0) - (few?.services[0]?.survivesMs ?? 0);
    // From Friday at five until Monday at nine, on the weekend on which the clocks go back.
    expect(lostMs).toBeGreaterThan(65 * HOUR_MS - HOUR_MS);
    expect(lostMs).toBeLessThan(65 * HOUR_MS + HOUR_MS);
  });

  it("is that of the token that gives way first", async () => {
    const members = [
      memberOf(),
      memberOf({ key: "short", lifetimeMs: 9 * DAY_MS }),
      memberOf({ key: "long", lifetimeMs: 90 * DAY_MS }),
    ];
    const { services } = await run(members, { days: 1 });
    expect(services.map(({ token }) => token)).toEqual(["short", "short"]);
    expect(services[0]?.survivesMs).toBeLessThan(3 * DAY_MS);
  });

  it("of a store is none where tokens are extended, for they are not written anew", async () => {
    const member = memberOf({ request: { strategy: "extend" }, issuer: { lists: false, secret: "chosen" } });
    const { services, promiseHeld } = await run([member], { outages: [outageOf("store", "aws", 0, 80 * DAY_MS)] });
    expect(services[1]).toMatchObject({ kind: "store", survivesMs: null, token: null });
    expect(promiseHeld).toBe(true);
  });

  it("of a store is none where the issuer revokes the old token: nobody has the new one yet", async () => {
    const members = [memberOf({ stores: ["aws", "files"], issuer: { overlap: "none", lists: false } })];
    const { services } = await run(members, { days: 1 });
    const [issuer, ...stores] = services;
    expect(issuer?.survivesMs).toBeGreaterThan(9 * DAY_MS);
    expect(stores).toHaveLength(2);
    for (const store of stores) {
      expect(store).toMatchObject({ token: "flow", survivesMs: 0, sureMs: 0, advice: [] });
      expect(store.arithmetic.join("\n")).toMatch(/revokes the old token .*\n.*puts the renewal off.* leaves 9 d/);
    }
  });

  it("says what would make it longer", async () => {
    const { services } = await run([memberOf()], { days: 1 });
    expect(services[0]?.advice.join("\n")).toMatch(
      /^surely 19 d .* with `renew_before: 66%` \(10 d now\)\nsurely 19 d 11 h with `renew_before: 20d`/,
    );
  });

  it("says which token gives way next, where that comes before what is advised for the first", async () => {
    const members = [memberOf(), memberOf({ key: "next", lifetimeMs: 36 * DAY_MS })];
    const { services } = await run(members, { days: 1 });
    const nextMs = 12 * DAY_MS - 6 * HOUR_MS - 2 * MINUTE_MS - HOUR_MS - 2 * TICK_MS;
    expect(services[0]?.sureMs).toBeLessThan(nextMs);
    expect(services[0]?.advice.at(-1)).toBe(`then next gives way first, surely not before ${formatDuration(nextMs)}`);
    const same = [memberOf(), memberOf({ key: "same" }), memberOf({ key: "far", lifetimeMs: 90 * DAY_MS })];
    expect((await run(same, { days: 1 })).services[0]?.advice).toHaveLength(2);
  });

  it("followed to the word, its advice outlasts what it says", async () => {
    const [issuer] = (await run([memberOf()], { days: 1 })).services;
    const [, saidMs] = /surely (\d+) d (\d+) h/.exec(issuer?.advice[0] ?? "")?.map(Number) ?? [];
    const kept = await run([memberOf({ policy: { renewBefore: { share: 0.66 } } })], { days: 1 });
    expect(kept.services[0]?.sureMs).toBeGreaterThanOrEqual((saidMs ?? Infinity) * DAY_MS);
    const twice = await run([memberOf({ policy: { renewBefore: { ms: 20 * DAY_MS } } })], { days: 1 });
    expect(twice.services[0]?.sureMs).toBeGreaterThanOrEqual(2 * (issuer?.survivesMs ?? Infinity));
  });
});

const settings: fc.Arbitrary<MemberOptions> = fc
  .record({
    days: fc.integer({ min: 2, max: 60 }),
    kept: fc.double({ min: 0.2, max: 0.6, noNaN: true }),
    jitter: fc.double({ min: 0, max: 0.1, noNaN: true }),
    holdHours: fc.integer({ min: 0, max: 8 }),
    propagationMinutes: fc.integer({ min: 0, max: 30 }),
    windows: fc.boolean(),
  })
  .map(({ days, kept, jitter, holdHours, propagationMinutes, windows }) => ({
    lifetimeMs: days * DAY_MS,
    policy: {
      renewBefore: { share: kept },
      jitter: { share: jitter },
      windows: windows && days > 14 ? WORKING_HOURS : [],
    },
    target: { holdMs: holdHours * HOUR_MS, propagationMs: propagationMinutes * MINUTE_MS },
  }));

describe("whatever the settings", () => {
  it("an outage that is no longer than the schedule vouches for is survived whenever it begins", async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.oneof(
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.constantFrom(0, 1, TICK_MS, MINUTE_MS, 7 * MINUTE_MS).map((earlierMs) => ({ earlierMs })),
        ),
        fc.boolean(),
        fc.integer({ min: 1, max: 1e6 }),
        async (options, when, store, seed) => {
          const member = memberOf(options);
          const terms = new TermsFinder(NOW, TICK_MS).of(member);
          if (terms === undefined) throw new TypeError("it is never due");
          const { sureMs, startsAfterMs } = enduranceOf(terms, store ? member.declared.targets[0] : undefined);
          if (sureMs === 0) return;
          const afterMs = typeof when === "number" ? when * startsAfterMs : startsAfterMs - when.earlierMs;
          const outages = [outageOf(store ? "store" : "issuer", store ? "aws" : "flowauth", afterMs, sureMs)];
          const days = Math.ceil((2 * terms.lifetimeMs) / DAY_MS);
          expect((await run([member], { days, outages, seed, weighs: false })).promiseHeld).toBe(true);
        },
      ),
      { numRuns: 12 },
    );
  });

  it("one that is longer than it leaves breaks the promise when it begins as the renewal is due", async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (options) => {
        const member = memberOf({ ...options, policy: { ...options.policy, jitter: { ms: 0 }, windows: [] } });
        const terms = new TermsFinder(NOW, TICK_MS).of(member);
        if (terms === undefined) throw new TypeError("it is never due");
        const { mostMs, startsAfterMs } = enduranceOf(terms);
        const lastsMs = mostMs + leewayMs(terms.lifetimeMs) + 2 * TICK_MS;
        const outages = [outageOf("issuer", "flowauth", startsAfterMs - TICK_MS, lastsMs + TICK_MS)];
        const days = Math.ceil((2 * terms.lifetimeMs) / DAY_MS);
        expect((await run([member], { days, outages, weighs: false })).promiseHeld).toBe(false);
      }),
      { numRuns: 6 },
    );
  });
});
