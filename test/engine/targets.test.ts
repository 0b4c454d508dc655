import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { bugs, mostWithin } from "../support/oracle.ts";
import { makeWorld, SHORT, type WorldOptions } from "../support/world.ts";

const ONE: WorldOptions = { ...SHORT, targets: ["a"] };
const RELOAD = { command: ["reload"], env: {}, timeoutMs: MINUTE_MS };

test("what somebody else wrote over our token is told and put right within one look", async () => {
  const world = await makeWorld(ONE);
  await world.run(HOUR_MS);
  world.place().put("something else");
  await world.run(6 * HOUR_MS);
  expect(world.count("target:drifted")).toBe(1);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
  expect(await world.state.incidents()).toMatchObject([
    {
      reason: "drift",
      severity: "warning",
      target: "a",
      message: expect.stringMatching(/ has put the newest token back/),
    },
  ]);
});

test("a foreign write that was put right stays told for two looks, over a restart too, and however often it comes again", async () => {
  const world = await makeWorld(ONE);
  await world.run(HOUR_MS);
  for (let count = 0; count < 3; count += 1) {
    world.place().put(`something else ${count}`);
    await world.run(6 * HOUR_MS);
  }
  expect(world.count("target:drifted")).toBe(3);
  const told = () => world.told("incident:opened").filter(({ incident }) => incident.reason === "drift").length;
  expect(told()).toBe(1);
  await world.restart();
  await world.run(HOUR_MS);
  expect(await world.incidents()).toEqual(["drift"]);
  await world.run(12 * HOUR_MS);
  expect(await world.incidents()).toEqual([]);
  expect(told()).toBe(1);
});

test("an expiry that comes round is no foreign write", async () => {
  const world = await makeWorld(ONE);
  await world.run(60 * HOUR_MS);
  expect(world.issuer.rows.length).toBeGreaterThan(1);
  expect((await world.target()).lastDrift).toBeNull();
});

test("what is no token of ours is put right also while the issuer cannot be asked whose it is", async () => {
  const world = await makeWorld(ONE);
  await world.run(HOUR_MS);
  world.issuer.fail("unreachable");
  world.place().put("something else");
  await world.run(6 * HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
});

test("a secret that was deleted is written again", async () => {
  const world = await makeWorld(ONE);
  await world.run(HOUR_MS);
  world.place().put(null);
  await world.run(6 * HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
});

test("a target whose token was lost and cannot be written back is critical", async () => {
  const world = await makeWorld(ONE);
  await world.run(HOUR_MS);
  world.place().put(null);
  world.place().fail({ code: "store_denied", on: ["write"] });
  await world.run(8 * HOUR_MS);
  const graver = (await world.state.incidents()).filter((incident) => incident.severity === "critical");
  expect(graver.map((incident) => incident.reason)).toContain("target_failing");
});

test("a target that holds something foreign is never written until a person adopts it", async () => {
  const world = await makeWorld(ONE);
  world.place().put("a password of somebody else");
  await world.run(2 * HOUR_MS);
  expect(world.place().count("write")).toBe(0);
  expect(await world.incidents()).toContain("not_owned");
  await world.daemon.controller.adopt("token-1", "a");
  await world.run(2 * MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
  await world.run(HOUR_MS);
  expect(await world.incidents()).toEqual([]);
});

test("leave to adopt that is given while the target is being looked at is not lost", async () => {
  const world = await makeWorld(ONE);
  const place = world.place();
  place.put("a password of somebody else");
  await world.run(HOUR_MS);
  place.afterObserve = async () => {
    place.afterObserve = () => undefined;
    await world.daemon.controller.adopt("token-1", "a");
  };
  await world.run(2 * HOUR_MS);
  expect(place.seen).toBe(world.issuer.rows[0]?.text);
});

test("an empty place without an owner is filled; one that another marked as its own is not", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a", "b"] });
  world.place("b").owner = "other";
  await world.run(HOUR_MS);
  expect(world.place("a").seen).toBe(world.issuer.rows[0]?.text);
  expect(world.place("b").count("write")).toBe(0);
  expect((await world.target("b")).trouble?.last.code).toBe("store_not_owned");
});

test("a write that is seen late, but within its propagation, is neither a failure nor written again", async () => {
  const world = await makeWorld({ ...ONE, target: { ...SHORT.target, propagationMs: 10 * MINUTE_MS } });
  world.place().staleMs = 9 * MINUTE_MS;
  await world.run(8 * MINUTE_MS);
  expect(world.count("renewal:settled")).toBe(0);
  await world.run(2 * MINUTE_MS);
  expect(world.place().count("write")).toBe(1);
  expect(world.count("target:failed")).toBe(0);
  expect(world.count("renewal:settled")).toBe(1);
});

test("a write that is not seen after its propagation is a failure that is told", async () => {
  const world = await makeWorld(ONE);
  world.place().lies = true;
  await world.run(10 * MINUTE_MS);
  expect(world.told("target:failed").map(({ code }) => code)).toContain("store_not_visible");
  await world.run(HOUR_MS);
  expect(await world.incidents()).toContain("target_failing");
  const failingSince = world.clock.now();
  await world.run(5 * HOUR_MS);
  const calls = world.place().calls.map(({ at }) => at);
  expect(
    mostWithin(
      calls.filter((at) => at > failingSince),
      HOUR_MS,
    ),
  ).toBeLessThanOrEqual(12);
});

test("a write whose answer was lost is found done, and not made twice", async () => {
  const world = await makeWorld(ONE);
  world.place().fail({ code: "store_timeout", on: ["write"], afterActing: true });
  await world.run(10 * MINUTE_MS);
  expect(world.place().written).toHaveLength(1);
  expect(world.place().count("write")).toBe(1);
  expect(world.count("renewal:settled")).toBe(1);
});

test("the reload hook is told with its key, and alone tried again when it fails", async () => {
  const world = await makeWorld({ ...ONE, target: { ...SHORT.target, reload: RELOAD } });
  world.hookFails = true;
  await world.run(10 * MINUTE_MS);
  expect(world.hooks.length).toBeGreaterThan(1);
  expect(world.count("renewal:settled")).toBe(0);
  world.hookFails = false;
  await world.run(HOUR_MS);
  const fingerprint = (await world.token()).desired?.fingerprint;
  expect(new Set(world.hooks.map(({ key }) => key))).toEqual(new Set([`token-1/a/${fingerprint}`]));
  expect(
    mostWithin(
      world.hooks.map(({ at }) => at),
      HOUR_MS,
    ),
  ).toBeLessThanOrEqual(12);
  expect(world.place().count("write")).toBe(1);
  expect(world.count("renewal:settled")).toBe(1);
});

test("an unknown value seen while the issuer's answer is in doubt causes no storm of looks", async () => {
  const world = await makeWorld(ONE);
  await world.run(HOUR_MS);
  world.issuer.fail("lose_request");
  await world.event("renewal:in-doubt");
  world.place().put("something else");
  await world.restart();
  await world.state.wake({ all: true }, world.clock.now());
  world.issuer.fail("server_error");
  await world.run(7 * HOUR_MS);
  expect(
    mostWithin(
      world.place().calls.map(({ at }) => at),
      HOUR_MS,
    ),
  ).toBeLessThanOrEqual(16);
  expect(bugs(world)).toEqual([]);
});
