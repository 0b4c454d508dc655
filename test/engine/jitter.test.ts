import { expect, test } from "vitest";
import { HOUR_MS, type Instant } from "../../src/core/duration.ts";
import { makeWorld, SHORT } from "../support/world.ts";

test("a restart moves no renewal: what was drawn of the jitter stays drawn", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 5, policy: { ...SHORT.policy, jitter: { share: 0.2 } } });
  await world.run(HOUR_MS);
  const plan = async (): Promise<Readonly<Record<string, Instant | null>>> =>
    Object.fromEntries((await world.daemon.controller.plan()).map(({ token, at }) => [token, at]));
  const before = await plan();
  expect(new Set(Object.values(before)).size).toBe(5);
  for (let restarts = 0; restarts < 3; restarts += 1) {
    await world.restart();
    expect(await plan()).toEqual(before);
    await world.run(HOUR_MS);
  }
  await world.run(20 * HOUR_MS);
  const renewed = world.told("renewal:asked").slice(5);
  expect(Object.fromEntries(renewed.map(({ token, at }) => [token, at]))).toEqual(before);
});
