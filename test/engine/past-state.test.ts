/** What channels are told while the state can hold nothing, or does not answer. */
import { expect, test, vi } from "vitest";
import { HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { Incident } from "../../src/core/incidents.ts";
import type { Herald } from "../../src/engine/herald.ts";
import { FakeNotifier } from "../support/fake-notifier.ts";
import { incidentOf, open, refusedWorld, startHerald } from "../support/heralding.ts";
import { makeWorld, SHORT } from "../support/world.ts";

const stateFailing = (at: Instant): Incident =>
  incidentOf("", at, { target: "state", reason: "state_failing", dangerAt: null, expAt: null });

test("while the state cannot be written nobody is told the same again and again", async () => {
  const world = await refusedWorld();
  const team = new FakeNotifier();
  await startHerald(world, { channels: { team } });
  world.daemon.engine.state.noteChannel = () => Promise.reject(new RenewdError("state_unwritable", "disk full"));
  await world.event("incident:opened");
  await world.run(5 * MINUTE_MS);
  expect(team.told).toEqual(["opened roles_lost token-1"]);
});

test("what the state cannot hold is told past it, and its end as well", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const team = new FakeNotifier();
  const herald = await startHerald(world, { channels: { team } });
  herald.tellUnrecorded(stateFailing(world.clock.now()));
  await world.run(MINUTE_MS);
  expect(team.told).toEqual(["opened state_failing -"]);
  herald.tellUnrecorded(null);
  await world.run(MINUTE_MS);
  expect(team.told).toEqual(["opened state_failing -", "resolved state_failing -"]);
});

test("what a channel was told while the state could not be written is recorded later, so that its end is told after a death", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const { state } = world.daemon.engine;
  const noteChannel = state.noteChannel.bind(state);
  state.noteChannel = () => Promise.reject(new RenewdError("state_unwritable", "disk full"));
  const first = await startHerald(world, { channels: { team: new FakeNotifier() } });
  first.tellUnrecorded(stateFailing(world.clock.now()));
  await world.run(MINUTE_MS);
  expect(await state.tellings()).toEqual([]);
  state.noteChannel = noteChannel;
  first.look();
  await first.current();
  await first.stop();
  const team = new FakeNotifier();
  await startHerald(world, { channels: { team } });
  await world.run(MINUTE_MS);
  expect(team.told).toEqual(["resolved state_failing -"]);
  expect(await state.tellings()).toEqual([]);
});

test("a stop records what was told while the state could not be written, so that the next start tells its end", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const { state } = world.daemon.engine;
  const spy = vi.spyOn(state, "noteChannel").mockRejectedValue(new RenewdError("state_unwritable", "disk full"));
  const first = await startHerald(world, { channels: { team: new FakeNotifier() } });
  first.tellUnrecorded(stateFailing(world.clock.now()));
  await world.run(MINUTE_MS);
  spy.mockRestore();
  await first.stop();
  const team = new FakeNotifier();
  await startHerald(world, { channels: { team } });
  await world.run(MINUTE_MS);
  expect(team.told).toEqual(["resolved state_failing -"]);
});

test("after a death, or a stop while the state fails, a channel that keeps what it was told hears that it is over; others nothing", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const run = async (): Promise<{ herald: Herald; told: () => readonly string[] }> => {
    const [pager, team] = [new FakeNotifier({ keepsUntilEnd: true }), new FakeNotifier()];
    const herald = await startHerald(world, { channels: { pager, team } });
    await world.run(MINUTE_MS);
    return { herald, told: () => [...pager.told, ...team.told.map((each) => `team ${each}`)] };
  };
  const over = ["resolved scheduler_stalled -", "resolved state_failing -"];
  const first = await run();
  expect(first.told()).toEqual([]);
  const spy = vi
    .spyOn(world.daemon.engine.state, "noteChannel")
    .mockRejectedValue(new RenewdError("state_unwritable", "disk full"));
  first.herald.tellUnrecorded(stateFailing(world.clock.now()));
  await world.run(MINUTE_MS);
  await first.herald.stop();
  spy.mockRestore();
  const second = await run();
  expect(second.told().toSorted()).toEqual(over);
  // It dies.
  const third = await run();
  expect(third.told().toSorted()).toEqual(over);
  await third.herald.stop();
  expect((await run()).told()).toEqual([]);
});

