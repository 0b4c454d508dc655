/** A clock that leaps makes no reader's time shorter: what was ended too early cannot be mended. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { bugs } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const RETIRE: WorldOptions = { ...SHORT, request: { ...SHORT.request, retire: true } };
const LEAP_MS = 5 * HOUR_MS;
const { holdMs } = SHORT.target;

/** The second token came to its targets while the clock was behind. */
async function renewedBehind(): Promise<World> {
  const world = await makeWorld(RETIRE);
  await world.event("renewal:settled");
  await world.run(HOUR_MS);
  world.clock.jumpTo(world.clock.now() - LEAP_MS);
  await world.event("renewal:settled");
  return world;
}

/** For how long readers may go on from now on. */
async function expectUntouched(world: World): Promise<void> {
  await world.run(holdMs - 10 * MINUTE_MS);
  expect(world.issuer.count("retire")).toBe(0);
  expect(world.issuer.rows).toHaveLength(2);
  await world.event("token:retired", HOUR_MS);
  expect(world.issuer.rows).toHaveLength(1);
  expect(bugs(world)).toEqual([]);
}

test("a clock that is set right after the new token was in place: the old one's readers keep their hold", async () => {
  const world = await renewedBehind();
  world.clock.jumpTo(world.clock.now() + LEAP_MS);
  await expectUntouched(world);
});

test("a clock that is set right while nobody runs: the old one's readers keep their hold", async () => {
  const world = await renewedBehind();
  world.kill();
  world.clock.jumpTo(world.clock.now() + LEAP_MS);
  await world.start();
  await expectUntouched(world);
});

test("a clock that leaps ahead and that nobody vouches for ends nothing", async () => {
  const world = await makeWorld(RETIRE);
  await world.event("renewal:settled");
  await world.event("renewal:settled");
  await world.run(MINUTE_MS);
  world.clock.jumpTo(world.clock.now() + LEAP_MS);
  await world.run(holdMs - 10 * MINUTE_MS);
  expect(world.issuer.count("retire")).toBe(0);
});
