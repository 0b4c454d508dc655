import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { PROVED_PER_LOOK_MAX } from "../../src/engine/look.ts";
import { makeWorld, SHORT } from "../support/world.ts";

const NAME = "name-of-token-1";
const RELOAD = { command: ["reload"], env: {}, timeoutMs: MINUTE_MS };

test("a live token of our name is adopted at the first start instead of minting one", async () => {
  const world = await makeWorld({ create: false });
  const made = world.issuer.mintByHand(NAME, 30 * DAY_MS);
  await world.run(10 * MINUTE_MS);
  expect(world.issuer.count("request")).toBe(0);
  expect(world.place("a").seen).toBe(made.text);
  expect(world.told("renewal:adopted")).toMatchObject([{ from: "issuer" }]);
});

test("of several live tokens the newest is adopted, and in the same look the others get a fate", async () => {
  const world = await makeWorld({ create: false });
  const made = [10, 20, 30].map((days, index) =>
    world.issuer.mintByHand(NAME, days * DAY_MS, { startAt: world.clock.now() - (3 - index) * HOUR_MS }),
  );
  await world.run(10 * MINUTE_MS);
  const known = await world.state.known("token-1");
  expect(world.place("a").seen).toBe(made[2]?.text);
  expect([...known.values()].map(({ issue, fate }) => `${issue.issuerId} ${fate}`).sort()).toEqual([
    "1 superseded",
    "2 superseded",
    "3 accepted",
  ]);
});

test("while a listed token that may serve cannot be proved, none is minted instead of it", async () => {
  const world = await makeWorld({});
  const made = world.issuer.mintByHand(NAME, 30 * DAY_MS);
  world.issuer.keyReachable = false;
  await world.run(2 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(0);
  expect((await world.token()).trouble?.last.code).toBe("key_unreachable");
  world.issuer.keyReachable = true;
  await world.run(2 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(0);
  expect(world.place("a").seen).toBe(made.text);
});

test("without any token of our name and without leave to create, it says so and mints nothing", async () => {
  const world = await makeWorld({ create: false });
  await world.run(HOUR_MS);
  expect(world.issuer.count("request")).toBe(0);
  expect((await world.token()).trouble?.last.code).toBe("token_absent");
  expect(await world.incidents()).toEqual(["token_absent"]);
});

test("what a person minted before ours was due is taken up when ours is due, instead of minting another", async () => {
  const world = await makeWorld(SHORT);
  await world.run(15 * HOUR_MS);
  const made = world.issuer.mintByHand(NAME, 30 * HOUR_MS);
  await world.run(10 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place("a").seen).toBe(made.text);
});

test("an unknown token that is older than the one in use is recorded as superseded, however long it lives", async () => {
  const world = await makeWorld(SHORT);
  await world.run(3 * HOUR_MS);
  world.issuer.mintByHand(NAME, 90 * HOUR_MS, { startAt: world.clock.now() - 4 * HOUR_MS });
  await world.run(20 * HOUR_MS);
  expect(world.count("issue:superseded")).toBe(1);
  expect(world.issuer.count("request")).toBe(2);
  expect(world.place("a").seen).toBe(world.issuer.rows[2]?.text);
});

test("a newer token of ours that somebody put into a target is adopted and brought to the others, and each hook is told", async () => {
  const world = await makeWorld({ ...SHORT, target: { ...SHORT.target, reload: RELOAD } });
  await world.run(HOUR_MS);
  const made = world.issuer.mintByHand(NAME, 30 * HOUR_MS);
  world.place("a").put(made.text);
  await world.run(7 * HOUR_MS);
  expect(world.place("b").seen).toBe(made.text);
  expect(world.place("a").count("write")).toBe(1);
  expect(world.told("renewal:adopted")).toMatchObject([{ from: "target" }]);
  expect(world.hooks).toHaveLength(4);
  expect((await world.token()).lastSuccessAt).toBeGreaterThan(made.startAt);
  expect(await world.incidents()).toEqual([]);
});

test("with a single target, too, what was adopted from it counts as delivered", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], target: { ...SHORT.target, reload: RELOAD } });
  await world.run(HOUR_MS);
  const made = world.issuer.mintByHand(NAME, 30 * HOUR_MS);
  world.place("a").put(made.text);
  await world.run(7 * HOUR_MS);
  expect(world.hooks).toHaveLength(2);
  expect((await world.token()).lastSuccessAt).toBeGreaterThan(made.startAt);
});

