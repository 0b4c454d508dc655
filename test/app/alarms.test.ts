import { describe, expect, it, vi } from "vitest";
import { StateAlarm } from "../../src/app/state-alarm.ts";
import { type Stall, Vitals } from "../../src/app/vitals.ts";
import { Watchdog } from "../../src/app/watchdog.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { type ErrorCode, RenewdError } from "../../src/core/errors.ts";
import type { Incident } from "../../src/core/incidents.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { makeWorld, type World } from "../support/world.ts";

interface Kennel {
  readonly world: World;
  readonly dog: Watchdog;
  readonly past: (Incident | null)[];
  stall: Stall | null;
}

async function kennel(): Promise<Kennel> {
  const world = await makeWorld();
  const past: (Incident | null)[] = [];
  const dog = new Watchdog(
    world.daemon.engine,
    () => kept.stall,
    (incident) => past.push(incident),
  );
  const kept: Kennel = { world, dog, past, stall: null };
  dog.start();
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual([]);
  return kept;
}

const BUG = { code: "bug", message: "unexpected TypeError at look" };

describe("the watchdog", () => {
  it("tells by its own timer what stalls, once, and that it is over", async () => {
    const kept = await kennel();
    const { world } = kept;
    kept.stall = { part: "tick", forMs: 3 * MINUTE_MS, failure: null };
    await world.run(MINUTE_MS);
    const [incident] = await world.state.incidents();
    expect(incident).toMatchObject({
      token: "",
      target: "scheduler",
      reason: "scheduler_stalled",
      severity: "critical",
    });
    expect(incident?.message).toMatch(/^renewd has not looked at its tokens since \S+Z\.$/);
    expect(world.count("incident:opened")).toBe(1);
    kept.stall = null;
    await world.run(MINUTE_MS);
    expect(await world.incidents()).toEqual([]);
    expect(kept.past).toEqual([]);
    kept.dog.stop();
  });

  it.each([
    ["look", BUG, /^No look at the tokens has ended well since \S+Z\. The last failure: .*TypeError.* \(bug\)\.$/],
    ["look", null, /^No look at the tokens has ended well since \S+Z: one hangs\.$/],
    ["work", BUG, /^Since \S+Z the work on some tokens or targets ends in failures .* \(bug\)\.$/],
  ] as const)("says what stalls: %s %o", async (part, failure, text) => {
    const kept = await kennel();
    kept.stall = { part, forMs: MINUTE_MS, failure };
    await kept.world.run(MINUTE_MS);
    expect((await kept.world.state.incidents())[0]?.message).toMatch(text);
    kept.dog.stop();
  });

  it("leaves to the state's own alarm what the state refuses", async () => {
    const kept = await kennel();
    kept.stall = { part: "look", forMs: MINUTE_MS, failure: { code: "state_unwritable", message: "disk full" } };
    await kept.world.run(MINUTE_MS);
    expect(await kept.world.incidents()).toEqual([]);
    expect(kept.past).toEqual([]);
    kept.dog.stop();
  });

  it.each([
    ["refuses it", () => Promise.reject(new RenewdError("state_unwritable", "disk full"))],
    ["hangs", () => new Promise<void>(() => undefined)],
  ])("tells it once past a state that %s, and its end", async (_, tell) => {
    const kept = await kennel();
    const { world, past } = kept;
    const spy = vi.spyOn(world.state, "tell").mockImplementationOnce(tell);
    if (_ === "refuses it") spy.mockImplementation(tell);
    kept.stall = { part: "look", forMs: MINUTE_MS, failure: BUG };
    await world.clock.advance(3 * MINUTE_MS);
    expect(past.map((incident) => incident?.reason)).toEqual(["scheduler_stalled"]);
    expect(await world.incidents()).toEqual([]);
    kept.stall = null;
    if (_ === "refuses it") {
      await world.clock.advance(MINUTE_MS);
      expect(past.slice(1)).toEqual([null]);
    }
    kept.dog.stop();
  });
});

