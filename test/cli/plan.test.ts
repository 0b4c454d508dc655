import { describe, expect, it } from "vitest";
import type { CalendarEntry } from "../../src/core/calendar.ts";
import { DAY_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { PlanEntry } from "../../src/core/plan.ts";
import { runCli } from "../../src/cli/program.ts";
import { fakeApp, fakeControl, memoryCli, NOW, renewd } from "./support.ts";

function entry(token: string, at: number, over: Partial<PlanEntry> = {}): PlanEntry {
  const none = { startAt: null, floorAt: null, renewAt: null, latestAt: null, deadlineAt: null, expAt: null };
  const words = { reason: "due soon", arithmetic: ["issued …", "deadline …"], cautions: [] };
  return { token, name: token, action: "renew", at, ...none, ...words, ...over };
}

const app = fakeApp(fakeControl({ plan: () => Promise.resolve([entry("later", NOW + 90_000), entry("sooner", NOW)]) }));

describe("plan", () => {
  it("tells what happens in order of time, with reasons and arithmetic", async () => {
    const { code, out } = await renewd(app, "plan");
    expect(code).toBe(0);
    expect(out.split("\n").slice(0, 6)).toEqual([
      "2026-07-01T12:00:00Z  now  sooner: renew",
      "    because due soon",
      "    issued …",
      "    deadline …",
      "",
      "2026-07-01T12:01:30Z  in 1 min 30 s  later: renew",
    ]);
  });

  it("says once when it is due", async () => {
    const reasons = [
      "due 2026-07-01T12:01:30Z, 1 min 30 s from now",
      "due 2026-07-01T11:00:00Z, but outside its windows",
    ];
    const entries = reasons.map((reason, i) => entry(`t${i}`, NOW + 90_000, { reason, arithmetic: [] }));
    const { out } = await renewd(fakeApp(fakeControl({ plan: () => Promise.resolve(entries) })), "plan");
    expect(out.split("\n").filter((line) => line.includes("because"))).toEqual([
      "    because it is due then",
      `    because ${reasons[1]}`,
    ]);
  });

  it("says of what has no time what it waits for", async () => {
    const waiting = ["paused", "waiting_for_person"].map((action) => entry(action, NOW, { action, at: null }));
    const { out } = await renewd(fakeApp(fakeControl({ plan: () => Promise.resolve(waiting) })), "plan");
    expect(out).toContain("until resumed  paused: paused\n");
    expect(out).toContain("until a person decides  waiting_for_person: waiting for person\n");
  });

  it("with --json is one list", async () => {
    expect(JSON.parse((await renewd(app, "plan --json")).out)).toMatchObject([{ token: "sooner" }, { token: "later" }]);
  });
});

describe("plan of one token", () => {
  const times = {
    startAt: NOW - 10 * DAY_MS,
    floorAt: NOW - 7 * DAY_MS,
    renewAt: NOW + 10 * DAY_MS,
    latestAt: NOW + 18 * DAY_MS,
    deadlineAt: NOW + 19 * DAY_MS,
    expAt: NOW + 20 * DAY_MS,
  };
  const one = fakeApp(fakeControl({ plan: () => Promise.resolve([entry("airflow", NOW, times), entry("b", NOW)]) }));

  it.each([60, 80])("stands in %i columns", async (columns) => {
    const { cli, out } = memoryCli(one, true, columns);
    await runCli(["plan", "airflow"], cli);
    const lines = out.join("\n").split("\n");
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines.join(" ")).toContain("urgent from here on");
  });

  it("draws its life as a line that a narrow terminal can show", async () => {
    const { out } = await renewd(one, "plan airflow");
    expect(out).not.toContain("b: renew");
    expect(out.split("\n").slice(3, 12)).toEqual([
      "  ==========================--------------------------------------------!!!###",
      "  i       f                N                        r                   l  d e",
      "  i 2026-06-21T12:00:00Z  10 d ago          issued",
      "  f 2026-06-24T12:00:00Z  7 d ago           floor, never due before it",
      "  N 2026-07-01T12:00:00Z                    now",
      "  r 2026-07-11T12:00:00Z  in 10 d           renewal",
      "  l 2026-07-19T12:00:00Z  in 18 d           latest, urgent from here on",
      "  d 2026-07-20T12:00:00Z  in 19 d           deadline, too short for readers",
      "  e 2026-07-21T12:00:00Z  in 20 d           expiry",
    ]);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("keeps the letters apart where times are close, and shows one that is past its end", async () => {
    const close = { ...times, renewAt: NOW - 3, latestAt: NOW - 2, deadlineAt: NOW - 1, expAt: NOW - MINUTE_MS };
    const past = fakeApp(fakeControl({ plan: () => Promise.resolve([entry("airflow", NOW, close)]) }));
    const [, letters] = (await renewd(past, "plan airflow")).out.split("\n").slice(3);
    expect(letters?.replaceAll(" ", "")).toBe("iferldN");
    expect(letters).toHaveLength(78);
  });

  it("with --json is that one", async () => {
    expect(JSON.parse((await renewd(one, "plan airflow --json")).out)).toMatchObject({
      token: "airflow",
      start_at: "2026-06-21T12:00:00Z",
      exp_at: "2026-07-21T12:00:00Z",
    });
  });

  it("that is not declared exits 64 with the nearest name", async () => {
    const { code, err } = await renewd(one, "plan airflo");
    expect(code).toBe(64);
    expect(err).toContain("no token airflo is declared. Did you mean");
  });
});

describe("plan --days", () => {
  const renewal = (token: string, at: number, over: Partial<CalendarEntry> = {}): CalendarEntry => {
    const when = { at, earliestAt: at, latestAt: at, deadlineAt: at + 2 * DAY_MS };
    return {
      token,
      name: token,
      issuer: "flowauth",
      what: "renewal",
      reason: "with 10 d of its 30 d left",
      more: 0,
      ...when,
      ...over,
    };
  };
  const asked: number[] = [];
  const calendar = fakeApp(
    fakeControl({
      calendar: (days, token) => {
        if (token === "c") return Promise.reject(new RenewdError("unknown_token", "no token c is declared"));
        asked.push(days);
        const range = { earliestAt: NOW + DAY_MS - 90 * MINUTE_MS, latestAt: NOW + DAY_MS + 90 * MINUTE_MS };
        const lapse = { what: "expiry", deadlineAt: NOW - DAY_MS, reason: "it is paused" } as const;
        const all = [
          renewal("b", NOW + DAY_MS, range),
          renewal("a", NOW, { more: 14 }),
          renewal("b", NOW + 5 * DAY_MS, lapse),
        ];
        return Promise.resolve(all.filter((each) => token === undefined || each.token === token));
      },
    }),
  );

  it("is a calendar by day, each with its reason, its range, its deadline and what is to spare", async () => {
    const { code, out } = await renewd(calendar, "plan --days 31");
    expect(code).toBe(0);
    expect(asked).toEqual([31]);
    expect(out.split("\n")).toEqual([
      "Wed 2026-07-01",
      "  12:00Z  a: renewal",
      "        with 10 d of its 30 d left",
      "        deadline 2026-07-03 12:00Z, with 2 d to spare",
      "        and 14 more on this day",
      "",
      "Thu 2026-07-02",
      "  12:00Z  b: renewal",
      "        with 10 d of its 30 d left",
      "        some time between 2026-07-02 10:30Z and 2026-07-02 13:30Z",
      "        deadline 2026-07-04 12:00Z, with 2 d to spare",
      "",
      "Mon 2026-07-06",
      "  12:00Z  b: expiry",
      "        it is paused",
      "        deadline 2026-06-30 12:00Z, missed by 6 d",
    ]);
  });

  it("of one token has its own entries only", async () => {
    const { out } = await renewd(calendar, "plan b --days 31 --json");
    expect(JSON.parse(out)).toMatchObject([
      { token: "b", at: "2026-07-02T12:00:00Z" },
      { token: "b", what: "expiry" },
    ]);
    expect((await renewd(calendar, "plan c --days 31")).code).toBe(64);
  });

  it("says when nothing is to come", async () => {
    const calm = fakeApp(fakeControl({ calendar: () => Promise.resolve([]) }));
    expect((await renewd(calm, "plan --days 3")).out).toBe("nothing is to come within 3 days");
    expect((await renewd(calm, "plan --days 0")).code).toBe(64);
  });
});
