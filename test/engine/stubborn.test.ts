/** What must not become a hot loop, a long silence or a wait without end. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { scheduleOf } from "../../src/core/schedule.ts";
import { bugs } from "../support/oracle.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

const TOKEN = "token-1";

async function latestAt(world: World): Promise<number> {
  const member = world.daemon.engine.fleet().members.get(TOKEN);
  const { desired } = await world.token();
  if (member === undefined || desired === null) throw new TypeError("nothing is in use");
  return scheduleOf(desired, member.pace).latestAt;
}

test("a state that cannot be written is tried again at the tick, not at once", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const { claim } = world.state;
  world.state.claim = () => Promise.reject(new RenewdError("state_unwritable", "the disk is full"));
  await world.state.wake({ all: true }, world.clock.now());
  await world.sweep();
  // Two jobs are due, and each is tried once in a look.
  expect(world.count("sweep:failed")).toBe(2);
  expect(world.daemon.sweeper.isFailing).toBe(true);
  world.state.claim = claim;
  await world.run(MINUTE_MS);
  expect(world.daemon.sweeper.isFailing).toBe(false);
  expect(world.count("sweep:failed")).toBe(2);
});

test("since when sweeps end well, and since when work fails, is known by the monotonic clock", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const { sweeper } = world.daemon;
  expect(sweeper.sweptMs).toBeUndefined();
  await world.sweep();
  expect(sweeper.sweptMs).toBe(world.clock.monotonic);
  const { claim, due } = world.state;
  world.state.claim = () => Promise.reject(new TypeError("a bug"));
  await world.state.wake({ all: true }, world.clock.now());
  const sinceMs = world.clock.monotonic;
  await world.run(MINUTE_MS);
  expect([sweeper.failingSinceMs, sweeper.sweptMs]).toEqual([sinceMs, world.clock.monotonic]);
  world.state.due = () => Promise.reject(new TypeError("a bug"));
  await world.run(MINUTE_MS);
  expect(sweeper.sweptMs).toBe(world.clock.monotonic - MINUTE_MS);
  Object.assign(world.state, { claim, due });
  await world.run(MINUTE_MS);
  expect([sweeper.failingSinceMs, sweeper.sweptMs]).toEqual([undefined, world.clock.monotonic]);
});

test("what fails no more for it is no longer declared is no reason to be unready", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const { claim } = world.state;
  world.state.claim = () => Promise.reject(new RenewdError("state_unwritable", "the disk is full"));
  await world.sweep();
  expect(world.daemon.sweeper.isFailing).toBe(true);
  world.state.claim = claim;
  const { fleet } = world.daemon.engine;
  Object.assign(world.daemon.engine, { fleet: () => ({ ...fleet(), members: new Map() }) });
  await world.state.enrol([], world.clock.now());
  await world.sweep();
  expect(world.daemon.sweeper.isFailing).toBe(false);
});

test("an outage of minutes in a slack of minutes is survived: the calls of the hour are not used up at once", async () => {
  const world = await makeWorld({
    ...SHORT,
    targets: ["a"],
    policy: { repairMs: 25 * MINUTE_MS, renewBefore: { ms: 0 } },
  });
  await world.run(HOUR_MS);
  await world.run((await latestAt(world)) - world.clock.now() - SECOND_MS);
  world.issuer.fail("server_error");
  await world.run(4 * MINUTE_MS);
  world.issuer.heal();
  const before = world.clock.now();
  await world.event("renewal:settled", HOUR_MS);
  expect(world.clock.now() - before).toBeLessThan(10 * MINUTE_MS);
});

test("an incident names the instant at which it is really tried again", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(19 * HOUR_MS);
  world.issuer.fail("server_error");
  await world.run(3 * HOUR_MS);
  const failures = world.told("renewal:failed");
  failures.slice(0, -1).forEach(({ nextTryAt }, index) => {
    expect(Math.abs((failures[index + 1]?.at ?? 0) - nextTryAt)).toBeLessThan(2 * MINUTE_MS);
  });
  expect(failures.length).toBeGreaterThan(5);
});

test("a listed token that cannot be proved holds up a renewal only as long as there is time", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const strange = world.issuer.mintByHand("name-of-token-1", 90 * HOUR_MS);
  const inspect = world.issuer.inspect.bind(world.issuer);
  world.issuer.inspect = (token) =>
    token.reveal() === strange.text
      ? Promise.resolve({ outcome: "unknown", error: new RenewdError("key_unreachable", "another key") })
      : inspect(token);
  await world.run((await latestAt(world)) - world.clock.now() + 2 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(2);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
});

test("a probe that does not heed its signal does not hold up a stop", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.issuer.probe = () => new Promise(() => undefined);
  world.clock.jumpTo(world.clock.now() + 45 * SECOND_MS);
  await world.sweep();
  const stopped = world.daemon.sweeper.stop(20 * SECOND_MS);
  await world.clock.advance(2 * MINUTE_MS);
  expect(await Promise.race([stopped, Promise.resolve("hangs")])).not.toBe("hangs");
  expect(bugs(world)).toEqual([]);
});

test("a clock that was set back does not hold up a request in doubt", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail("lose_answer", 1);
  await world.event("renewal:in-doubt");
  world.clock.jumpTo(world.clock.now() - HOUR_MS);
  await world.run(2 * MINUTE_MS);
  expect((await world.token()).mint).toBeNull();
  expect(world.issuer.rows).toHaveLength(2);
});

test("`resume` lets what failed before be tried at once", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(19 * HOUR_MS);
  world.place().fail({ code: "store_denied", on: ["write"] });
  await world.event("target:failed");
  const { controller } = world.daemon;
  await controller.pause(TOKEN, null, null);
  world.place().heal();
  await controller.resume(TOKEN);
  await world.run(30 * SECOND_MS);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});
