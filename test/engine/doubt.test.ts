import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { bugs, forgotten, leastLifeMs } from "../support/oracle.ts";
import { makeWorld, SHORT } from "../support/world.ts";

test("a token whose answer was lost is found in the issuer's list and used; none is minted twice", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.fail("lose_answer", 1);
  await world.run(DAY_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.issuer.count("request")).toBe(2);
  expect(world.place("a").seen).toBe(world.issuer.rows[1]?.text);
  expect(world.count("renewal:in-doubt")).toBe(1);
  expect(await world.incidents()).toEqual([]);
});

test("while the outcome is unknown it waits until no answer can come any more, and only then looks", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.fail("lose_request", 1);
  await world.event("renewal:in-doubt");
  const doubtAt = world.clock.now();
  const listings = world.issuer.count("find");
  await world.run(world.issuer.callLimitMs - 1);
  expect(world.issuer.count("find")).toBe(listings);
  await world.event("renewal:nothing-made", MINUTE_MS);
  expect(world.clock.now()).toBeGreaterThanOrEqual(doubtAt + world.issuer.callLimitMs);
  await world.event("renewal:accepted", MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(2);
});

test("a request that hangs is given up at its limit, and its token is found", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.fail("hang", 1);
  await world.run(DAY_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place("a").seen).toBe(world.issuer.rows[1]?.text);
  expect(bugs(world)).toEqual([]);
});

test("an issuer without a list is asked again: one spare token at most", async () => {
  const world = await makeWorld({ ...SHORT, issuer: { lists: false } });
  await world.run(HOUR_MS);
  world.issuer.fail("lose_answer", 1);
  await world.run(DAY_MS);
  expect(world.issuer.rows).toHaveLength(3);
  expect(world.place("a").seen).toBe(world.issuer.rows[2]?.text);
});

test("an issuer that loses every answer is still kept up with, token by token", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail("lose_answer");
  await world.run(5 * DAY_MS);
  expect(world.issuer.count("request")).toBe(world.issuer.rows.length);
  expect(world.issuer.rows).toHaveLength(7);
  expect(leastLifeMs(world)).toBeGreaterThanOrEqual(SHORT.target.holdMs);
  expect(await forgotten(world)).toEqual([]);
});

test("no request is recorded as sent that the issuer's breaker held back", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 8, targets: ["a"], issuer: { lists: false } });
  await world.run(HOUR_MS);
  world.issuer.fail("unreachable");
  await world.run(21 * HOUR_MS);
  expect(world.count("renewal:asked")).toBe(world.issuer.count("request"));
});
