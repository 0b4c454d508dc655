import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Fingerprint } from "../../src/core/secret-text.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { IssueFate } from "../../src/core/state-store.ts";
import { makeWorld, SHORT, tokenKey, type World } from "../support/world.ts";

/** Two renewals, a second worker and a look at the world before each change of the state. */
async function watch(look: (world: World, known: ReadonlyMap<Fingerprint, IssueFate>) => void): Promise<World> {
  const world = await makeWorld(SHORT);
  await world.start({ frees: false });
  for (const { life } of world.daemons) {
    life.beforeChange = async () => {
      const known = await world.state.known(tokenKey(0));
      look(world, new Map([...known].map(([fingerprint, { fate }]) => [fingerprint, fate])));
    };
  }
  await world.run(45 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(3);
  return world;
}

test("no target ever holds what is not recorded as accepted", async () => {
  const early = new Set<string>();
  await watch((world, known) => {
    for (const { seen } of world.places) {
      const fate = seen === null ? "accepted" : known.get(new SecretText(seen).fingerprint);
      if (fate !== "accepted" && fate !== "superseded") early.add(fate ?? "not even known");
    }
  });
  expect([...early]).toEqual([]);
});

test("nothing is asked for that is not recorded as intended", async () => {
  const intents = new Set<string>();
  let asked = 0;
  const world = await makeWorld(SHORT);
  const { request } = world.issuer;
  world.issuer.request = async (order, signal) => {
    asked += 1;
    const { mint } = await world.token();
    if (mint?.fresh === null && mint.sentAt === world.clock.now()) intents.add(mint.id);
    return request.call(world.issuer, order, signal);
  };
  await world.run(45 * HOUR_MS);
  expect(asked).toBe(3);
  expect(intents.size).toBe(asked);
});

test("the hook is told only of what readers see", async () => {
  const reload = { command: ["reload"], env: {}, timeoutMs: MINUTE_MS };
  const world = await makeWorld({ ...SHORT, targets: ["a"], target: { ...SHORT.target, reload } });
  world.place().staleMs = 40_000;
  const seen: (string | null)[] = [];
  const { push } = world.hooks;
  world.hooks.push = (...calls) => {
    seen.push(world.place().seen);
    return push.apply(world.hooks, calls);
  };
  await world.run(21 * HOUR_MS);
  expect(seen).toEqual(world.issuer.rows.map(({ text }) => text));
  expect(seen).toHaveLength(2);
});
