/** A daemon that dies on a renewal, at each of its recorded steps in turn. */
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Death } from "./mortal-state.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "./world.ts";

/** With a third of the life left. */
const RENEWED_AFTER_MS = 20 * HOUR_MS;

/** A process that renews once, dies at this change, and is started again. */
export async function renewalWithDeath(
  death: Death,
  options: WorldOptions,
  prepare: (world: World) => void = () => undefined,
): Promise<World> {
  const world = await makeWorld(options);
  prepare(world);
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
export async function changesOfRenewal(options: WorldOptions): Promise<readonly number[]> {
  const world = await makeWorld(options);
  await world.until(() => world.count("renewal:settled") === 1);
  await world.restart();
  await world.until(() => world.count("renewal:started") === 2);
  const { changes } = world.daemon.life;
  return Array.from({ length: changes }, (_, index) => index + 1);
}
