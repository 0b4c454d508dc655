import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { bugs } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const TOKEN = "token-1";
const fingerprintOf = (text: string | undefined): string => new SecretText(text ?? "").fingerprint;

/** Two tokens were made, and both targets hold the second. */
async function renewedWorld(options: WorldOptions = SHORT): Promise<World> {
  const world = await makeWorld(options);
  await world.event("renewal:settled");
  await world.event("renewal:settled");
  return world;
}

test("a rollback puts the previous token back into every target, while renewals are paused", async () => {
  const world = await renewedWorld();
  const [first, second] = world.issuer.rows;
  const done = await world.daemon.controller.rollback(TOKEN);
  expect(done).toMatchObject({ fingerprint: fingerprintOf(first?.text), withdrawn: fingerprintOf(second?.text) });
  const before = await world.daemon.controller.tokenStatus(TOKEN);
  expect(before.targets.map(({ state }) => state)).toEqual(["withdrawn", "withdrawn"]);
  expect(before.targets[0]?.advice).toMatchObject({ reason: expect.stringContaining("rolled back") as string });
  await world.run(MINUTE_MS);
  expect([world.place("a").seen, world.place("b").seen]).toEqual([first?.text, first?.text]);
  // That the first was in all targets was said when it came.
  expect(world.count("renewal:settled")).toBe(2);
  await world.run(2 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(2);
  const status = await world.daemon.controller.tokenStatus(TOKEN);
  expect(status.state).toBe("paused");
  expect(status.advice?.reason).toContain(`rolled back from ${fingerprintOf(second?.text)}; targets are put right`);
  expect(status.targets.map(({ state }) => state)).toEqual(["ok", "ok"]);
  expect(world.told("renewal:rolled-back")).toMatchObject([{ withdrawn: fingerprintOf(second?.text) }]);
  expect((await world.state.history(TOKEN, 50)).map(({ type }) => type)).toContain("renewal:rolled-back");
});

test("the withdrawn token is never used again: not from the issuer's list, not from a target, not as an answer", async () => {
  const world = await renewedWorld({ ...SHORT, targets: ["a"] });
  const [first, second] = world.issuer.rows;
  await world.daemon.controller.rollback(TOKEN);
  await world.run(MINUTE_MS);
  world.place().put(second?.text ?? "");
  await world.run(7 * HOUR_MS);
  expect(world.place().seen).toBe(first?.text);
  expect(world.told("target:drifted")).toMatchObject([{ fingerprint: fingerprintOf(second?.text) }]);
  expect(world.count("target:adopted")).toBe(0);
  expect(await world.state.unseal(TOKEN, fingerprintOf(second?.text))).toBeUndefined();
  await world.daemon.controller.resume(TOKEN);
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
  expect(world.count("renewal:adopted")).toBe(0);
  expect((await world.token()).previous?.fingerprint).toBe(fingerprintOf(first?.text));
});

test("after `resume` the older token's schedule applies, and it is the base of the next", async () => {
  const world = await renewedWorld({ ...SHORT, targets: ["a"] });
  const orders: (string | null)[] = [];
  const { request } = world.issuer;
  world.issuer.request = (order, signal) => (orders.push(order.baseId), request.call(world.issuer, order, signal));
  await world.daemon.controller.rollback(TOKEN);
  await world.run(5 * MINUTE_MS);
  await world.daemon.controller.resume(TOKEN);
  await world.run(5 * MINUTE_MS);
  expect(orders).toEqual([world.issuer.rows[0]?.id]);
  expect(world.place().written).toEqual([0, 1, 0, 2].map((index) => world.issuer.rows[index]?.text));
});

test("a write that was under way when it was decided is found and put right at once", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.event("renewal:settled");
  const place = world.place();
  const { write } = place;
  place.write = async (token, options) => {
    place.write = write;
    await world.daemon.controller.rollback(TOKEN);
    return write.call(place, token, options);
  };
  await world.event("renewal:accepted");
  await world.run(MINUTE_MS);
  const [first, second] = world.issuer.rows;
  expect(place.written).toEqual([first?.text, second?.text, first?.text]);
  expect(bugs(world)).toEqual([]);
});

test("one that is decided between the look and the write is heeded", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.event("renewal:settled");
  world.daemon.life.beforeChange = async (change) => {
    if (change !== "changeTarget" || world.count("renewal:accepted") < 2) return;
    world.daemon.life.beforeChange = () => undefined;
    await world.daemon.controller.rollback(TOKEN);
  };
  await world.run(22 * HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
  expect(bugs(world)).toEqual([]);
});

test("one that is decided when the token is about to be read for the write is heeded", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.event("renewal:settled");
  const { state } = world;
  const { unseal } = state;
  state.unseal = async (token, fingerprint) => {
    const { desired, previous } = await world.token();
    if (previous !== null && desired?.fingerprint === fingerprint) {
      state.unseal = unseal;
      await world.daemon.controller.rollback(TOKEN);
    }
    return unseal.call(state, token, fingerprint);
  };
  await world.event("renewal:rolled-back");
  await world.run(MINUTE_MS);
  expect(world.place().written).toEqual([world.issuer.rows[0]?.text]);
  expect(world.count("target:failed")).toBe(0);
  expect(bugs(world)).toEqual([]);
});

