import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

const TOKEN = "token-1";

async function renews(world: World, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await world.daemon.controller.renew(TOKEN, null);
    await world.run(10_000);
  }
}

test("a mended target is written at once when a person asks, though its hour is used up, and nothing is minted for that", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a", "b"] });
  const { controller } = world.daemon;
  await world.run(HOUR_MS);
  world.place("b").fail({ code: "store_denied", on: ["write"] });
  await renews(world, 9);
  expect(world.issuer.count("request")).toBe(2);
  const refused = world.place("b").count("write");
  world.place("b").heal();
  const ticket = await controller.renew(TOKEN, null);
  expect(ticket.joined).toBe(true);
  expect((await controller.renewal(TOKEN, ticket.since)).state).toBe("under_way");
  await world.run(10_000);
  expect(world.place("b").count("write")).toBe(refused + 1);
  expect(world.place("b").seen).toBe(world.issuer.rows[1]?.text);
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
