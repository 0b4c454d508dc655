/** Tokens that say nothing of themselves: only the issuer's own answer tells what they are. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { leastLifeMs } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const TOKEN = "token-1";
const OPAQUE: WorldOptions = { ...SHORT, targets: ["a"], issuer: { lists: false } };

async function opaqueWorld(options: WorldOptions = OPAQUE): Promise<World> {
  const world = await makeWorld(options);
  world.issuer.opaque = true;
  return world;
}

test("it is accepted as what was asked for, with the expiry that the issuer told, and kept up", async () => {
  const world = await opaqueWorld();
  world.issuer.fail({ make: { expAt: world.clock.now() + 29 * HOUR_MS + 30 * MINUTE_MS } }, 1);
  await world.event("renewal:settled");
  expect((await world.token()).desired).toMatchObject({
    startAt: world.issuer.rows[0]?.startAt,
    expAt: world.issuer.rows[0]?.expAt,
    scopes: { runner: [] },
    origin: "minted",
  });
  await world.run(5 * 24 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(7);
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
  expect(leastLifeMs(world)).toBeGreaterThanOrEqual(SHORT.target.holdMs);
  expect(await world.incidents()).toEqual([]);
});

test("without an expiry that anybody told it is rejected", async () => {
  const world = await opaqueWorld();
  world.issuer.saysExpiry = false;
  await world.event("renewal:quarantined");
  expect(world.told("renewal:quarantined")[0]).toMatchObject({ check: "expiry", message: "it has no expiry" });
  expect(world.place().seen).toBeNull();
});

test("with `renew_every` it is reckoned to live so long, and renewed by that", async () => {
  const world = await opaqueWorld({ ...OPAQUE, policy: { ...SHORT.policy, renewEveryMs: 30 * HOUR_MS } });
  world.issuer.saysExpiry = false;
  await world.event("renewal:settled");
  const startedAt = world.issuer.rows[0]?.startAt ?? 0;
  expect((await world.token()).desired).toMatchObject({ startAt: startedAt, expAt: startedAt + 30 * HOUR_MS });
  await world.event("renewal:accepted");
  expect(Math.abs(world.clock.now() - startedAt - 20 * HOUR_MS)).toBeLessThan(MINUTE_MS);
});

test("a stranger's in a target is not taken up, nor written over without leave", async () => {
  const world = await opaqueWorld();
  world.place().put("a stranger's");
  await world.event("target:failed");
  expect(world.count("renewal:adopted")).toBe(0);
  expect(world.place().seen).toBe("a stranger's");
  expect((await world.target()).trouble?.last.code).toBe("store_not_owned");
  await world.daemon.controller.adopt(TOKEN, "a");
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
});

test("a stranger's in a target of ours is drift, and put right", async () => {
  const world = await opaqueWorld();
  await world.event("renewal:settled");
  world.place().put("a stranger's");
  await world.run(7 * HOUR_MS);
  expect(world.count("target:drifted")).toBe(1);
  expect(world.count("renewal:adopted")).toBe(0);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
  expect((await world.state.known(TOKEN)).has(new SecretText("a stranger's").fingerprint)).toBe(false);
});

test("one that was lost with its answer is asked for again, and the lost one used by nobody", async () => {
  const world = await opaqueWorld();
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await world.event("renewal:settled");
  expect(world.issuer.rows).toHaveLength(3);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
});

test("after a lost state it is made anew, for nobody can tell whose the old one is", async () => {
  const world = await opaqueWorld();
  const old = world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS);
  world.place().owner = "ours";
  world.place().put(old.text);
  await world.event("renewal:settled");
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});

test("where one grant is as good as another the first needs no leave to be made", async () => {
  const world = await opaqueWorld({ ...OPAQUE, create: false, issuer: { lists: false, keeps: false } });
  await world.event("renewal:settled");
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
  const strict = await opaqueWorld({ ...OPAQUE, create: false });
  await strict.event("renewal:failed");
  expect((await strict.token()).trouble?.last.code).toBe("token_absent");
  expect(strict.issuer.rows).toEqual([]);
});
