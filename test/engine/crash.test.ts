import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Death } from "../support/mortal-state.ts";
import { bugs, forgotten, leastLifeMs } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const RELOAD = { command: ["reload"], env: {}, timeoutMs: MINUTE_MS };
/** With a third of the life left. */
const RENEWED_AFTER_MS = 20 * HOUR_MS;
const OPTIONS: WorldOptions = { ...SHORT, targets: ["a"], target: { ...SHORT.target, reload: RELOAD } };

/** A process that renews once, dies at this change, and is started again. */
async function renewalWithDeath(death: Death, options: WorldOptions): Promise<World> {
  const world = await makeWorld(options);
  const startedAt = world.clock.now();
  await world.until(() => world.count("renewal:settled") === 1);
  await world.restart();
  world.daemon.life.death = death;
  await world.until(() => world.daemon.life.dead, 21 * HOUR_MS);
  await world.restart();
  await world.run(Math.max(0, startedAt + RENEWED_AFTER_MS - world.clock.now()) + SHORT.target.observeMs + MINUTE_MS);
  return world;
}

/** Which changes a renewal makes, from its start to its end. */
async function changesOfRenewal(options: WorldOptions): Promise<readonly number[]> {
  const world = await makeWorld(options);
  await world.until(() => world.count("renewal:settled") === 1);
  await world.restart();
  await world.until(() => world.count("renewal:started") === 2);
  const { changes } = world.daemon.life;
  return Array.from({ length: changes }, (_, index) => index + 1);
}

for (const when of ["before", "after"] as const) {
  test(`a death just ${when} any recorded step loses no token, mints none twice and forgets no hook`, async () => {
    const changes = await changesOfRenewal(OPTIONS);
    expect(changes.length).toBeGreaterThan(10);
    for (const change of changes) {
      const world = await renewalWithDeath({ change, when }, OPTIONS);
      const [, second] = world.issuer.rows;
      const hint = `died ${when} change ${change}`;
      expect(world.issuer.rows, hint).toHaveLength(2);
      expect(world.place().seen, hint).toBe(second?.text);
      expect((await world.token()).desired?.issuerId, hint).toBe(second?.id);
      expect((await world.target()).held?.issuerId, hint).toBe(second?.id);
      expect(world.hooks.length, hint).toBeGreaterThanOrEqual(2);
      expect((await world.token()).lastSuccessAt, hint).toBeGreaterThanOrEqual(second?.startAt ?? Infinity);
      expect(leastLifeMs(world), hint).toBeGreaterThanOrEqual(SHORT.target.holdMs);
      expect(await forgotten(world), hint).toEqual([]);
      expect(bugs(world), hint).toEqual([]);
      expect(await world.incidents(), hint).toEqual([]);
    }
  }, 60_000);
}

test("with an issuer that has no list a death costs one spare token at most", async () => {
  const options = { ...OPTIONS, issuer: { lists: false } };
  for (const change of await changesOfRenewal(options)) {
    const world = await renewalWithDeath({ change, when: "before" }, options);
    expect(world.issuer.rows.length, `died before change ${change}`).toBeLessThanOrEqual(3);
    expect(world.place().seen, `died before change ${change}`).toBe(world.issuer.rows.at(-1)?.text);
  }
}, 60_000);
