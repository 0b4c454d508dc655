/** One spoilt call to Secrets Manager while a fresh token is delivered, and what has to come of it. */
import { expect } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { HostileAws } from "../support/hostile-aws.ts";
import { layOut, type Spoil } from "../support/hostile-front.ts";
import { expectClean } from "./attack.ts";

export const ACTIONS = ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"] as const;
export type Action = (typeof ACTIONS)[number];

/** The spoilt call meets the delivery: the fresh token is made and verified before. */
export async function delivery(bench: HostileAws, action: string, spoil: Spoil, times = Infinity): Promise<void> {
  const { world, front } = bench;
  world.front.spoil("renew", async ({ truth, socket }) => {
    front.spoil(action, spoil, times);
    front.seen.length = 0;
    socket.end(layOut(await truth()));
  });
  await world.until(() => world.told("target:failed").length > 0 || world.told("renewal:settled").length > 1, HOUR_MS);
}

export async function expectDelivered({ world, trail, front }: HostileAws): Promise<void> {
  front.heal();
  expect(await world.until(() => world.told("renewal:settled").length > 1, 3 * HOUR_MS)).toBe(true);
  await world.run(MINUTE_MS);
  expect(trail).toEqual(world.made);
  expect(world.made).toHaveLength(2);
  // That somebody wrote there is told for two more looks.
  expect((await world.incidents()).filter((reason) => reason !== "drift")).toEqual([]);
  expectClean(world);
}
