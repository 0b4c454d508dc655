import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { bugs } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const NAME = "name-of-token-1";

/** A first start of an issuer without a list, beside targets that hold something already. */
function newWorld(options: WorldOptions = {}): Promise<World> {
  return makeWorld({ ...SHORT, ...options, issuer: { lists: false, ...options.issuer } });
}

test("the newest token of ours in the targets is taken up instead of minting the first; the others get it", async () => {
  const world = await newWorld({ targets: ["a", "b", "c"] });
  const older = world.issuer.mintByHand(NAME, 30 * HOUR_MS);
  await world.clock.advance(HOUR_MS);
  const newer = world.issuer.mintByHand(NAME, 25 * HOUR_MS);
  world.place("a").put(older.text);
  world.place("b").put(newer.text);
  await world.run(MINUTE_MS);
  expect(world.issuer.count("request")).toBe(0);
  expect(["a", "b", "c"].map((label) => world.place(label).seen)).toEqual([newer.text, newer.text, newer.text]);
  expect(world.told("renewal:adopted")).toMatchObject([{ from: "target", expAt: newer.expAt }]);
  expect(await world.incidents()).toEqual([]);
});

test("a state that was lost is rebuilt from the targets without minting, and renewals go on", async () => {
  const before = await newWorld({ targets: ["a"] });
  await before.event("renewal:settled");
  const after = await newWorld({ targets: ["a"] });
  after.issuer.rows.push(...before.issuer.rows);
  after.place().put(before.place().seen);
  await after.run(10 * HOUR_MS);
  expect(after.issuer.count("request")).toBe(0);
  await after.run(15 * HOUR_MS);
  expect(after.issuer.count("request")).toBe(1);
  expect(after.place().seen).toBe(after.issuer.rows.at(-1)?.text);
});

test.each([
  ["of another subject", { subject: "somebody-else" }],
  ["for another audience", { audience: "another-server" }],
  ["without a role of the settings", { scopes: {} }],
  ["that is not signed", { signed: false }],
  ["without life enough for its readers", { expAt: Date.parse("2026-07-01T08:30:00Z") }],
])("a token %s is not", async (_, made) => {
  const world = await newWorld({ targets: ["a"] });
  world.place().put(world.issuer.mintByHand(NAME, 30 * HOUR_MS, made).text);
  await world.run(MINUTE_MS);
  expect(world.count("renewal:adopted")).toBe(0);
  expect(world.issuer.count("request")).toBe(1);
});

test("a target that cannot be read is passed over, unless minting would revoke what it may hold", async () => {
  const world = await newWorld();
  world.place("a").fail("store_unreachable");
  await world.run(MINUTE_MS);
  expect(world.place("b").seen).toBe(world.issuer.rows[0]?.text);
  const severe = await newWorld({ issuer: { overlap: "none" } });
  const made = severe.issuer.mintByHand(NAME, 30 * HOUR_MS);
  severe.place("a").put(made.text);
  severe.place("a").fail({ code: "store_unreachable", on: ["observe"] });
  await severe.run(10 * MINUTE_MS);
  expect(severe.issuer.count("request")).toBe(0);
  severe.place("a").heal();
  await severe.run(HOUR_MS);
  expect(severe.place("b").seen).toBe(made.text);
  expect([...bugs(world), ...bugs(severe)]).toEqual([]);
});

test("while the key to prove it with is out of reach nothing is minted beside it", async () => {
  const world = await newWorld({ targets: ["a"] });
  const made = world.issuer.mintByHand(NAME, 30 * HOUR_MS);
  world.place().put(made.text);
  world.issuer.keyReachable = false;
  await world.run(10 * MINUTE_MS);
  expect(world.issuer.count("request")).toBe(0);
  world.issuer.keyReachable = true;
  await world.run(HOUR_MS);
  expect((await world.token()).desired?.expAt).toBe(made.expAt);
});

test("a newer token that somebody puts into a target later is taken up, an older one is written over", async () => {
  const world = await newWorld({ targets: ["a", "b"] });
  const old = world.issuer.mintByHand(NAME, 30 * HOUR_MS);
  await world.clock.advance(HOUR_MS);
  await world.event("renewal:settled");
  const desired = world.issuer.rows.at(-1);
  world.place("a").put(old.text);
  await world.run(7 * HOUR_MS);
  expect(world.place("a").seen).toBe(desired?.text);
  const newer = world.issuer.mintByHand(NAME, 30 * HOUR_MS);
  world.place("a").put(newer.text);
  await world.run(7 * HOUR_MS);
  expect([world.place("a").seen, world.place("b").seen]).toEqual([newer.text, newer.text]);
});

test("what was quarantined is not taken up from a target instead: a person accepts it or not", async () => {
  const world = await newWorld({ targets: ["a"] });
  world.issuer.fail({ make: { expAt: Date.parse("2026-09-01T00:00:00Z") } }, 1);
  await world.event("renewal:quarantined");
  world.place().put(world.issuer.rows[0]?.text ?? "");
  await world.run(2 * HOUR_MS);
  expect(world.count("renewal:adopted")).toBe(0);
  expect(world.issuer.count("request")).toBeGreaterThan(1);
});

test("an issuer with a list is asked, and its targets are not", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  world.place().afterObserve = () => expect(world.count("renewal:started")).toBeGreaterThan(0);
  await world.run(MINUTE_MS);
  expect(world.count("renewal:adopted")).toBe(0);
});
