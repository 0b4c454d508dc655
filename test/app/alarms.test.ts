import { describe, expect, it } from "vitest";
import { StateAlarm } from "../../src/app/state-alarm.ts";
import { Watchdog } from "../../src/app/watchdog.ts";
import { MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { Incident } from "../../src/core/incidents.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { makeWorld } from "../support/world.ts";

describe("a scheduler that is silent", () => {
  it("is told by the watchdog's own timer, once, and over when it beats again", async () => {
    const world = await makeWorld();
    let silentMs = 0;
    const dog = new Watchdog(world.daemon.engine, () => ({ silentMs, mostMs: MINUTE_MS }));
    dog.start();
    await world.run(MINUTE_MS);
    expect(await world.incidents()).toEqual([]);
    silentMs = 3 * MINUTE_MS;
    await world.run(MINUTE_MS);
    expect((await world.state.incidents())[0]).toMatchObject({
      token: "",
      target: "scheduler",
      reason: "scheduler_stalled",
      severity: "critical",
      message: "renewd has not looked at its tokens for 3 min.",
    });
    expect(world.count("incident:opened")).toBe(1);
    silentMs = 0;
    await world.run(MINUTE_MS);
    expect(await world.incidents()).toEqual([]);
    dog.stop();
  });
});

describe("a state that fails", () => {
  const bench = (): {
    clock: FakeClock;
    told: (Incident | null)[];
    alarm: StateAlarm;
    fail: (code: ErrorCode) => void;
  } => {
    const clock = new FakeClock();
    const told: (Incident | null)[] = [];
    const alarm = new StateAlarm(clock, (incident) => told.push(incident));
    const fail = (code: ErrorCode): void =>
      alarm.onEvent({ type: "sweep:failed", at: clock.now(), code, message: "database or disk is full" });
    return { clock, told, alarm, fail };
  };

  it("is told past the state at once, and again every quarter of an hour while it goes on", async () => {
    const { clock, told, fail } = bench();
    for (let tick = 0; tick < 60; tick += 1) {
      fail("state_unwritable");
      await clock.advance(30 * SECOND_MS);
    }
    expect(told.map((incident) => incident?.toldTimes)).toEqual([1, 2]);
    expect(told[0]).toMatchObject({ reason: "state_failing", severity: "critical", token: "", target: "state" });
    expect(told[0]?.message).toContain("database or disk is full (state_unwritable)");
    expect(new Set(told.map((incident) => incident?.openedAt)).size).toBe(1);
  });

  it("is over when sweeps end well for a minute, not between two that fail", async () => {
    const { clock, told, alarm, fail } = bench();
    fail("state_unwritable");
    alarm.over();
    expect(told).toHaveLength(1);
    await clock.advance(MINUTE_MS);
    alarm.over();
    alarm.over();
    expect(told.slice(1)).toEqual([null]);
  });

  it("is not what another failure of a sweep tells", () => {
    const { told, fail } = bench();
    fail("bug");
    expect(told).toEqual([]);
  });
});