test("a withdrawn token is no base for the next while the issuer lists another", async () => {
  const world = await renewedWorld({ ...SHORT, targets: ["a"] });
  const { controller } = world.daemon;
  await world.run(MINUTE_MS);
  await controller.renew(TOKEN, null);
  await world.run(MINUTE_MS);
  await controller.rollback(TOKEN);
  const [older] = world.issuer.rows.splice(0, 2);
  world.issuer.rows.unshift(...(older === undefined ? [] : [older]));
  const orders: (string | null)[] = [];
  const { request } = world.issuer;
  world.issuer.request = (order, signal) => (orders.push(order.baseId), request.call(world.issuer, order, signal));
  await controller.resume(TOKEN);
  await controller.renew(TOKEN, null);
  await world.run(MINUTE_MS);
  expect(orders).toEqual([older?.id]);
});

test("a fresh token that is being verified meanwhile does not undo it", async () => {
  const world = await renewedWorld({ ...SHORT, targets: ["a"] });
  world.daemon.life.beforeChange = async () => {
    const { mint } = await world.token();
    if (mint?.fresh == null) return;
    world.daemon.life.beforeChange = () => undefined;
    await world.daemon.controller.rollback(TOKEN);
  };
  await world.run(MINUTE_MS);
  await world.daemon.controller.renew(TOKEN, null);
  await world.run(MINUTE_MS);
  expect(world.count("renewal:rolled-back")).toBe(1);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
  expect((await world.token()).mint?.fresh).not.toBeNull();
  await world.daemon.controller.resume(TOKEN);
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
  expect(world.issuer.count("request")).toBe(3);
});

test("without a previous token that lives there is nothing to roll back", async () => {
  const world = await makeWorld(SHORT);
  await world.event("renewal:settled");
  const { controller } = world.daemon;
  await expect(controller.rollback(TOKEN)).rejects.toMatchObject({ code: "nothing_to_roll_back" });
  await expect(controller.rollback("nobody")).rejects.toMatchObject({ code: "unknown_token" });
  await world.event("renewal:settled");
  await controller.pause(TOKEN, null, null);
  await world.run(11 * HOUR_MS);
  await expect(controller.rollback(TOKEN)).rejects.toThrow(/expired at/);
  expect((await world.token()).withdrawn).toEqual([]);
});

test("a second rollback finds nothing, and an ordinary pause stops deliveries again", async () => {
  const world = await renewedWorld({ ...SHORT, targets: ["a"] });
  const { controller } = world.daemon;
  await controller.rollback(TOKEN);
  await expect(controller.rollback(TOKEN)).rejects.toMatchObject({ code: "nothing_to_roll_back" });
  await controller.pause(TOKEN, null, "stop everything");
  await world.run(HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect((await controller.tokenStatus(TOKEN)).targets[0]).toMatchObject({ state: "withdrawn" });
});

test("it warns with the sum where the older token is too short for its readers, and is done all the same", async () => {
  const world = await renewedWorld({ ...SHORT, targets: ["a"], target: { ...SHORT.target, holdMs: 9 * HOUR_MS } });
  const { warnings } = await world.daemon.controller.rollback(TOKEN);
  expect(warnings).toEqual([expect.stringMatching(/^readers of a are safe only until .* = expiry .* - \(hold 9 h \+/)]);
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
});

test("a target that cannot be written stays withdrawn in status, and is put back when it can", async () => {
  const world = await renewedWorld({ ...SHORT, targets: ["a", "b"] });
  world.place("a").fail("store_unreachable");
  await world.daemon.controller.rollback(TOKEN);
  await world.run(10 * MINUTE_MS);
  const states = async (): Promise<readonly string[]> =>
    (await world.daemon.controller.tokenStatus(TOKEN)).targets.map(({ state }) => state);
  expect(await states()).toEqual(["withdrawn", "ok"]);
  world.place("a").heal();
  await world.run(HOUR_MS);
  expect(await states()).toEqual(["ok", "ok"]);
});

test("a target that backs off from an earlier failure is put back at once all the same", async () => {
  const world = await renewedWorld({ ...SHORT, targets: ["a"] });
  world.place().fail("store_denied");
  await world.event("target:failed");
  world.place().heal();
  await world.daemon.controller.rollback(TOKEN);
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
});

test("while it holds renewals back, only a token that somebody put into a target is taken up", async () => {
  const world = await renewedWorld({ ...SHORT, targets: ["a"] });
  await world.daemon.controller.rollback(TOKEN);
  await world.run(MINUTE_MS);
  const listed = world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS);
  world.place().put("something else");
  await world.run(7 * HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
  world.place().put(listed.text);
  await world.run(7 * HOUR_MS);
  expect(world.place().seen).toBe(listed.text);
  expect(world.told("renewal:adopted")).toMatchObject([{ fingerprint: fingerprintOf(listed.text) }]);
});

test("it outlives a death at any change of the state", async () => {
  for (const change of [1, 2, 3, 4, 5, 6]) {
    const world = await renewedWorld({ ...SHORT, targets: ["a"] });
    await world.daemon.controller.rollback(TOKEN);
    const { life } = world.daemon;
    life.death = { change: life.changes + change, when: "after" };
    await world.run(MINUTE_MS);
    if (life.dead) await world.restart();
    await world.run(DAY_MS / 24);
    expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
    expect(world.issuer.count("request")).toBe(2);
  }
});