test.each([
  ["the channel cannot be reached", { failure: new RenewdError("channel_unreachable", "connection refused") }],
  ["the call is under way", { gate: Promise.withResolvers<void>().promise }],
])("the ends that are due after a death outlast a clean stop before they are told, while %s", async (_, state) => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const run = async (changes: Partial<FakeNotifier>): Promise<{ herald: Herald; pager: FakeNotifier }> => {
    const pager = Object.assign(new FakeNotifier({ keepsUntilEnd: true }), changes);
    const herald = await startHerald(world, { channels: { pager } });
    await world.run(MINUTE_MS);
    return { herald, pager };
  };
  // It dies.
  await run({});
  const second = await run(state);
  expect(second.pager.tries).toBeGreaterThan(0);
  await second.herald.stop();
  const third = await run({});
  expect(third.pager.told.toSorted()).toEqual(["resolved scheduler_stalled -", "resolved state_failing -"]);
  expect(await world.state.tellings()).toEqual([]);
  await third.herald.stop();
  expect((await run({})).pager.told).toEqual([]);
});

test("the ends that are due after a death outlast a stop before the state can record anything", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const start = (pager: FakeNotifier): Promise<Herald> => startHerald(world, { channels: { pager } });
  // It dies.
  await start(new FakeNotifier({ keepsUntilEnd: true }));
  const { state } = world.daemon.engine;
  const spy = vi.spyOn(state, "noteChannel").mockRejectedValue(new RenewdError("state_unwritable", "disk full"));
  const away = new FakeNotifier({ keepsUntilEnd: true });
  away.gate = Promise.withResolvers<void>().promise;
  await (await start(away)).stop();
  spy.mockRestore();
  const pager = new FakeNotifier({ keepsUntilEnd: true });
  await start(pager);
  await world.run(MINUTE_MS);
  expect(pager.told.toSorted()).toEqual(["resolved scheduler_stalled -", "resolved state_failing -"]);
});

test("while the state hangs, what it cannot hold is told past it all the same, again and again, and its end", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const team = new FakeNotifier();
  const herald = await startHerald(world, { channels: { team } });
  await world.run(MINUTE_MS);
  const { state } = world.daemon.engine;
  const hung = Promise.withResolvers<never>();
  const spies = [vi.spyOn(state, "incidents"), vi.spyOn(state, "noteChannel"), vi.spyOn(state, "tell")];
  for (const spy of spies) spy.mockReturnValue(hung.promise);
  const now = world.clock.now();
  herald.tellUnrecorded(stateFailing(now));
  await world.clock.advance(MINUTE_MS);
  herald.tellUnrecorded({ ...stateFailing(now), toldTimes: 2 });
  await world.clock.advance(MINUTE_MS);
  herald.tellUnrecorded(null);
  await world.clock.advance(MINUTE_MS);
  expect(team.told).toEqual(["opened state_failing -", "repeated state_failing -", "resolved state_failing -"]);
  expect(spies.map((spy) => spy.mock.calls.length)).toEqual([1, 0, 0]);
  hung.reject(new RenewdError("state_unwritable", "it is back"));
  for (const spy of spies) spy.mockRestore();
  await herald.stop();
});

test.each(["its next look", "a restart"])(
  "that a channel is well again, while the state hangs, is told after %s",
  async (what) => {
    const world = await makeWorld({ ...SHORT, targets: ["a"] });
    const [pager, team] = [new FakeNotifier(), new FakeNotifier()];
    pager.failure = new RenewdError("channel_unreachable", "connection refused");
    const first = await startHerald(world, { channels: { pager, team } });
    await open(world, incidentOf("gone", world.clock.now()));
    await world.run(10 * MINUTE_MS);
    expect(team.told).toContain("opened channel_failing -");
    const { state } = world.daemon.engine;
    const hung = Promise.withResolvers<never>();
    const spies = [vi.spyOn(state, "incidents"), vi.spyOn(state, "noteChannel"), vi.spyOn(state, "tell")];
    for (const spy of spies) spy.mockReturnValue(hung.promise);
    pager.failure = undefined;
    for (let minute = 0; minute < 20; minute += 1) await world.clock.advance(MINUTE_MS);
    expect(pager.told).toEqual(["opened issuer_failing gone"]);
    hung.reject(new RenewdError("state_unwritable", "it is back"));
    for (const spy of spies) spy.mockRestore();
    if (what === "a restart") await first.stop();
    const herald = what === "a restart" ? await startHerald(world, { channels: { pager, team } }) : first;
    herald.look();
    await world.run(HOUR_MS);
    expect(await world.incidents()).toEqual(["issuer_failing"]);
    expect(team.told.at(-1)).toBe("resolved channel_failing -");
  },
);
