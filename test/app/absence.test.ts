import { expect, test } from "vitest";
import { Absence } from "../../src/app/absence.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

const TICK_MS = 30_000;

/** A world of which no daemon looked for so long. */
async function absentWorld(ms: number): Promise<{ readonly world: World; readonly absence: Absence }> {
  const world = await makeWorld({ ...SHORT, targets: ["a"], tokens: 2 });
  await world.run(HOUR_MS);
  world.kill();
  await world.clock.advance(ms);
  const { engine, controller } = await world.start();
  const absence = new Absence(engine, controller);
  await absence.note(TICK_MS);
  return { world, absence };
}

test("that no renewd ran while tokens came due is told at the start, and over once they are renewed", async () => {
  const { world, absence } = await absentWorld(25 * HOUR_MS);
  const [incident] = await world.state.incidents({ token: "", target: "daemon" });
  expect(incident).toMatchObject({ reason: "daemon_absent", severity: "warning" });
  expect(incident?.message).toMatch(
    /^No renewd ran from \S+Z to \S+Z \(1 d 1 h\); meanwhile came due: token-1, token-2\.$/,
  );
  await absence.look();
  expect(world.count("incident:opened")).toBe(1);
  await world.run(HOUR_MS);
  await absence.look();
  expect(await world.incidents()).toEqual([]);
});

test.each([
  ["a restart", 5 * MINUTE_MS],
  ["an absence in which nothing came due", 8 * HOUR_MS],
])("%s is not told", async (_, ms) => {
  const { world } = await absentWorld(ms);
  expect(await world.incidents()).toEqual([]);
});

test("the first start of all is no absence", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const absence = new Absence(world.daemon.engine, world.daemon.controller);
  await absence.note(TICK_MS);
  expect(await world.incidents()).toEqual([]);
});

test("one that a restart interrupts is forgotten, for the tokens are told by themselves", async () => {
  const { world } = await absentWorld(2 * DAY_MS);
  expect(await world.incidents()).toContain("daemon_absent");
  await world.run(MINUTE_MS);
  const { engine, controller } = await world.restart();
  await new Absence(engine, controller).note(TICK_MS);
  expect(await world.incidents()).not.toContain("daemon_absent");
});
