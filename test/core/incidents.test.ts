import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import { type Condition, type Incident, reconcile, type Severity } from "../../src/core/incidents.ts";

const NOW = Date.parse("2026-07-01T08:00:00Z");
const SUBJECT = { token: "flow", target: "" };
const NOTHING = { opened: [], repeated: [], resolved: [], reworded: [] };

const late = (severity: Severity = "warning", message = "late"): Condition => ({
  reason: "late",
  severity,
  message,
  action: "look",
  next: "It tries again.",
  dangerAt: null,
  expAt: null,
});

/** The one incident that `condition` opens. */
function open(condition: Condition, deadlineAt: Instant | null, now = NOW): Incident {
  const [incident] = reconcile(SUBJECT, [], [condition], deadlineAt, now).opened;
  if (incident === undefined) throw new TypeError("it should have been opened");
  return incident;
}

describe("an incident", () => {
  const deadlineAt = NOW + 8 * HOUR_MS;
  const incident = open(late(), deadlineAt);

  it("opens once, told once, with its subject and reason as its key", () => {
    expect(incident).toEqual({
      ...SUBJECT,
      ...late(),
      openedAt: NOW,
      tellAgainAt: NOW + 2 * HOUR_MS,
      toldTimes: 1,
    });
    expect(reconcile(SUBJECT, [incident], [late()], deadlineAt, NOW)).toEqual(NOTHING);
  });

  it("that only reads otherwise by now is recorded as it reads, and not told again for that", () => {
    const now = NOW + HOUR_MS;
    const changes = reconcile(SUBJECT, [incident], [late("warning", "later")], deadlineAt, now);
    const reworded = { ...incident, message: "later" };
    expect(changes).toEqual({ ...NOTHING, reworded: [reworded] });
    expect(reconcile(SUBJECT, [reworded], [late("warning", "later")], deadlineAt, now)).toEqual(NOTHING);
    for (const words of [{ next: "x" }, { action: "x" }, { dangerAt: NOW }, { expAt: NOW + DAY_MS }])
      expect(reconcile(SUBJECT, [incident], [{ ...late(), ...words }], deadlineAt, now).reworded).toHaveLength(1);
  });

  it("is repeated when its time has come, with what is true then, and keeps when it began", () => {
    const now = incident.tellAgainAt;
    const { repeated, opened, resolved } = reconcile(SUBJECT, [incident], [late("warning", "later")], deadlineAt, now);
    expect([opened, resolved]).toEqual([[], []]);
    expect(repeated).toEqual([
      { ...incident, message: "later", toldTimes: 2, tellAgainAt: now + (deadlineAt - now) / 4 },
    ]);
  });

  it("is told at once when it became graver, and not when it became milder", () => {
    expect(reconcile(SUBJECT, [incident], [late("critical")], deadlineAt, NOW + 1).repeated).toHaveLength(1);
    const critical = { ...incident, severity: "critical" } as const;
    expect(reconcile(SUBJECT, [critical], [late("warning")], deadlineAt, NOW + 1)).toEqual(NOTHING);
    const { reworded } = reconcile(SUBJECT, [critical], [late("warning", "milder")], deadlineAt, NOW + 1);
    expect(reworded).toEqual([{ ...critical, message: "milder" }]);
  });

  it("is resolved when it is over, once", () => {
    expect(reconcile(SUBJECT, [incident], [], deadlineAt, NOW)).toEqual({ ...NOTHING, resolved: [incident] });
    expect(reconcile(SUBJECT, [], [], deadlineAt, NOW)).toEqual(NOTHING);
  });

  it("of one reason leaves those of other reasons alone", () => {
    const drift: Condition = {
      reason: "drift",
      severity: "warning",
      message: "seen",
      action: "look",
      next: "It tries again.",
      dangerAt: null,
      expAt: null,
    };
    const changes = reconcile(SUBJECT, [incident], [drift], deadlineAt, NOW + 1);
    expect(changes.opened.map((each) => each.reason)).toEqual(["drift"]);
    expect(changes.resolved).toEqual([incident]);
  });

  it("is told again when the stored instant was written by a clock that leapt", () => {
    const leapt = { ...incident, tellAgainAt: NOW + 2 * DAY_MS };
    expect(reconcile(SUBJECT, [leapt], [late()], deadlineAt, NOW).repeated).toHaveLength(1);
  });
});

describe("reminders", () => {
  it.each([
    ["a day apart while there is no deadline", null, DAY_MS],
    ["a day apart while it is far", NOW + 30 * DAY_MS, DAY_MS],
    ["a quarter of what is left apart", NOW + 8 * HOUR_MS, 2 * HOUR_MS],
    ["at least a quarter of an hour apart", NOW + MINUTE_MS, 15 * MINUTE_MS],
    ["a quarter of an hour apart after the deadline", NOW - DAY_MS, 15 * MINUTE_MS],
  ])("are %s", (_, deadlineAt, pauseMs) => {
    expect(open(late(), deadlineAt).tellAgainAt - NOW).toBe(pauseMs);
  });

  it("come closer together as the deadline does, and are few: within 8 h at most a dozen", () => {
    const deadlineAt = NOW + 8 * HOUR_MS;
    let incident = open(late(), deadlineAt);
    const gaps: number[] = [];
    while (incident.tellAgainAt < deadlineAt) {
      const now = incident.tellAgainAt;
      const [again] = reconcile(SUBJECT, [incident], [late()], deadlineAt, now).repeated;
      if (again === undefined) throw new TypeError("it should have been repeated");
      gaps.push(again.tellAgainAt - now);
      incident = again;
    }
    expect(gaps).toEqual(gaps.toSorted((a, b) => b - a));
    expect(gaps.length).toBeLessThanOrEqual(12);
  });

  it.each([
    ["hourly in the first day after the expiry", NOW - HOUR_MS, HOUR_MS],
    ["daily after that", NOW - DAY_MS, DAY_MS],
  ])("are %s, for nothing is left to hurry for", (_, expAt, pauseMs) => {
    expect(open({ ...late("critical"), expAt }, expAt - HOUR_MS).tellAgainAt - NOW).toBe(pauseMs);
  });

  it.each(["lifetime_capped", "scopes_gained", "roles_differ", "not_retired"] as const)(
    "of %s, which threatens no deadline, are daily for a week and weekly then, however near the deadline is",
    (reason) => {
      const steady = { ...late(), reason };
      let incident = open(steady, NOW + HOUR_MS);
      const told = [incident.tellAgainAt];
      while (incident.tellAgainAt < NOW + 30 * DAY_MS) {
        const now = incident.tellAgainAt;
        expect(reconcile(SUBJECT, [incident], [steady], now + HOUR_MS, now - 1)).toEqual(NOTHING);
        const [again] = reconcile(SUBJECT, [incident], [steady], now + HOUR_MS, now).repeated;
        if (again === undefined) throw new TypeError("it should have been repeated");
        incident = again;
        told.push(incident.tellAgainAt);
      }
      expect(told.map((at) => (at - NOW) / DAY_MS)).toEqual([1, 2, 3, 4, 5, 6, 13, 20, 27, 34]);
    },
  );
});
