import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { makeWorld, SHORT } from "../support/world.ts";

const TOKEN = "token-1";

test("a person's renewal is made at once; a second wish joins the first", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  const { controller } = world.daemon;
  const first = await controller.renew(TOKEN, null);
  const second = await controller.renew(TOKEN, null);
  expect([first.joined, second.joined]).toEqual([false, true]);
  await world.run(5 * MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(await controller.renewal(TOKEN, first.since)).toMatchObject({ state: "delivered" });
});

test("a wish that would gain nothing is refused with the arithmetic", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  await expect(world.daemon.controller.renew(TOKEN, HOUR_MS)).rejects.toMatchObject({ code: "would_not_gain" });
});

test("a wish is tried at once although the token is backing off, but its own failure is not hurried", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.fail({ refuse: "lifetime_refused" });
  await world.run(21 * HOUR_MS);
  const before = world.issuer.count("request");
  await world.daemon.controller.renew(TOKEN, null);
  await world.sweep();
  expect(world.issuer.count("request")).toBe(before + 1);
  await world.run(MINUTE_MS);
  expect(world.issuer.count("request")).toBe(before + 1);
});

test("a wish that is made while the issuer is being looked at is not lost to an adoption", async () => {
  const world = await makeWorld(SHORT);
  await world.run(20 * HOUR_MS - MINUTE_MS);
  world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS);
  await world.clock.advance(1);
  world.issuer.afterFind = async () => {
    world.issuer.afterFind = () => undefined;
    await world.clock.advance(1);
    await world.daemon.controller.renew(TOKEN, null);
  };
  await world.run(10 * MINUTE_MS);
  expect(world.count("renewal:adopted")).toBe(1);
  expect(world.issuer.count("request")).toBe(2);
});

test.each([
  ["in the same second as the wish", 30 * HOUR_MS],
  ["for longer than is asked for", 90 * HOUR_MS],
])("a wish is granted by a token that is found first, where another would gain nothing: made %s", async (_, lifeMs) => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  const made = world.issuer.mintByHand("name-of-token-1", lifeMs);
  await world.clock.advance(500);
  const { since } = await world.daemon.controller.renew(TOKEN, null);
  await world.run(MINUTE_MS);
  expect(world.issuer.count("request")).toBe(1);
  expect(world.place("a").seen).toBe(made.text);
  expect(await world.daemon.controller.renewal(TOKEN, since)).toMatchObject({ state: "delivered", expAt: made.expAt });
  expect(await world.incidents()).toEqual([]);
  expect(world.count("renewal:failed")).toBe(0);
});

test("a wish goes on after a token was found, where another would live longer", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS);
  await world.clock.advance(1_000);
  await world.daemon.controller.renew(TOKEN, null);
  await world.run(MINUTE_MS);
  expect(world.count("renewal:adopted")).toBe(1);
  expect(world.issuer.count("request")).toBe(2);
  expect(world.place("a").seen).toBe(world.issuer.rows[2]?.text);
});

test("a wish that would gain nothing since the settings changed ends as a failure, and nothing is asked for", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.afterFind = async () => {
    world.issuer.afterFind = () => undefined;
    await world.reload((declared) => ({ ...declared, request: { ...declared.request, lifetimeMs: 20 * HOUR_MS } }));
  };
  const { since } = await world.daemon.controller.renew(TOKEN, null);
  await world.run(2 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(1);
  expect(world.told("renewal:failed")).toMatchObject([{ code: "would_not_gain" }]);
  expect(await world.daemon.controller.renewal(TOKEN, since)).toMatchObject({ state: "failed" });
  expect(await world.incidents()).toEqual([]);
});

test("a paused token is not renewed and nothing is written; its deadline and alerts run on", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  await world.daemon.controller.pause(TOKEN, null, "holiday");
  world.place("a").put("something else");
  await world.run(28 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(1);
  expect(world.place("a").seen).toBe("something else");
  expect(await world.incidents()).toContain("paused_past_deadline");
  await world.daemon.controller.resume(TOKEN);
  await world.run(5 * MINUTE_MS);
  expect(world.place("a").seen).toBe(world.issuer.rows[1]?.text);
});

test("a token that was pasted into the reason of a pause is not kept", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  await world.daemon.controller.pause(TOKEN, null, "was eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln until now");
  expect((await world.daemon.controller.tokenStatus(TOKEN)).pause?.reason).toBe("was [redacted] until now");
});

test("a pause with an end resumes by itself", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  await world.daemon.controller.pause(TOKEN, world.clock.now() + 22 * HOUR_MS, null);
  await world.run(22 * HOUR_MS - 1);
  expect(world.issuer.rows).toHaveLength(1);
  await world.run(5 * MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(2);
});

test("a pause between the look and the request is heeded", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.afterFind = () => world.daemon.controller.pause(TOKEN, null, null);
  await world.run(DAY_MS);
  expect(world.issuer.count("request")).toBe(1);
});

test("a pause between the look at a target and its write is heeded", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const place = world.place();
  await world.run(HOUR_MS);
  await world.run(10 * HOUR_MS);
  place.put("something else");
  place.afterObserve = async () => {
    // The first look finds the drift, the second is the one that its repair is made on.
    if ((await world.target()).drift !== null) await world.daemon.controller.pause(TOKEN, null, null);
  };
  await world.run(DAY_MS);
  expect(place.seen).toBe("something else");
  expect(place.count("write")).toBe(1);
});