describe("the daemon's vitals", () => {
  const FINE = { alive: true, ready: true, reasons: [] };
  const bench = () => {
    const clock = new FakeClock();
    const sweeper: { sweptMs: number | undefined; failingSinceMs: number | undefined } = {
      sweptMs: undefined,
      failingSinceMs: undefined,
    };
    const vitals = new Vitals(clock, sweeper, () => 30 * SECOND_MS);
    const tick = async (doesSweep: boolean): Promise<void> => {
      vitals.beat();
      if (doesSweep) sweeper.sweptMs = clock.monotonicMs();
      await clock.advance(30 * SECOND_MS);
    };
    const fail = (): void => vitals.onEvent({ type: "sweep:failed", at: clock.now(), code: "bug", message: "why" });
    return { clock, sweeper, vitals, tick, fail };
  };

  it("are fine while it ticks and sweeps, whatever the wall clock does", async () => {
    const { clock, vitals, tick } = bench();
    expect(vitals.health()).toEqual({ alive: true, ready: false, reasons: ["first_sweep_pending"] });
    for (let count = 0; count < 10; count += 1) await tick(true);
    clock.jumpTo(clock.now() + 1_000_000_000);
    expect(vitals.stall()).toBeNull();
    expect(vitals.health()).toEqual(FINE);
  });

  it("without a tick are not alive after three that were missed", async () => {
    const { clock, vitals, tick } = bench();
    await tick(true);
    await clock.advance(60 * SECOND_MS - 1);
    expect(vitals.health()).toEqual(FINE);
    await clock.advance(1);
    expect(vitals.stall()).toMatchObject({ part: "tick", forMs: 90 * SECOND_MS });
    expect(vitals.health()).toMatchObject({ alive: false, ready: false });
  });

  it("with a look that hangs are not alive, though it ticks", async () => {
    const { vitals, tick } = bench();
    await tick(true);
    for (let count = 0; count < 3; count += 1) await tick(false);
    expect(vitals.stall()).toMatchObject({ part: "look", failure: null });
    expect(vitals.health()).toEqual({ alive: false, ready: false, reasons: ["scheduler_stalled", "sweep_failing"] });
  });

  it("with looks that fail are alive: they say so and are tried again", async () => {
    const { vitals, tick, fail } = bench();
    for (let count = 0; count < 3; count += 1) {
      fail();
      await tick(false);
    }
    expect(vitals.stall()).toMatchObject({ part: "look", failure: { code: "bug", message: "why" } });
    expect(vitals.health()).toMatchObject({ alive: true, ready: false });
  });

  it("with work whose failures cannot be recorded stall when that lasts", async () => {
    const { clock, sweeper, vitals, tick, fail } = bench();
    sweeper.failingSinceMs = clock.monotonicMs();
    fail();
    await tick(true);
    expect(vitals.stall()).toBeNull();
    expect(vitals.health()).toEqual({ alive: true, ready: false, reasons: ["sweep_failing"] });
    await tick(true);
    await tick(true);
    expect(vitals.stall()).toMatchObject({ part: "work", forMs: 90 * SECOND_MS });
    sweeper.failingSinceMs = undefined;
    expect(vitals.stall()).toBeNull();
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

  it("keeps its time when the wall clock is set meanwhile", async () => {
    const { clock, told, alarm, fail } = bench();
    fail("state_unwritable");
    clock.jumpTo(clock.now() + HOUR_MS);
    alarm.over();
    fail("state_unwritable");
    expect(told).toHaveLength(1);
    clock.jumpTo(clock.now() - 3 * HOUR_MS);
    await clock.advance(MINUTE_MS);
    alarm.over();
    expect(told.slice(1)).toEqual([null]);
  });

  it("is not what another failure of a sweep tells", () => {
    const { told, fail } = bench();
    fail("bug");
    expect(told).toEqual([]);
  });
});
