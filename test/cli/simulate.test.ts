import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { SimulationOptions, SimulationReport, TargetSeen } from "../../src/core/simulation.ts";
import { type FakeApp, fakeApp, fakeControl, NOW, renewd, settings } from "./support.ts";

const DECEMBER_24 = Date.parse("2026-12-24T00:00:00Z");
const ISSUER = { kind: "issuer", key: "flowauth" } as const;
const TARGET = { token: "airflow", name: "airflow-flowapi", target: "file", store: "files", holdMs: 6 * HOUR_MS };

function report(over: Partial<SimulationReport> = {}): SimulationReport {
  return {
    fromAt: NOW,
    untilAt: NOW + 90 * DAY_MS,
    seed: 1,
    tokens: 1,
    assumedFresh: [],
    outages: [],
    promiseHeld: true,
    renewals: [
      {
        at: NOW + 20 * DAY_MS,
        token: "airflow",
        name: "airflow-flowapi",
        issuer: "flowauth",
        expAt: NOW + 50 * DAY_MS,
        deliveredAt: NOW + 21 * DAY_MS,
        windowOverridden: true,
      },
    ],
    targets: [
      {
        ...TARGET,
        leastLifeMs: 9 * DAY_MS,
        leastLifeAt: NOW + 21 * DAY_MS,
        marginMs: 9 * DAY_MS - 6 * HOUR_MS,
        filledAt: NOW,
        shortages: [],
        shortFromTheStart: false,
      },
    ],
    incidents: [],
    services: [
      {
        ...ISSUER,
        tokens: 1,
        survivesMs: 9 * DAY_MS,
        sureMs: 8 * DAY_MS,
        token: "airflow",
        target: "file",
        arithmetic: ["it lives 30 d; its renewal starts 10 d before its end at the latest"],
        advice: ["surely 19 d with `renew_before: 66%` (10 d now)"],
      },
      {
        kind: "store",
        key: "aws",
        tokens: 0,
        survivesMs: null,
        sureMs: null,
        token: null,
        target: null,
        arithmetic: [],
        advice: [],
      },
    ],
    remedies: [],
    notes: [],
    ...over,
  };
}

function simulating(answer: SimulationReport, asked: SimulationOptions[] = []): FakeApp {
  return fakeApp(fakeControl(), { simulate: (options) => (asked.push(options), Promise.resolve(answer)) });
}

describe("simulate", () => {
  it("exits 0 when the promise held, and tells what readers got, what outages are survived and what was renewed", async () => {
    const { code, out } = await renewd(simulating(report()), "simulate");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "The promise held: every reader got a token that lived for its `hold`.",
      "1 token from 2026-07-01 12:00Z to 2026-09-29 12:00Z",
      "",
      "The least life that any reader saw",
      "  reader           life  hold  when",
      "  airflow -> file  9 d   6 h   2026-07-22 12:00Z",
      "",
      "The longest outage that is survived, whenever it begins",
      "  Plan with what is sure: the schedule vouches for it. `About` is what trials",
      "  came to; each arrow is a way to more.",
      "  issuer flowauth: about 9 d, surely 8 d; airflow -> file gives way first",
      "    it lives 30 d; its renewal starts 10 d before its end at the latest",
      "    -> surely 19 d with `renew_before: 66%` (10 d now)",
      "  store aws: no token uses it",
      "",
      "1 renewal on 1 day",
      "  Tue 2026-07-21  12:00Z airflow (outside its windows, delivered 1 d later)",
    ]);
  });

  it("says that an outage which is survived here would not be at its worst moment", async () => {
    const outages = [{ ...ISSUER, fromAt: NOW + DAY_MS, untilAt: NOW + 13 * DAY_MS }];
    const { out } = await renewd(simulating(report({ outages })), "simulate --outage flowauth:2026-07-02:12d");
    expect(out).toContain("issuer flowauth cannot be reached from 2026-07-02 12:00Z for 12 d\n");
    expect(out.replaceAll("\n", " ")).toContain("begun at the worst moment, only 8 d are sure;");
  });

  it("exits 1 when the promise broke: who reads too short a token, who is told when, and what would have held", async () => {
    const shortages = [{ fromAt: NOW + 29 * DAY_MS, untilAt: NOW + 32 * DAY_MS }];
    const short = { leastLifeMs: -DAY_MS, leastLifeAt: NOW + 32 * DAY_MS, marginMs: -1, filledAt: NOW, shortages };
    const broken = report({
      promiseHeld: false,
      targets: [{ ...TARGET, ...short, shortFromTheStart: false }],
      incidents: [
        {
          openedAt: NOW + 20 * DAY_MS,
          resolvedAt: NOW + 32 * DAY_MS,
          token: "airflow",
          target: "",
          reason: "issuer_failing",
          severity: "warning",
          message: "Failed 5 times",
        },
      ],
      remedies: [
        {
          tokens: ["airflow"],
          renewBefore: "13d",
          lifetime: null,
          renewFirst: false,
          holds: true,
          arithmetic: ["renew_before at least 13 d"],
          alternatives: [],
        },
      ],
    });
    const { code, out } = await renewd(simulating(broken), "simulate");
    expect(code).toBe(1);
    expect(out).toContain("The promise broke at 1 target of 1.");
    expect(out).toContain(
      "airflow -> file\n    from 2026-07-30 12:00Z until 2026-08-02 12:00Z readers get less than their\n",
    );
    expect(out).toContain(
      "It would have held for airflow with renew_before: 13d: simulated too.\n    renew_before at least 13 d",
    );
    expect(out).toContain("2026-07-21 12:00Z  issuer_failing (warning): airflow; over by");
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("says where a target never held a token, or none for long", async () => {
    const shortages = [{ fromAt: NOW, untilAt: NOW + DAY_MS }];
    const empty = { leastLifeMs: null, leastLifeAt: null, marginMs: null, filledAt: null, shortages };
    const late = { ...report().targets[0], target: "late", filledAt: NOW + DAY_MS, shortages } as TargetSeen;
    const targets = [{ ...TARGET, ...empty, shortFromTheStart: true }, late];
    const { out } = await renewd(simulating(report({ promiseHeld: false, targets })), "simulate");
    expect(out).toContain("airflow -> file\n    never held a token\n");
    expect(out).toContain(
      "airflow -> late\n    from 2026-07-01 12:00Z until 2026-07-02 12:00Z there is no token for readers\n",
    );
  });

  it("with --json prints the whole report", async () => {
    expect(JSON.parse((await renewd(simulating(report()), "simulate --json")).out)).toMatchObject({
      promise_held: true,
      services: [{ survives_seconds: 777_600 }, { survives_seconds: null }],
    });
  });
});

