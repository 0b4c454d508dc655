import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { bugs, forgotten, leastLifeMs } from "../support/oracle.ts";
import { HOLD_MS, LIFETIME_MS, makeWorld, SHORT } from "../support/world.ts";

test("mints the first token and brings it to every target", async () => {
  const world = await makeWorld();
  await world.run(2 * MINUTE_MS);
  expect(world.place("a").seen).toBe(world.issuer.rows[0]?.text);
  expect(world.place("b").seen).toBe(world.issuer.rows[0]?.text);
  expect(world.issuer.count("request")).toBe(1);
  expect(world.count("renewal:settled")).toBe(1);
  expect((await world.token()).lastSuccessAt).not.toBeNull();
  expect(await world.incidents()).toEqual([]);
});

test("renews with a third of the life left, and leaves the old token valid", async () => {
  const world = await makeWorld();
  const startedAt = world.clock.now();
  await world.run(25 * DAY_MS);
  const [first, second] = world.issuer.rows;
  expect(world.issuer.rows).toHaveLength(2);
  expect(second?.startAt).toBe(startedAt + (2 / 3) * LIFETIME_MS);
  expect(first?.expAt).toBe(startedAt + LIFETIME_MS);
  expect(second).toMatchObject({ name: first?.name, roles: first?.roles });
  expect(world.place("a").seen).toBe(second?.text);
});

test("keeps the promise over a year, with one renewal every twenty days and nothing else written", async () => {
  const world = await makeWorld({ targets: ["a"] });
  await world.run(365 * DAY_MS);
  expect(leastLifeMs(world)).toBeGreaterThanOrEqual(HOLD_MS);
  expect(world.issuer.rows).toHaveLength(1 + Math.floor(365 / 20));
  expect(world.place().written).toEqual(world.issuer.rows.map((row) => row.text));
  expect(await forgotten(world)).toEqual([]);
  expect(bugs(world)).toEqual([]);
});

test("a dead target holds up neither the minting nor the other target, and jumps to the newest when it recovers", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.place("b").fail("store_unreachable");
  await world.run(45 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(3);
  expect(world.place("a").seen).toBe(world.issuer.rows[2]?.text);
  expect(leastLifeMs(world, "a")).toBeGreaterThanOrEqual(SHORT.target.holdMs);
  expect(await world.incidents()).toContain("expired");
  world.place("b").heal();
  await world.run(16 * MINUTE_MS);
  expect(world.place("b").written).toEqual([world.issuer.rows[0]?.text, world.issuer.rows[2]?.text]);
  await world.run(HOUR_MS);
  expect(await world.incidents()).toEqual([]);
});

test("a restart, an unchanged reload and a second restart cause no renewal, no write and no notification", async () => {
  const world = await makeWorld({ target: { reload: { command: ["reload"], env: {}, timeoutMs: MINUTE_MS } } });
  await world.run(DAY_MS);
  const before = {
    requests: world.issuer.count("request"),
    hooks: world.hooks.length,
    incidents: world.count("incident:opened"),
  };
  await world.restart();
  await world.run(HOUR_MS);
  await world.reload((declared) => ({ ...declared }));
  await world.run(HOUR_MS);
  await world.restart();
  await world.run(DAY_MS);
  expect({
    requests: world.issuer.count("request"),
    hooks: world.hooks.length,
    incidents: world.count("incident:opened"),
  }).toEqual(before);
  expect(world.place("a").count("write")).toBe(1);
});

test("nothing is asked for that would live no longer than what is there: a longer token was made by hand", async () => {
  const world = await makeWorld({ ...SHORT, create: false });
  world.issuer.mintByHand("name-of-token-1", 300 * HOUR_MS);
  await world.event("renewal:settled");
  await world.run(265 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(0);
  await world.run(60 * HOUR_MS);
  expect(world.count("renewal:quarantined")).toBe(0);
  expect(world.issuer.rows.length).toBeGreaterThan(1);
  expect(await world.incidents()).toEqual([]);
});
