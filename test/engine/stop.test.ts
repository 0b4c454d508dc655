import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { bugs } from "../support/oracle.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

async function stop(world: World, graceMs: number): Promise<number> {
  const { daemon } = world;
  const stopped = daemon.sweeper.stop(graceMs);
  await world.run(graceMs + SECOND_MS);
  world.kill(daemon);
  return stopped;
}

test("a stop lets what is under way finish within the grace, and takes nothing new", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail({ slowMs: 3 * SECOND_MS }, 1);
  await world.until(() => world.issuer.rows.length === 2);
  expect(await stop(world, 10 * SECOND_MS)).toBe(0);
  expect((await world.token()).desired?.issuerId).toBe("2");
  expect(world.place().written).toHaveLength(1);
  await world.start();
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});

test("what does not finish is handed back, is nobody's failure, and goes on after the restart", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail("hang", 1);
  await world.until(() => world.issuer.rows.length === 2);
  expect(await stop(world, 5 * SECOND_MS)).toBe(1);
  expect((await world.token()).trouble).toBeNull();
  expect((await world.state.breaker({ kind: "issuer", key: "issuer" })).failures).toBe(0);
  await world.start();
  await world.run(MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect(bugs(world)).toEqual([]);
});

test("a write that is given up at a stop is nobody's failure either", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.place().fail({ hang: true, on: ["write"] });
  await world.until(() => world.place().count("write") === 2);
  expect(await stop(world, 5 * SECOND_MS)).toBe(1);
  expect((await world.target()).trouble).toBeNull();
  world.place().heal();
  await world.start();
  await world.run(SECOND_MS);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect(bugs(world)).toEqual([]);
});