test("a listed token that fails verification is foreign: told once, never used, and in nobody's way", async () => {
  const world = await makeWorld(SHORT);
  world.issuer.mintByHand(NAME, 60 * HOUR_MS, { signed: false });
  await world.run(25 * HOUR_MS);
  expect(world.count("issue:foreign")).toBe(1);
  expect(world.issuer.count("request")).toBe(2);
  expect(world.place("a").seen).toBe(world.issuer.rows[2]?.text);
});

test("roles edited with leave to create are minted anew at once", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  await world.reload((declared) => ({ ...declared, request: { ...declared.request, roles: ["runner", "viewer"] } }));
  await world.run(10 * MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.issuer.rows[1]?.roles).toEqual(["runner", "viewer"]);
  expect(world.place("a").seen).toBe(world.issuer.rows[1]?.text);
  await world.run(5 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(await world.incidents()).toEqual([]);
});

test("roles edited without leave to create stay open as an incident, and renewals go on with the old ones", async () => {
  const world = await makeWorld({ ...SHORT, create: false });
  world.issuer.mintByHand(NAME, 30 * HOUR_MS);
  await world.run(HOUR_MS);
  await world.reload((declared) => ({ ...declared, request: { ...declared.request, roles: ["runner", "viewer"] } }));
  await world.run(HOUR_MS);
  expect(await world.incidents()).toEqual(["roles_differ"]);
  await world.run(20 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place("a").seen).toBe(world.issuer.rows[1]?.text);
  expect(await world.incidents()).toEqual(["roles_differ"]);
});

for (const lists of [true, false]) {
  const issuer = lists ? "an issuer that lists" : "an issuer without a list";
  test(`a newer token that is due already and stands in a target is taken up and renewed at once, with ${issuer}`, async () => {
    const world = await makeWorld({ ...SHORT, targets: ["a"], issuer: { lists } });
    await world.run(90 * MINUTE_MS);
    const made = world.issuer.mintByHand(NAME, 5 * HOUR_MS);
    await world.run(225 * MINUTE_MS);
    world.place().put(made.text);
    await world.run(7 * HOUR_MS);
    expect(world.told("renewal:adopted")).toMatchObject([{ from: "target" }]);
    expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
    expect(await world.incidents()).toEqual([]);
  });
}

test("a newer token that was not taken up, for it was due, is taken up when somebody puts it into a target", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], target: { ...SHORT.target, observeMs: HOUR_MS } });
  await world.run(90 * MINUTE_MS);
  const made = world.issuer.mintByHand(NAME, 24 * HOUR_MS);
  await world.run(16 * HOUR_MS + 10 * MINUTE_MS);
  // At the look for a stranger it is found in the list, and known from then on.
  world.place().put("a stranger's word");
  await world.run(70 * MINUTE_MS);
  const fates = [...(await world.state.known("token-1")).values()];
  expect(fates.find(({ issue }) => issue.issuerId === made.id)?.fate).toBe("outlived");
  world.place().put(made.text);
  await world.run(61 * MINUTE_MS);
  expect(world.told("renewal:adopted")).toMatchObject([{ from: "target" }]);
  expect(world.issuer.rows).toHaveLength(3);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
});

test("ours is found among more strangers' tokens than are proved in one look", async () => {
  const world = await makeWorld({ create: false, targets: ["a"] });
  const ours = world.issuer.mintByHand(NAME, 30 * DAY_MS, { startAt: world.clock.now() - HOUR_MS });
  for (let count = 0; count < PROVED_PER_LOOK_MAX + 3; count += 1) {
    world.issuer.mintByHand(NAME, 30 * DAY_MS, { subject: "somebody-else" });
  }
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(ours.text);
  expect((await world.state.known("token-1")).size).toBe(PROVED_PER_LOOK_MAX + 4);
});

test("as many tokens as are proved in one look, none of which can be proved, hold up no renewal for ever", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const strange = new Set<string>();
  for (let count = 0; count <= PROVED_PER_LOOK_MAX; count += 1)
    strange.add(world.issuer.mintByHand(NAME, 90 * HOUR_MS).text);
  const inspect = world.issuer.inspect.bind(world.issuer);
  world.issuer.inspect = (token) =>
    strange.has(token.reveal())
      ? Promise.resolve({ outcome: "unknown", error: new RenewdError("key_unreachable", "another key") })
      : inspect(token);
  await world.run(28 * HOUR_MS);
  expect(world.issuer.count("request")).toBeGreaterThan(1);
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
});
