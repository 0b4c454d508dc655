import { expect, test, vi } from "vitest";
import { Absence } from "../../src/app/absence.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

const TICK_MS = 30_000;

/** A world of which no daemon looked for so long. */
async function absentWorld(ms: number): Promise<{ readonly world: World; readonly absence: Absence }> {
  const world = await makeWorld({ ...SHORT, targets: ["a"], tokens: 2 });
  await world.run(HOUR_MS);
  world.kill();
  await world.clock.advance(ms);
  const absence = new Absence((await world.start()).engine);
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
  const absence = new Absence(world.daemon.engine);
  await absence.note(TICK_MS);
  expect(await world.incidents()).toEqual([]);
});

test("it is not over by another restart, while what it names is not renewed", async () => {
  const { world } = await absentWorld(25 * HOUR_MS);
  world.issuer.fail("server_error");
  await world.run(MINUTE_MS);
  let absence = new Absence((await world.restart()).engine);
  await absence.note(TICK_MS);
  expect(await world.incidents()).toContain("daemon_absent");
  expect(world.told("incident:opened").filter(({ incident }) => incident.reason === "daemon_absent")).toHaveLength(1);
  world.issuer.heal();
  await world.run(2 * HOUR_MS);
  await absence.look();
  expect(await world.incidents()).toEqual([]);
  absence = new Absence((await world.restart()).engine);
  await absence.note(TICK_MS);
  expect(await world.incidents()).toEqual([]);
});

test("a second absence names what the first one left unrenewed as well", async () => {
  const { world } = await absentWorld(25 * HOUR_MS);
  world.issuer.fail("server_error");
  await world.run(MINUTE_MS);
  world.kill();
  await world.clock.advance(HOUR_MS);
  await new Absence((await world.start()).engine).note(TICK_MS);
  const [incident] = await world.state.incidents({ token: "", target: "daemon" });
  expect(incident?.reason).toBe("daemon_absent");
});

test("what is paused was not missed", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], tokens: 2 });
  await world.run(HOUR_MS);
  await world.daemon.controller.pause("token-1", null, null);
  world.kill();
  await world.clock.advance(25 * HOUR_MS);
  const absence = new Absence((await world.start()).engine);
  await absence.note(TICK_MS);
  const [incident] = await world.state.incidents({ token: "", target: "daemon" });
  expect(incident?.message).toMatch(/meanwhile came due: token-2\.$/);
  await world.daemon.controller.pause("token-2", null, null);
  await absence.look();
  expect(await world.state.incidents({ token: "", target: "daemon" })).toEqual([]);
});

test("its looks read those tokens alone, and nothing once it is over", async () => {
  const { world, absence } = await absentWorld(25 * HOUR_MS);
  const { state } = world.daemon.engine;
  const whole = [vi.spyOn(world.state, "tokens"), vi.spyOn(world.state, "allTargets")];
  await absence.look();
  await world.run(HOUR_MS);
  for (const spy of whole) spy.mockClear();
  await absence.look();
  for (const spy of whole) expect(spy).not.toHaveBeenCalled();
  const { operations } = world.daemon.life;
  await absence.look();
  expect(world.daemon.life.operations).toBe(operations);
  expect(await state.fact("absent_to")).toBe(0);
});