describe("what is simulated", () => {
  const asking = async (argv: string): Promise<SimulationOptions | undefined> => {
    const asked: SimulationOptions[] = [];
    await renewd(simulating(report(), asked), argv);
    return asked[0];
  };

  it("is as many days as suit with seed 1, or as told", async () => {
    expect(await asking("simulate")).toMatchObject({ days: null, outages: [], seed: 1 });
    expect(await asking("simulate --days 365 --seed 7")).toMatchObject({ days: 365, seed: 7 });
  });

  it("takes outages by name, from a day, an instant or now", async () => {
    const holiday = await asking("simulate --outage flowauth:2026-12-24:7d");
    expect(holiday?.outages).toEqual([{ ...ISSUER, fromAt: DECEMBER_24, untilAt: DECEMBER_24 + 7 * DAY_MS }]);
    const two = await asking("simulate --outage store/aws:now:36h --outage files:2026-07-01T12:30:00Z:90m");
    expect(two?.outages).toEqual([
      { kind: "store", key: "aws", fromAt: NOW, untilAt: NOW + 36 * HOUR_MS },
      { kind: "store", key: "files", fromAt: NOW + 30 * MINUTE_MS, untilAt: NOW + 120 * MINUTE_MS },
    ]);
  });

  it("takes a star for all issuers, all stores, or all there is", async () => {
    const named = async (outage: string): Promise<unknown> =>
      (await asking(`simulate --outage ${outage}`))?.outages.map(({ kind, key }) => `${kind}/${key}`);
    const everything = await named("*:now:1d");
    const issuers = await named("issuer/*:now:1d");
    expect(issuers).toEqual(settings.issuers.map(({ key }) => `issuer/${key}`));
    expect(await named("store/*:now:1d")).toEqual(settings.stores.map(({ key }) => `store/${key}`));
    expect(everything).toHaveLength(settings.issuers.length + settings.stores.length);
  });

  it.each([
    ["nobody:now:1d", "no issuer or store nobody is declared. Did you mean"],
    ["flowauth:2026-06-01:7d", "the outage of flowauth is over already"],
    ["flowauth:2026-12-24", "expected SERVICE:FROM:FOR"],
    [":now:7d", "expected SERVICE:FROM:FOR"],
    ["flowauth:monday:7d", "`monday` is none: FROM is a day such as 2026-12-24"],
    ["flowauth:2026-02-30:7d", "`2026-02-30` is none: FROM is a day"],
    ["flowauth:2026-12-24T18:00:7d", "`2026-12-24T18:00` is none: FROM is a day"],
    ["flowauth:now:0s", "`0s` is none: FOR is a length such as 36h"],
    ["flowauth:now:7", "`7` is none: FOR is a length such as 36h"],
    ["flowauth:now:9999d", "`9999d` is none: FOR is a length such as 36h or 7d, ten years at most"],
    ["vault/*:now:1d", "no issuer or store vault/* is declared"],
  ])("does not take the outage %s", async (outage, why) => {
    const { code, err } = await renewd(simulating(report()), `simulate --outage ${outage}`);
    expect(code).toBe(64);
    expect(err).toContain(why);
  });

  it("wants to know which is meant where an issuer and a store have one name", async () => {
    const twins = { ...settings, stores: [{ key: "flowauth", type: "file", options: {} }] };
    const checkSettings = (): ReturnType<FakeApp["checkSettings"]> =>
      Promise.resolve({ settings: twins, warnings: [], probe: () => Promise.resolve([]) });
    const app = { ...simulating(report()), checkSettings };
    const { code, err } = await renewd(app, "simulate --outage flowauth:now:1d");
    expect(code).toBe(64);
    expect(err).toContain("say issuer/flowauth or store/flowauth");
    expect((await renewd(app, "simulate --outage store/flowauth:now:1d")).code).toBe(0);
  });
});
