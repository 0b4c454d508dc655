/** Tokens without an end. */
import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, NEVER_AT } from "../../src/core/duration.ts";
import { makeWorld, SHORT, type WorldOptions } from "../support/world.ts";

const ENDLESS: WorldOptions = {
  ...SHORT,
  targets: ["a"],
  request: { lifetimeMs: Infinity },
  issuer: { lists: false, secret: "chosen" },
};

test("with `renew_every` one without an end is asked for, and renewed as if it ended then", async () => {
  const world = await makeWorld({ ...ENDLESS, policy: { ...SHORT.policy, renewEveryMs: 30 * HOUR_MS } });
  await world.run(45 * HOUR_MS);
  expect(world.issuer.orders.map(({ expAt }) => expAt)).toEqual([NEVER_AT, NEVER_AT, NEVER_AT]);
  expect(world.issuer.rows.map(({ expAt }) => expAt)).toEqual([NEVER_AT, NEVER_AT, NEVER_AT]);
  const { desired } = await world.token();
  expect(desired).toMatchObject({ expAt: (desired?.startAt ?? 0) + 30 * HOUR_MS, warnings: [] });
  const accepted = world.told("renewal:accepted").map(({ at }) => at);
  expect(Math.abs((accepted[1] ?? 0) - (accepted[0] ?? 0) - 20 * HOUR_MS)).toBeLessThan(MINUTE_MS);
  expect(await world.incidents()).toEqual([]);
});

test("an end that the issuer sets all the same counts, and is told as capped nowhere: none was asked for", async () => {
  const world = await makeWorld({ ...ENDLESS, policy: { ...SHORT.policy, renewEveryMs: 30 * HOUR_MS } });
  world.issuer.latestExpAt = world.clock.now() + 12 * HOUR_MS;
  await world.event("renewal:settled");
  expect((await world.token()).desired).toMatchObject({ expAt: world.issuer.latestExpAt, warnings: [] });
});

test("where none was forbidden it lives without end, and is left alone for years", async () => {
  const world = await makeWorld(ENDLESS);
  await world.event("renewal:settled");
  expect((await world.token()).desired?.expAt).toBe(NEVER_AT);
  await world.run(400 * DAY_MS);
  expect(world.issuer.rows).toHaveLength(1);
  expect(await world.incidents()).toEqual([]);
  expect(await world.daemon.controller.tokenStatus("token-1")).toMatchObject({ state: "ok" });
});

test("one without an end that nobody asked for is rejected", async () => {
  const world = await makeWorld({ ...ENDLESS, request: SHORT.request });
  world.issuer.fail({ make: { expAt: NEVER_AT } }, 1);
  await world.event("renewal:quarantined");
  expect(world.told("renewal:quarantined")[0]).toMatchObject({ check: "expiry" });
});

test("one without an end, where a person asked for a short one, is rejected", async () => {
  const world = await makeWorld(ENDLESS);
  const at = world.clock.now();
  await world.state.ask("token-1", at, { wish: { at, lifetimeMs: 30 * HOUR_MS, anew: false } });
  world.issuer.fail({ make: { expAt: NEVER_AT } }, 1);
  await world.event("renewal:quarantined");
  expect(world.told("renewal:quarantined")[0]?.message).toContain("far longer than was asked for");
});
