import { expect, test } from "vitest";
import { formatInstant, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { mostWithin } from "../support/oracle.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

const TOKEN = "token-1";
const ISSUER = { kind: "issuer", key: "issuer" } as const;

async function renews(world: World, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await world.daemon.controller.renew(TOKEN, null);
    await world.run(10_000);
  }
}

test("a mended target is written at once when a person asks, though its hour is used up, and nothing is minted for that", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const { controller } = world.daemon;
  await world.run(HOUR_MS);
  world.place().fail({ code: "store_denied", on: ["write"] });
  await renews(world, 9);
  expect(world.issuer.count("request")).toBe(2);
  const refused = world.place().count("write");
  world.place().heal();
  const ticket = await controller.renew(TOKEN, null);
  expect(ticket).toMatchObject({ joined: true, madeAt: (await world.token()).desired?.acceptedAt });
  expect((await controller.renewal(TOKEN, ticket.since)).state).toBe("under_way");
  await world.run(10_000);
  expect(world.place().count("write")).toBe(refused + 1);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect(await controller.renewal(TOKEN, ticket.since)).toMatchObject({ state: "delivered" });
  expect(world.issuer.count("request")).toBe(2);
  expect(await world.incidents()).toEqual([]);
});

test("whoever asks for a target that still fails is told of the failure that came of it", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const { controller } = world.daemon;
  await world.run(HOUR_MS);
  world.place("a").fail({ code: "store_denied", on: ["write"] });
  await renews(world, 3);
  const { since } = await controller.renew(TOKEN, null);
  await world.run(10_000);
  expect(await controller.renewal(TOKEN, since)).toMatchObject({ state: "failed" });
});

test("a lifetime of his own gets a person a token of that, whatever waits to be delivered", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.place("a").fail({ code: "store_denied", on: ["write"] });
  await renews(world, 1);
  await world.daemon.controller.renew(TOKEN, 50 * HOUR_MS);
  await world.run(10_000);
  expect(world.issuer.orders.map(({ lifetimeMs }) => lifetimeMs / HOUR_MS)).toEqual([30, 30, 50]);
});

test("a request in doubt is settled at once when a person asks, though the token's hour is used up", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], issuer: { lists: false, secret: "chosen" } });
  const { controller } = world.daemon;
  await world.run(HOUR_MS);
  world.issuer.fail("lose_request");
  await renews(world, 9);
  world.issuer.heal();
  const { since } = await controller.renew(TOKEN, null);
  await world.run(10_000);
  expect(await controller.renewal(TOKEN, since)).toMatchObject({ state: "delivered" });
});

test("an issuer that comes back after the expiry is asked every quarter of an hour, and found out then", async () => {
  const lifetimeMs = 15 * MINUTE_MS;
  const world = await makeWorld({
    targets: ["a"],
    request: { lifetimeMs },
    policy: { renewBefore: { share: 0.5 }, repairMs: MINUTE_MS },
    target: { holdMs: MINUTE_MS, observeMs: HOUR_MS },
  });
  await world.until(async () => (await world.state.targets(TOKEN))[0]?.held != null);
  const expAt = (await world.token()).desired?.expAt ?? 0;
  world.issuer.fail("unreachable");
  await world.run(expAt - world.clock.now());
  for (let quarter = 1; quarter <= 4; quarter += 1) {
    const looks = world.issuer.count("find");
    await world.run(16 * MINUTE_MS);
    expect([quarter, world.issuer.count("find") > looks]).toEqual([quarter, true]);
  }
  world.issuer.heal();
  await world.event("renewal:settled", 16 * MINUTE_MS);
});

test("a target that nobody mends keeps no person from a new token for the others", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a", "b"] });
  await world.run(HOUR_MS);
  world.place("b").fail({ code: "store_denied", on: ["write"] });
  await renews(world, 3);
  expect(world.issuer.count("request")).toBe(4);
  expect(world.place("a").seen).toBe(world.issuer.rows.at(-1)?.text);
});

test("a token with other roles than are wanted, or after one that was rejected, is not what a person asks for", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.place().fail({ code: "store_denied", on: ["write"] });
  await renews(world, 1);
  world.issuer.fail({ make: { scopes: { runner: [] } } });
  await world.daemon.controller.renew(TOKEN, 40 * HOUR_MS);
  await world.run(10_000);
  expect((await world.token()).quarantined).not.toBeNull();
  world.issuer.heal();
  const asked = world.issuer.count("request");
  await renews(world, 1);
  expect(world.issuer.count("request")).toBe(asked + 1);
});

test("a service that fails for one target alone lets that one off no call of its hour, however well the others fare", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 30, targets: ["a"], target: { observeMs: 5 * MINUTE_MS } });
  await world.run(HOUR_MS);
  const failsFrom = world.clock.now();
  world.place("a").fail({ code: "store_error" });
  await world.run(6 * HOUR_MS);
  const calls = world.place("a").calls.flatMap(({ call, at }) => (call === "preflight" || at < failsFrom ? [] : [at]));
  expect(mostWithin(calls, HOUR_MS)).toBeLessThanOrEqual(12);
});

test("a target that has long been told of makes an issuer's passing failure no incident", async () => {
  const world = await makeWorld({ targets: ["a", "b"] });
  await world.run(HOUR_MS);
  world.place("b").fail({ code: "store_denied" });
  await world.until(async () => (await world.incidents()).includes("deadline_missed"));
  world.issuer.fail("server_error", 1);
  await world.event("renewal:failed");
  await world.run(5_000);
  expect(world.told("incident:opened").map(({ incident }) => incident.reason)).not.toContain("issuer_failing");
});

test("a wish that waits for an open breaker is tried at once when a person asks again", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const { controller } = world.daemon;
  await world.run(HOUR_MS);
  world.issuer.fail("lose_request");
  await controller.renew(TOKEN, null);
  await world.run(10_000);
  world.issuer.fail("server_error");
  await renews(world, 7);
  await controller.discard(TOKEN);
  await world.run(1_000);
  world.issuer.heal();
  const { since } = await controller.renew(TOKEN, null);
  await world.run(10_000);
  expect(await controller.renewal(TOKEN, since)).toMatchObject({ state: "delivered" });
});

test("while the issuer's breaker is open an alert names the instant of its probe", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 3, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail("server_error");
  await world.run(28 * HOUR_MS);
  await world.until(async () => {
    const { trouble } = await world.token();
    const { probeAt } = await world.state.breaker(ISSUER);
    return trouble !== null && probeAt !== null && probeAt > trouble.nextTryAt && trouble.nextTryAt > world.clock.now();
  });
  await world.until(async () => ((await world.token()).trouble?.nextTryAt ?? 0) <= world.clock.now());
  await world.run(1_000);
  const { probeAt } = await world.state.breaker(ISSUER);
  const incidents = (await world.state.incidents()).filter(({ token, target }) => token === TOKEN && target === "");
  expect(incidents.map(({ next }) => next)).toContain(`Next try ${formatInstant(probeAt ?? 0)}.`);
});

test("a person's renewal that fails before it is due names the day on which it is tried again", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail("unreachable");
  await world.daemon.controller.renew(TOKEN, null);
  await world.event("renewal:failed");
  const { schedule } = await world.daemon.controller.tokenStatus(TOKEN);
  expect(world.told("renewal:failed").map(({ nextTryAt }) => nextTryAt)).toEqual([schedule?.renewAt]);
});
