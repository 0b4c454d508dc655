import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Policy } from "../../src/core/policy.ts";
import { compileWindow } from "../../src/core/windows.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

/** Wakes at 08:00 UTC on 1 July 2026; a token minted then is due at 04:00 the next day. */
function withWindow(opens: string, forMs: number): Promise<World> {
  const policy: Partial<Policy> = { ...SHORT.policy, windows: [compileWindow(opens, forMs, "UTC", compileCron)] };
  return makeWorld({ ...SHORT, policy });
}

test("a renewal that is due outside its windows waits for the next opening", async () => {
  const world = await withWindow("0 9 * * *", HOUR_MS);
  await world.run(DAY_MS + 2 * HOUR_MS);
  expect(world.issuer.rows.map((row) => new Date(row.startAt).toISOString())).toEqual([
    "2026-07-01T08:00:00.000Z",
    "2026-07-02T09:00:00.000Z",
  ]);
});

test("when no window opens in time it is overridden at the latest instant, loudly", async () => {
  const world = await withWindow("0 15 * * *", HOUR_MS);
  await world.run(DAY_MS + 5 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.count("renewal:window-overridden")).toBe(1);
  // It expires at 14:00; hold 1 h, propagation 1 min, leeway 1 min and repair 2 h before that.
  expect(world.issuer.rows[1]?.startAt).toBe(Date.parse("2026-07-02T10:58:00Z"));
});

test("a clock that cannot be trusted overrides no window, until an issuer's clock agrees", async () => {
  const world = await withWindow("0 15 * * *", HOUR_MS);
  await world.run(HOUR_MS);
  world.clock.jumpTo(world.clock.now() + 45_000);
  await world.run(DAY_MS + 4 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(1);
  expect(await world.incidents()).toContain("clock_skewed");
  expect(await world.incidents()).toContain("deadline_missed");
  world.daemon.engine.watch.witness(world.clock.now());
  await world.run(5 * MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(await world.incidents()).toEqual([]);
});

test("a person's wish, a retry and a delivery need no window", async () => {
  const world = await withWindow("0 9 * * *", HOUR_MS);
  await world.run(5 * HOUR_MS);
  world.issuer.fail("lose_request", 1);
  world.place("a").fail("store_unreachable");
  await world.daemon.controller.renew("token-1", null);
  await world.run(5 * MINUTE_MS);
  world.place("a").heal();
  await world.run(10 * MINUTE_MS);
  expect(world.place("a").seen).toBe(world.issuer.rows[1]?.text);
});
