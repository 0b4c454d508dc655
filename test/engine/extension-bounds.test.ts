/** An expiry that is set in place can be set back too, and a token that is extended must not be replaced. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { makeWorld, SHORT, type WorldOptions } from "../support/world.ts";

const EXTEND: WorldOptions = {
  ...SHORT,
  targets: ["a"],
  request: { ...SHORT.request, strategy: "extend" },
  issuer: { lists: false, secret: "chosen" },
};

test("a token that lives longer than the lifetime of the settings is never set back to it", async () => {
  const world = await makeWorld(EXTEND);
  const row = world.issuer.mintByHand("name-of-token-1", 300 * HOUR_MS, { secret: "s" });
  world.place().put(row.text);
  await world.run(260 * HOUR_MS);
  expect(world.issuer.orders).toEqual([]);
  expect(world.issuer.rows[0]?.expAt).toBe(row.expAt);
  await world.run(40 * HOUR_MS);
  expect(world.issuer.orders.map(({ kind }) => kind)).toContain("extend");
  expect(world.issuer.rows[0]?.expAt).toBeGreaterThan(row.expAt);
});

test("an extension that the issuer made shorter than what was there is recorded as it is", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  const before = (await world.token()).desired?.expAt ?? 0;
  world.issuer.latestExpAt = before - HOUR_MS;
  await world.until(() => world.issuer.count("request") === 2);
  await world.run(MINUTE_MS);
  const { desired } = await world.token();
  expect(desired?.expAt).toBe(world.issuer.rows[0]?.expAt);
  expect(desired?.expAt).toBeLessThan(before);
  expect(await world.incidents()).toContain("lifetime_capped");
});

test("edited scopes do not replace a token that is to be extended: it is told, and extended as it is", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  const old = world.place().seen;
  await world.reload((declared) => ({ ...declared, request: { ...declared.request, roles: ["logger", "runner"] } }));
  await world.run(45 * HOUR_MS);
  expect(world.issuer.orders.map(({ kind }) => kind)).toEqual(["mint", "extend", "extend"]);
  expect(world.place().seen).toBe(old);
  expect(world.count("renewal:failed")).toBe(0);
  expect(await world.incidents()).toEqual(["roles_differ"]);
});