test("a reload between the look and the request is heeded", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.afterFind = async () => {
    world.issuer.afterFind = () => undefined;
    await world.reload((declared) => ({ ...declared, request: { ...declared.request, lifetimeMs: 20 * HOUR_MS } }));
  };
  await world.run(DAY_MS);
  const second = world.issuer.rows[1];
  expect((second?.expAt ?? 0) - (second?.startAt ?? 0)).toBe(20 * HOUR_MS);
});

test("whoever waits for a renewal is told when the token is paused meanwhile", async () => {
  const world = await makeWorld(SHORT);
  await world.run(5 * HOUR_MS);
  world.issuer.fail("server_error");
  const { since } = await world.daemon.controller.renew("token-1", null);
  await world.daemon.controller.pause("token-1", null, null);
  expect(await world.daemon.controller.renewal("token-1", since)).toMatchObject({
    state: "failed",
    detail: "the token was paused meanwhile",
  });
});

test("who joins a renewal that failed before has it tried again at once, and hears what came of that", async () => {
  const world = await makeWorld({ ...SHORT, issuer: { lists: false, secret: "chosen" } });
  await world.run(HOUR_MS);
  world.issuer.fail("lose_request");
  await world.run(22 * HOUR_MS);
  expect((await world.token()).mint).not.toBeNull();
  world.issuer.heal();
  const ticket = await world.daemon.controller.renew(TOKEN, null);
  expect(ticket.joined).toBe(true);
  expect((await world.daemon.controller.renewal(TOKEN, ticket.since)).state).toBe("under_way");
  await world.run(10_000);
  expect(await world.daemon.controller.renewal(TOKEN, ticket.since)).toMatchObject({ state: "delivered" });
});

test("a lifetime that the issuer refuses is not asked for again where the schedule wants a renewal anyway", async () => {
  const world = await makeWorld({ ...SHORT, issuer: { lists: false } });
  await world.run(HOUR_MS);
  world.issuer.fail({ refuse: "lifetime_refused" });
  await world.run(20 * HOUR_MS);
  await world.daemon.controller.renew(TOKEN, 40 * HOUR_MS);
  await world.sweep();
  expect(world.issuer.orders.at(-1)?.lifetimeMs).toBe(40 * HOUR_MS);
  world.issuer.heal();
  await world.run(2 * HOUR_MS);
  expect(world.issuer.orders.at(-1)?.lifetimeMs).toBe(30 * HOUR_MS);
  expect(await world.incidents()).toEqual([]);
});

test("of several renewals that are asked for at once the first is made, as it was asked for, and the others join it", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  const { controller } = world.daemon;
  const hours = [40, 50, 60];
  const tickets = await Promise.all(hours.map((count) => controller.renew(TOKEN, count * HOUR_MS)));
  expect(tickets.map(({ joined }) => joined)).toEqual([false, true, true]);
  await world.run(5 * MINUTE_MS);
  expect(world.issuer.orders.slice(1).map(({ lifetimeMs }) => lifetimeMs)).toEqual([40 * HOUR_MS]);
});

test("one that is refused does not refuse those that were asked for with it", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  const { controller } = world.daemon;
  const asked = await Promise.allSettled([controller.renew(TOKEN, HOUR_MS), controller.renew(TOKEN, null)]);
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});

test("what failed at a target and was mended is tried at once by `renew`, and its old failure is not the answer", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.place().fail({ code: "store_denied", on: ["write"] });
  await world.run(21 * HOUR_MS);
  const made = world.issuer.rows[1]?.text;
  expect(made).toBeDefined();
  expect(world.place().seen).not.toBe(made);
  world.place().heal();
  await world.clock.advance(MINUTE_MS);
  const { since } = await world.daemon.controller.renew(TOKEN, null);
  expect(await world.daemon.controller.renewal(TOKEN, since)).toMatchObject({ state: "under_way" });
  await world.until(async () => (await world.daemon.controller.renewal(TOKEN, since)).state !== "under_way", MINUTE_MS);
  expect(await world.daemon.controller.renewal(TOKEN, since)).toMatchObject({ state: "delivered" });
  expect(await world.incidents()).toEqual([]);
});

test("a renewal that would gain nothing is refused, and what is made already is delivered at once all the same", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.place().fail({ code: "store_denied", on: ["write"] });
  await world.run(21 * HOUR_MS);
  world.place().heal();
  await expect(world.daemon.controller.renew(TOKEN, HOUR_MS)).rejects.toMatchObject({ code: "would_not_gain" });
  await world.run(2 * MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});

test("a target that fails again after `renew` is the answer", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.place().fail({ code: "store_denied", on: ["write"] });
  await world.run(21 * HOUR_MS);
  const { since } = await world.daemon.controller.renew(TOKEN, null);
  await world.until(async () => (await world.daemon.controller.renewal(TOKEN, since)).state !== "under_way", MINUTE_MS);
  expect(await world.daemon.controller.renewal(TOKEN, since)).toMatchObject({
    state: "failed",
    detail: expect.stringMatching(/a new token was made and verified, but a does not have it: .*\(store_denied\)/),
  });
});
