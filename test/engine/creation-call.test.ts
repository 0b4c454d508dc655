/** A call of `create-token` beside the loop: what it asks for is its own, and it waits without hurry. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { makeWorld, SHORT, type WorldOptions } from "../support/world.ts";
import { begin, create, failure, readyWorld } from "./creating.ts";

const CHOSEN: WorldOptions = { ...SHORT, issuer: { lists: false, secret: "chosen" } };
const SECRET = "a-secret-of-a-person-01";
const DECLARED = { of: { kind: "declared", token: "token-1" }, reuse: false } as const;

test("the loop leaves the wish of a call alone, which alone knows the secret", async () => {
  const world = await readyWorld(CHOSEN);
  await world.run(HOUR_MS);
  let changes = 0;
  world.daemon.life.beforeChange = (name) => {
    if (name === "changeBreaker" && (changes += 1) === 2) void world.daemon.sweeper.sweep();
  };
  const created = await create(world, { ...DECLARED, secret: SECRET });
  expect(created.token.reveal()).toContain(SECRET);
  expect(world.issuer.orders.at(-1)?.secret?.reveal()).toBe(SECRET);
  expect(world.issuer.orders).toHaveLength(2);
});

test("what a call wished for before it died is not made by the loop with another secret", async () => {
  const world = await readyWorld(CHOSEN);
  await world.run(HOUR_MS);
  let changes = 0;
  world.daemon.life.beforeChange = (name) => {
    if (name === "changeBreaker" && (changes += 1) === 2) world.kill();
  };
  void begin(world, { ...DECLARED, secret: SECRET });
  await world.until(() => world.daemons.length === 0);
  await world.start();
  await world.run(MINUTE_MS);
  expect(world.issuer.orders).toHaveLength(1);
  expect((await create(world, { ...DECLARED, secret: SECRET })).token.reveal()).toContain(SECRET);
});

test("an extension that is under way is no new token", async () => {
  const world = await makeWorld({ ...CHOSEN, targets: ["a"], request: { ...SHORT.request, strategy: "extend" } });
  await world.event("renewal:settled");
  const old = world.place().seen;
  world.issuer.fail("lose_answer", 1);
  await world.event("renewal:in-doubt");
  const created = await create(world, DECLARED);
  expect(created.outcome).toBe("made");
  expect(created.token.reveal()).not.toBe(old);
  expect(world.issuer.rows).toHaveLength(2);
});

test("a token that is not valid yet is waited for without asking about it all the time", async () => {
  const world = await readyWorld(CHOSEN);
  await world.run(SECOND_MS);
  world.issuer.fail({ make: { startAt: world.clock.now() + 50 * SECOND_MS } }, 1);
  const before = world.issuer.count("inspect");
  expect((await create(world, { reuse: false })).outcome).toBe("made");
  expect(world.issuer.count("inspect") - before).toBeLessThan(25);
});

test("with a state that cannot be written a token that is kept is handed out all the same, and that is told", async () => {
  const world = await readyWorld(CHOSEN);
  await world.run(HOUR_MS);
  world.daemon.life.beforeChange = () => {
    throw new RenewdError("state_unwritable", "the disk is full");
  };
  const created = await create(world, { of: { kind: "declared", token: "token-1" } });
  expect(created).toMatchObject({ outcome: "reused", warnings: [expect.stringContaining("recorded nowhere")] });
  expect(created.token.reveal()).toBe(world.place("a").seen);
  expect((await failure(world, DECLARED)).code).toBe("state_unwritable");
});

test("what is handed out and ends sooner than was asked for says so", async () => {
  const world = await readyWorld(CHOSEN);
  await create(world, { reuse: false, expAt: world.clock.now() + 2 * HOUR_MS });
  const created = await create(world, { expAt: world.clock.now() + 20 * HOUR_MS });
  expect(created).toMatchObject({
    outcome: "reused",
    warnings: [expect.stringContaining("sooner than was asked for")],
  });
});
