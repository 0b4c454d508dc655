import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { FakeHeartbeat } from "../support/fake-notifier.ts";
import { startHerald } from "../support/heralding.ts";
import { makeWorld, SHORT } from "../support/world.ts";

test("a switch that failed is told again as soon as any channel is, not when its next ping would be", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const daily = new FakeHeartbeat(24 * HOUR_MS);
  daily.failure = new RenewdError("channel_unreachable", "refused");
  await startHerald(world, { channels: { daily } });
  await world.run(MINUTE_MS);
  expect(daily.pulses.length).toBeGreaterThanOrEqual(3);
  daily.failure = undefined;
  await world.run(2 * MINUTE_MS);
  const { length } = daily.pulses;
  expect(world.count("channel:recovered")).toBe(1);
  await world.run(HOUR_MS);
  expect(daily.pulses).toHaveLength(length);
});

test("a switch of a short time is not kept waiting longer than that by its failures", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const watch = new FakeHeartbeat(MINUTE_MS);
  watch.failure = new RenewdError("channel_throttled", "429", { retryAfterMs: 30 * MINUTE_MS });
  await startHerald(world, { channels: { watch } });
  await world.run(10 * MINUTE_MS);
  expect(watch.pulses.length).toBeGreaterThanOrEqual(9);
});

test("a switch hears within a minute that all is well again, and no more often than it wants that it is not", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const daily = new FakeHeartbeat(24 * HOUR_MS);
  const troubles = ["sweep_failing"];
  await startHerald(world, { channels: { daily }, troubles: () => troubles });
  await world.run(HOUR_MS);
  expect(daily.pulses.map(({ ok }) => ok)).toEqual([false]);
  troubles.pop();
  await world.run(MINUTE_MS + SECOND_MS);
  expect(daily.pulses.map(({ ok }) => ok)).toEqual([false, true]);
});

test("a state that cannot be read is no failure of the switch, and no ping", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const { state } = world.daemon.engine;
  const allTargets = state.allTargets.bind(state);
  const watch = new FakeHeartbeat(5 * MINUTE_MS);
  const herald = await startHerald(world, { channels: { watch } });
  await world.run(MINUTE_MS);
  state.allTargets = () => Promise.reject(new RenewdError("state_unwritable", "locked"));
  await world.run(20 * MINUTE_MS);
  expect(watch.pulses).toHaveLength(1);
  expect((await herald.status())[0]).toMatchObject({ failures: 0, code: null });
  state.allTargets = allTargets;
  await world.run(MINUTE_MS + SECOND_MS);
  expect(watch.pulses.map(({ ok }) => ok)).toEqual([true, true]);
});
