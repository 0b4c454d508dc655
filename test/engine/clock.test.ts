import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { bugs } from "../support/oracle.ts";
import { makeWorld, SHORT } from "../support/world.ts";

test("a clock that is set back puts no token to sleep: everything is looked at again", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.clock.jumpTo(world.clock.now() - 20 * HOUR_MS);
  const sweeps = world.place().count("observe");
  await world.run(MINUTE_MS);
  expect(world.place().count("observe")).toBeGreaterThan(sweeps);
});

test("backoff that a leapt clock wrote far into the future is due now", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  world.clock.jumpTo(world.clock.now() + 3 * DAY_MS);
  world.issuer.fail({ refuse: "lifetime_refused" });
  await world.run(MINUTE_MS);
  world.clock.jumpTo(world.clock.now() - 3 * DAY_MS);
  world.issuer.heal();
  await world.restart();
  await world.run(2 * MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(1);
});

test("an intent whose instant lies far ahead is settled now", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  world.clock.jumpTo(world.clock.now() + 3 * DAY_MS);
  world.issuer.fail("lose_answer", 1);
  await world.event("renewal:in-doubt");
  world.clock.jumpTo(world.clock.now() - 3 * DAY_MS);
  await world.restart();
  await world.run(MINUTE_MS);
  // What was made under the clock that leapt is not valid for three days yet; it is no use, and another is asked for.
  expect(world.issuer.rows).toHaveLength(2);
  expect((await world.state.token("token-1"))?.mint).toBeNull();
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});

test("a leap is told once, and resolved when an issuer's clock agrees", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.clock.jumpTo(world.clock.now() + 45_000);
  await world.run(10 * MINUTE_MS);
  expect(await world.incidents()).toEqual(["clock_skewed"]);
  expect(world.count("clock:skewed")).toBe(1);
  world.daemon.engine.watch.witness(world.clock.now());
  await world.run(12 * HOUR_MS);
  expect(await world.incidents()).toEqual([]);
  expect(bugs(world)).toEqual([]);
});

test("a clock that leapt and leapt back is believed again", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.clock.jumpTo(world.clock.now() + 45_000);
  await world.run(10 * MINUTE_MS);
  world.clock.jumpTo(world.clock.now() - 45_000);
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual([]);
});

test("a doubted clock is held against an issuer at once and then once an hour, not only when a token is due", async () => {
  const world = await makeWorld({});
  await world.run(HOUR_MS);
  world.clock.jumpTo(world.clock.now() + 45_000);
  for (let minutes = 0; minutes < 150; minutes += 10) await world.run(10 * MINUTE_MS);
  expect(world.issuer.count("probe")).toBe(3);
  expect(await world.incidents()).toEqual(["clock_skewed"]);
  world.issuer.tellTime = (issuerNow) => world.daemon.engine.watch.witness(issuerNow);
  for (let minutes = 0; minutes < 60; minutes += 10) await world.run(10 * MINUTE_MS);
  expect(world.issuer.count("probe")).toBe(4);
  expect(await world.incidents()).toEqual([]);
});
