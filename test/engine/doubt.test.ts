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

test("that nothing was made is believed only once no answer can come any more", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.fail("lose_request", 1);
  await world.event("renewal:in-doubt");
  const doubtAt = world.clock.now();
  await world.run(2 * MINUTE_MS);
  expect(world.told("renewal:nothing-made")[0]?.at).toBe(doubtAt + world.issuer.callLimitMs);
  expect(world.issuer.rows).toHaveLength(2);
});

test("a request that was cut off and acts late is not made twice", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.fail({ lateMs: 20_000 }, 1);
  await world.run(DAY_MS);
  expect(world.count("renewal:in-doubt")).toBe(1);
  expect(world.issuer.count("request")).toBe(2);
  expect(world.place("a").seen).toBe(world.issuer.rows[1]?.text);
});

test("after a death on a request that acts late its token is waited for, not made twice", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.fail({ lateMs: 20_000 }, 1);
  world.daemon.life.beforeChange = () => {
    if (world.issuer.count("request") === 2) world.kill();
  };
  await world.until(() => world.daemons.length === 0);
  await world.start();
  await world.run(HOUR_MS);
  expect(world.issuer.count("request")).toBe(2);
  expect(world.place("a").seen).toBe(world.issuer.rows[1]?.text);
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

test("what was refused but made all the same is found at the next try, and not asked for again", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail({ refuse: "issuer_throttled" }, 1);
  await world.event("renewal:failed");
  const made = world.issuer.mintByHand("name-of-token-1", SHORT.request.lifetimeMs);
  await world.run(20_000);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().seen).toBe(made.text);
});

test("a token whose answer was lost and that expired before anybody could look is known as outlived", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail("lose_answer", 1);
  await world.event("renewal:in-doubt");
  const lost = world.issuer.rows[1];
  world.kill();
  await world.clock.advance(40 * HOUR_MS);
  await world.start();
  await world.run(MINUTE_MS);
  const known = [...(await world.state.known("token-1")).values()];
  expect(known.find(({ issue }) => issue.issuerId === lost?.id)?.fate).toBe("outlived");
  expect(world.count("renewal:nothing-made")).toBe(0);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
  expect(world.issuer.rows).toHaveLength(3);
});
