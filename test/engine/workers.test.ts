import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { LEASE_MS } from "../../src/engine/tenure.ts";
import { bugs, forgotten } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

async function twoWorkers(options: WorldOptions = SHORT): Promise<World> {
  const world = await makeWorld(options);
  await world.start({ frees: false });
  return world;
}

test("two workers on one state never have two requests for a token under way, and make one token per renewal", async () => {
  const world = await twoWorkers({ ...SHORT, tokens: 5 });
  world.issuer.fail({ slowMs: 5 * SECOND_MS });
  await world.run(45 * HOUR_MS);
  expect(world.issuer.mostAtOnce).toBe(1);
  expect(world.issuer.rows).toHaveLength(15);
  expect(bugs(world)).toEqual([]);
});

test("when one worker dies on a request the other waits for its lease, then looks, and mints nothing twice", async () => {
  const world = await twoWorkers({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail({ slowMs: 20 * SECOND_MS }, 1);
  await world.until(() => world.issuer.rows.length === 2);
  const [first, second] = world.daemons;
  const asking = first !== undefined && first.life.changes > (second?.life.changes ?? 0) ? first : second;
  if (asking === undefined) throw new TypeError("nobody asks");
  world.kill(asking);
  await world.run(2 * LEASE_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});

test("an answer that comes after its lease was lost goes to the strays, and the token is found all the same", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const strays: string[] = [];
  const { stray } = world.state;
  world.state.stray = (token, issue, text, now) => {
    strays.push(text.fingerprint);
    return stray.call(world.state, token, issue, text, now);
  };
  world.issuer.fail({ slowMs: 20 * SECOND_MS }, 1);
  await world.until(() => world.issuer.rows.length === 2);
  // The host sleeps for ten minutes: the wall clock and the uptime go on, timers do not.
  world.clock.nowAt += 10 * MINUTE_MS;
  world.clock.uptime += 10 * MINUTE_MS;
  await world.run(5 * MINUTE_MS);
  expect(strays).toEqual([new SecretText(world.issuer.rows[1]?.text ?? "").fingerprint]);
  expect(world.count("lease:lost")).toBe(1);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect(await forgotten(world)).toEqual([]);
  expect(bugs(world)).toEqual([]);
});

test("a worker whose host slept before its call makes no call", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  let slept = false;
  world.issuer.afterFind = () => {
    if (slept) return;
    slept = true;
    world.clock.nowAt += 10 * MINUTE_MS;
    world.clock.uptime += 10 * MINUTE_MS;
  };
  const before = world.issuer.calls.length;
  await world.until(() => slept);
  await world.run(MINUTE_MS);
  expect(world.count("lease:lost")).toBe(1);
  // With a new lease everything begins anew: it looks a second time before it asks.
  const calls = world.issuer.calls.slice(before).map(({ call }) => call);
  expect(calls).toEqual(["find", "find", "request", "inspect"]);
  expect(bugs(world)).toEqual([]);
});

test("a worker whose clocks disagree makes no call: its lease may be over although the wall clock says otherwise", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  let slept = false;
  world.issuer.afterFind = () => {
    if (slept) return;
    slept = true;
    // The host slept for ten minutes, and its wall clock was set back by as much when it woke.
    world.clock.uptime += 10 * MINUTE_MS;
  };
  await world.until(() => slept);
  expect(world.count("lease:lost")).toBe(1);
  expect(world.issuer.count("request")).toBe(1);
  await world.run(MINUTE_MS);
  expect(world.issuer.count("request")).toBe(2);
});

test("a second worker that took the lease over is not written over", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.place().fail({ slowMs: 30 * SECOND_MS, on: ["write"] });
  await world.until(() => world.place().count("write") === 2);
  const job = { token: "token-1", target: "a" };
  await world.state.freeLeases();
  const lease = await world.state.claim(job, "another", world.clock.now(), 10 * MINUTE_MS);
  expect(lease).not.toBeNull();
  await world.run(2 * MINUTE_MS);
  expect((await world.target()).delivery).toBeNull();
  expect(world.count("lease:lost")).toBe(1);
});
