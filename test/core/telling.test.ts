import { describe, expect, it } from "vitest";
import { DAY_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Incident, Severity } from "../../src/core/incidents.ts";
import { type ChannelView, incidentKey, nextTellingAt, type Telling, toTell } from "../../src/core/telling.ts";

const NOW = Date.parse("2026-07-01T08:00:00Z");

const incident = (token: string, over: Partial<Incident> = {}): Incident => ({
  token,
  target: "",
  reason: "late",
  severity: "critical",
  message: "late",
  next: "It tries again.",
  action: "look",
  dangerAt: NOW + DAY_MS,
  expAt: null,
  openedAt: NOW - DAY_MS,
  tellAgainAt: NOW + DAY_MS,
  toldTimes: 1,
  ...over,
});

const told = (of: Incident, toldAt: Instant = NOW): Telling => ({ channel: "team", incident: of, toldAt });

const view = (over: Partial<ChannelView>): ChannelView => ({
  open: [],
  elsewhere: [],
  told: [],
  resendMs: null,
  ...over,
});

describe("what a channel is told first", () => {
  it("is what it does not know, by severity: what is new, then what is over; then repetitions; last what it would forget", () => {
    const of = (name: string, severity: Severity, changes: Partial<Incident> = {}): Incident =>
      incident(name, { severity, ...changes });
    const before = MINUTE_MS;
    const open = [
      of("resent", "critical"),
      of("resent-longer-ago", "warning"),
      of("repeated-info", "info", { toldTimes: 2 }),
      of("repeated", "critical", { toldTimes: 2 }),
      of("repeated-longer-ago", "critical", { toldTimes: 3 }),
      of("new-warning", "warning"),
      of("graver", "critical", { toldTimes: 2, dangerAt: NOW + 1 }),
      of("new-and-urgent", "critical", { dangerAt: NOW }),
      of("new", "critical"),
      of("new-of-nobody", "critical", { dangerAt: null }),
    ];
    const tellings = [
      told(of("resent", "critical"), NOW - before),
      told(of("resent-longer-ago", "warning"), NOW - 2 * before),
      told(of("repeated-info", "info"), NOW - 9 * before),
      told(of("repeated", "critical"), NOW),
      told(of("repeated-longer-ago", "critical"), NOW - 3 * before),
      told(of("graver", "warning"), NOW),
      told(of("over-warning", "warning")),
      told(of("over", "critical")),
    ];
    const due = toTell(view({ open, told: tellings, resendMs: before }), NOW);
    expect(due.map(({ incident: { token } }) => token)).toEqual([
      "new-and-urgent",
      "graver",
      "new",
      "new-of-nobody",
      "over",
      "new-warning",
      "over-warning",
      "repeated-longer-ago",
      "repeated",
      "repeated-info",
      "resent-longer-ago",
      "resent",
    ]);
    expect(due.filter(({ isNews }) => !isNews)).toHaveLength(2);
  });

  interface Crowd {
    readonly alerts: number;
    readonly perMinute: number;
    readonly resendMs: number | null;
    /** How many minutes apart each is worth telling again. */
    readonly repeatMinutes: number;
    readonly minutes: number;
  }

  /** How often each was told by a channel that takes so many a minute. */
  function timesTold({ alerts, perMinute, resendMs, repeatMinutes, minutes }: Crowd): ReadonlyMap<string, number> {
    const times = new Map(Array.from({ length: alerts }, (_, index) => [`token-${index}`, 0]));
    const known = new Map<string, Telling>();
    for (let minute = 0; minute < minutes; minute += 1) {
      const [now, toldTimes] = [NOW + minute * MINUTE_MS, 1 + Math.floor(minute / repeatMinutes)];
      const open = [...times.keys()].map((token, index) => incident(token, { toldTimes, dangerAt: NOW + index }));
      for (const { incident: next } of toTell(view({ open, told: [...known.values()], resendMs }), now).slice(
        0,
        perMinute,
      )) {
        known.set(incidentKey(next), told(next, now));
        times.set(next.token, (times.get(next.token) ?? 0) + 1);
      }
    }
    return times;
  }

  it("never keeps others from being told at all: ten thousand that a channel forgets after a minute", () => {
    const crowd = { alerts: 10_000, perMinute: 2_000, resendMs: MINUTE_MS, repeatMinutes: 1_000, minutes: 15 };
    expect(new Set(timesTold(crowd).values())).toEqual(new Set([3]));
  });

  it("never keeps others from being told at all: a thousand, one a call, each worth telling again every quarter of an hour", () => {
    const crowd = { alerts: 1_000, perMinute: 20, resendMs: null, repeatMinutes: 15, minutes: 150 };
    expect(new Set(timesTold(crowd).values())).toEqual(new Set([3]));
  });
});

describe("what is over", () => {
  it("for this channel only says what it is by now", () => {
    const milder = incident("flow", { severity: "info" });
    const [end] = toTell(view({ elsewhere: [milder], told: [told(incident("flow"))] }), NOW);
    expect(end).toMatchObject({ cause: "resolved", still: milder });
  });

  it("is over though another of its kind was opened since, for others", () => {
    const another = incident("flow", { openedAt: NOW });
    const [end] = toTell(view({ elsewhere: [another], told: [told(incident("flow"))] }), NOW);
    expect(end).toMatchObject({ cause: "resolved", still: null });
  });
});

describe("time alone gives something to tell", () => {
  it.each([
    ["never where nothing is told again", null, [NOW], null],
    ["never where nothing was told", MINUTE_MS, [], null],
    ["when the first is forgotten", MINUTE_MS, [NOW, NOW - 1], NOW + MINUTE_MS - 1],
    ["not by what is due already", MINUTE_MS, [NOW - MINUTE_MS, NOW], NOW + MINUTE_MS],
  ])("%s", (_, resendMs, toldAts, expected) => {
    const tellings = toldAts.map((toldAt) => told(incident("flow"), toldAt));
    expect(nextTellingAt({ told: tellings, resendMs }, NOW)).toBe(expected);
  });
});
