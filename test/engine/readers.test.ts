import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Incident } from "../../src/core/incidents.ts";
import { formatInstant } from "../../src/core/duration.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

const TOKEN = "token-1";

async function ofToken(world: World, reason: Incident["reason"]): Promise<Incident | undefined> {
  return (await world.state.incidents()).find((each) => each.target === "" && each.reason === reason);
}

test("an incident of a token whose newest one was made and never written tells of what readers really have", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const held = await world.target();
  world.place().fail({ code: "store_quota", on: ["write"] });
  await world.run(24 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(2);
  world.place().fail("store_quota");
  await world.run(18 * HOUR_MS);
  expect((await world.target()).held?.expAt).toBe(held.held?.expAt);
  expect((await world.token()).desired?.expAt).toBeGreaterThan(world.clock.now());
  expect(await ofToken(world, "target_failing")).toMatchObject({ severity: "critical", expAt: held.held?.expAt });
});

test("what stays open after a renewal tells of the new token as soon as targets have it", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.latestExpAt = world.clock.now() + 40 * HOUR_MS;
  world.place().fail({ code: "store_quota", on: ["write"] });
  await world.run(24 * HOUR_MS);
  const old = (await world.target()).held?.expAt;
  expect(await ofToken(world, "lifetime_capped")).toMatchObject({ expAt: old });
  world.place().heal();
  await world.daemon.controller.renew(TOKEN, null).catch(() => undefined);
  await world.run(2 * MINUTE_MS);
  const { held } = await world.target();
  expect(held?.expAt).not.toBe(old);
  expect(await ofToken(world, "lifetime_capped")).toMatchObject({ expAt: held?.expAt });
});

test("the sum by which a renewal would gain nothing adds up", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const askedMs = HOUR_MS + 2 * MINUTE_MS + 3_000;
  const until = formatInstant(world.clock.now() + askedMs);
  await expect(world.daemon.controller.renew(TOKEN, askedMs)).rejects.toMatchObject({
    message: expect.stringMatching(
      `^now ${formatInstant(world.clock.now())} \\+ 1 h 2 min 3 s = ${until}, but `,
    ) as string,
  });
});
