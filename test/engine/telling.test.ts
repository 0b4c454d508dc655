import { expect, it, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { systemTracer } from "../../src/runtime/trace.ts";
import { FakeNotifier } from "../support/fake-notifier.ts";
import { end, type HeraldOptions, incidentOf, open, refusedWorld, startHerald } from "../support/heralding.ts";
import { makeWorld, SHORT, tokenKey, type World } from "../support/world.ts";

/** In which nothing happens by itself. */
async function calmWorld(tokens = 1): Promise<World> {
  const world = await makeWorld({ targets: ["a"], tokens });
  await world.run(MINUTE_MS);
  return world;
}

test("in no minute a channel gets more than 20 calls, however often it is looked at; 20 go out at once", async () => {
  const world = await calmWorld();
  const calledAt: number[] = [];
  const one = new FakeNotifier({ batchMax: 1 });
  one.refuses = () => void calledAt.push(world.clock.monotonic);
  const herald = await startHerald(world, { channels: { one } });
  const names = Array.from({ length: 70 }, (_, index) => `some-${index}`);
  await open(world, ...names.map((name) => incidentOf(name, world.clock.now())));
  for (let second = 0; second < 200; second += 1) {
    herald.look();
    await world.run(SECOND_MS);
  }
  const firstMs = calledAt[0] ?? 0;
  expect(calledAt.filter((ms) => ms < firstMs + MINUTE_MS)).toHaveLength(20);
  expect(calledAt.filter((ms) => calledAt.filter((each) => each >= ms && each < ms + MINUTE_MS).length > 20)).toEqual(
    [],
  );
  expect(new Set(one.calls.flat().map(({ key }) => key)).size).toBe(70);
});

test("what is critical and new is told at once where the milder have used up their share of the minute", async () => {
  const world = await calmWorld();
  const pager = new FakeNotifier({ batchMax: 1 });
  pager.refuses = ({ labels }) => (labels["token"] === "bad" ? new RenewdError("channel_refused", "400") : undefined);
  const herald = await startHerald(world, { channels: { pager } });
  const names = Array.from({ length: 60 }, (_, index) => `some-${index}`);
  await open(world, ...names.map((name) => incidentOf(name, world.clock.now(), { severity: "warning" })));
  await world.run(2 * SECOND_MS);
  const { tries } = pager;
  for (const grave of ["bad", "one", "two", "three"]) {
    await open(world, incidentOf(grave, world.clock.now()));
    await world.run(2 * SECOND_MS);
    herald.look();
  }
  await herald.current();
  expect([pager.tries, pager.told.slice(-3)]).toEqual([
    tries + 4,
    ["one", "two", "three"].map((name) => `opened issuer_failing ${name}`),
  ]);
  expect(pager.tries).toBe(20);
});

test("alerts that come one after the other are gathered before the minute is used up: each is told within seconds", async () => {
  const world = await calmWorld();
  const team = new FakeNotifier();
  const longestMs: number[] = [];
  await startHerald(world, { channels: { team } });
  for (let second = 0; second < 180; second += 2) {
    await open(world, incidentOf(`some-${second}`, world.clock.now()));
    await world.run(2 * SECOND_MS);
    const known = new Set(team.calls.flat().map(({ labels }) => labels["token"]));
    longestMs.push(2 * SECOND_MS * (second / 2 + 1 - known.size));
  }
  expect(Math.max(...longestMs)).toBeLessThanOrEqual(8 * SECOND_MS);
});

test.each([250, 700, 1_000, 2_500, 5_000])(
  "what is critical and new waits no longer than a channel gathers, although every %i ms more is opened and ended",
  async (everyMs) => {
    const world = await calmWorld();
    const slack = new FakeNotifier({ batchMax: 50, intervalMs: SECOND_MS });
    await startHerald(world, { channels: { slack } });
    const waiting = new Map<string, number>();
    slack.refuses = ({ labels }) => void waiting.delete(labels["token"] ?? "");
    let longestMs = 0;
    for (let count = 0; count < (3 * MINUTE_MS) / everyMs; count += 1) {
      const now = world.clock.now();
      const isGrave = count % 10 === 5;
      const incident = incidentOf(`some-${count}`, now, { severity: isGrave ? "critical" : "warning" });
      await open(world, incident);
      if (isGrave) waiting.set(incident.token, now);
      await world.run(everyMs);
      // So that a call has room for all that come.
      if (!isGrave) await end(world, incident);
      longestMs = Math.max(longestMs, ...[...waiting.values()].map((at) => world.clock.now() - at));
    }
    expect(slack.calls.length).toBeGreaterThan(20);
    expect(longestMs).toBeLessThanOrEqual(8 * SECOND_MS);
  },
);

test("what opened and ended while a channel gathered is told to nobody, and stands in the history", async () => {
  const world = await calmWorld();
  const team = new FakeNotifier();
  await startHerald(world, { channels: { team } });
  for (let count = 0; count < 10; count += 1) {
    await open(world, incidentOf(`some-${count}`, world.clock.now()));
    await world.run(2 * SECOND_MS);
  }
  const short = incidentOf(tokenKey(0), world.clock.now());
  await open(world, short);
  await world.run(2 * SECOND_MS);
  await end(world, short);
  await world.run(MINUTE_MS);
  expect(team.told.filter((each) => each.includes(tokenKey(0)))).toEqual([]);
  const history = await world.state.history(tokenKey(0), 10);
  expect(history.map(({ type }) => type).filter((type) => type.startsWith("incident:"))).toEqual([
    "incident:resolved",
    "incident:opened",
  ]);
});

test("a pass of slow calls ends, so that what was opened meanwhile comes in its turn", async () => {
  const world = await calmWorld();
  const one = new FakeNotifier({ batchMax: 1 });
  const told: string[] = [];
  one.notify = async ([alert]) => {
    await new Promise<void>((resolve) => void world.clock.after(30 * SECOND_MS, resolve));
    told.push(alert?.labels["token"] ?? "");
  };
  await startHerald(world, { channels: { one } });
  const names = Array.from({ length: 10 }, (_, index) => `some-${index}`);
  await open(world, ...names.map((name) => incidentOf(name, world.clock.now(), { severity: "warning" })));
  await world.until(() => told.length === 2);
  await open(world, incidentOf("grave", world.clock.now()));
  await world.until(() => told.includes("grave"));
  expect(told.length).toBeLessThanOrEqual(5);
});

it("one alert that a channel refuses waits by itself: what is new goes out at once, and that it is refused stays told", async () => {
  const world = await calmWorld();
  const [team, others] = [new FakeNotifier(), new FakeNotifier()];
  let refusals = 0;
  team.refuses = ({ labels }) => {
    if (labels["token"] !== "bad") return undefined;
    refusals += 1;
    return new RenewdError("channel_refused", "400: too odd");
  };
  const herald = await startHerald(world, { channels: { team, others } });
  await open(world, incidentOf("bad", world.clock.now()));
  await world.run(HOUR_MS);
  expect(refusals).toBeLessThan(14);
  for (const name of ["one", "two", "three"]) {
    await open(world, incidentOf(name, world.clock.now()));
    await world.run(2 * SECOND_MS);
    expect(team.told).toContain(`opened issuer_failing ${name}`);
    expect(await world.incidents()).toContain("channel_failing");
    expect((await herald.status())[0]).toMatchObject({ code: "channel_refused", failures: refusals });
  }
  expect(others.told.filter((each) => each.includes("channel_failing"))).toEqual(["opened channel_failing -"]);
  expect(others.calls.flat().find(({ labels }) => labels["channel"] === "team")?.lines.why).toMatch(
    /^The alert channel team has refused some alerts since .*: 400: too odd \(channel_refused\)\.$/,
  );
  team.refuses = () => undefined;
  await world.run(10 * MINUTE_MS);
  expect(team.told.at(-1)).toBe("opened issuer_failing bad");
  expect(await world.incidents()).not.toContain("channel_failing");
  expect((await herald.status())[0]).toMatchObject({ code: null, failures: 0 });
  expect(world.count("channel:recovered")).toBe(1);
});

it("a channel that refuses all it is given is left alone ever longer; what is new waits a minute there, and one that it takes frees all", async () => {
  const world = await calmWorld();
  const pager = new FakeNotifier({ batchMax: 1 });
  pager.refuses = () => new RenewdError("channel_refused", "400: unknown field");
  const triesAt = async (ms: number): Promise<number> => {
    const { tries } = pager;
    await world.run(ms);
    return pager.tries - tries;
  };
  const names = Array.from({ length: 60 }, (_, index) => `some-${index}`);
  await open(world, ...names.map((name) => incidentOf(name, world.clock.now())));
  const herald = await startHerald(world, { channels: { pager } });
  await triesAt(HOUR_MS);
  for (let minute = 0; minute < 60; minute += 1) {
    herald.look();
    expect(await triesAt(MINUTE_MS)).toBeLessThanOrEqual(2);
  }
  expect(await world.incidents()).toContain("channel_failing");
  pager.refuses = ({ labels }) =>
    labels["token"] === "fresh" ? undefined : new RenewdError("channel_refused", "400: unknown field");
  await open(world, incidentOf("fresh", world.clock.now()));
  // That one, and then as many as show that it refuses everything again.
  expect(await triesAt(MINUTE_MS + 2 * SECOND_MS)).toBeGreaterThanOrEqual(4);
  expect(pager.told).toEqual(["opened issuer_failing fresh"]);
  pager.refuses = () => undefined;
  await world.run(15 * MINUTE_MS);
  expect(new Set(pager.told).size).toBe(61);
});

it("one refused alert among a hundred of a call is found by halving", async () => {
  const world = await calmWorld();
  const team = new FakeNotifier({ batchMax: 100 });
  const names = Array.from({ length: 100 }, (_, index) => `some-${index}`);
  team.refuses = ({ labels }) =>
    labels["token"] === "some-63" ? new RenewdError("channel_refused", "400") : undefined;
  await open(world, ...names.map((name) => incidentOf(name, world.clock.now())));
  await startHerald(world, { channels: { team } });
  await world.run(SECOND_MS);
  expect(new Set(team.calls.flat().map(({ key }) => key)).size).toBe(99);
  expect(team.tries).toBeLessThanOrEqual(16);
});

it("a restart while an alert is refused does not say that the channel is well, until it took it or that is over", async () => {
  const world = await calmWorld();
  const team = new FakeNotifier();
  team.refuses = ({ labels }) => (labels["token"] === "bad" ? new RenewdError("channel_refused", "400") : undefined);
  const bad = incidentOf("bad", world.clock.now());
  await open(world, bad);
  const first = await startHerald(world, { channels: { team } });
  await world.run(MINUTE_MS);
  await first.stop();
  await world.restart();
  const herald = await startHerald(world, { channels: { team } });
  await open(world, incidentOf("one", world.clock.now()));
  await world.run(MINUTE_MS);
  expect(team.told).toContain("opened issuer_failing one");
  expect(world.count("channel:recovered")).toBe(0);
  expect(world.told("incident:resolved")).toEqual([]);
  await end(world, bad);
  await world.run(MINUTE_MS);
  expect(await world.incidents()).not.toContain("channel_failing");
  expect((await herald.status())[0]).toMatchObject({ code: null, failures: 0 });
});

test("what is told again tells what is so by then", async () => {
  const world = await refusedWorld();
  const manager = new FakeNotifier({ resendMs: MINUTE_MS });
  await startHerald(world, { channels: { manager } });
  await world.event("incident:opened");
  const { attempts = 0 } = (await world.token()).trouble ?? {};
  await world.until(async () => ((await world.token()).trouble?.attempts ?? 0) === attempts + 1);
  expect(world.count("incident:repeated")).toBe(0);
  const message = (await world.state.incidents())[0]?.message ?? "";
  expect(message).toMatch(new RegExp(`^Failed ${attempts + 1} times since`));
  await world.run(3 * MINUTE_MS);
  expect(manager.calls.at(-1)?.[0]?.lines.why).toBe(message);
  expect(manager.told).not.toContain("resolved roles_lost token-1");
});

test("what is over beside something critical of the same token names that, and not that nothing is to be done", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const team = new FakeNotifier();
  await startHerald(world, { channels: { team } });
  const now = world.clock.now();
  const over = incidentOf(tokenKey(0), now);
  await open(world, over, incidentOf(tokenKey(0), now - HOUR_MS, { target: "a", reason: "expired" }));
  await world.run(3 * SECOND_MS);
  await end(world, over);
  await world.run(3 * SECOND_MS);
  const [ended] = team.calls.flat().filter(({ cause }) => cause === "resolved");
  expect(ended?.lines.next).toBe("`expired` in a is open still.");
});

test("a channel that is not to be told any more hears that it is open still, and as what", async () => {
  const world = await calmWorld();
  const team = new FakeNotifier();
  const options: HeraldOptions = { channels: { team } };
  const herald = await startHerald(world, options);
  await open(world, incidentOf("one", world.clock.now()));
  await world.run(MINUTE_MS);
  options.routes = [{ to: ["team"], severity: "warning", match: { token: "another" } }];
  herald.look();
  await world.run(MINUTE_MS);
  expect(team.told).toEqual(["opened issuer_failing one", "resolved issuer_failing one"]);
  expect(team.calls.at(-1)?.[0]?.lines).toMatchObject({
    until: expect.stringMatching(/^Not told here any more since .*Z: it is still open, as critical\.$/) as string,
    why: "It fails for one.",
    you: "Look.",
  });
});

test("labels that were edited end the alert of the old ones, also after a restart, and an end has those that were told", async () => {
  const world = await calmWorld();
  const manager = new FakeNotifier({ resendMs: MINUTE_MS });
  // Of a target that no worker looks at.
  const incident = incidentOf(tokenKey(0), world.clock.now(), { target: "other" });
  const first = await startHerald(world, { channels: { manager } });
  await open(world, incident);
  await world.run(MINUTE_MS);
  await world.reload((declared) => ({ ...declared, labels: { team: "data" } }));
  await world.run(2 * MINUTE_MS);
  const changed = manager.calls.flat().filter(({ labelsBefore }) => labelsBefore !== null);
  expect(changed).toHaveLength(1);
  expect(changed[0]?.labels).toEqual({ ...changed[0]?.labelsBefore, team: "data" });
  await first.stop();
  await world.restart();
  const after = new FakeNotifier({ resendMs: MINUTE_MS });
  await world.reload((declared) => ({ ...declared, labels: {} }));
  await end(world, incident);
  await startHerald(world, { channels: { manager: after } });
  await world.run(MINUTE_MS);
  expect(after.calls.flat()).toMatchObject([{ cause: "resolved", labels: changed[0]?.labels, labelsBefore: null }]);
});

test("a channel that became another hears of all that is open, at once; what it was told and how it fared is forgotten", async () => {
  const world = await calmWorld();
  const [old, others] = [new FakeNotifier(), new FakeNotifier()];
  const options: HeraldOptions = { channels: { team: old, others } };
  const herald = await startHerald(world, options);
  await open(world, incidentOf("one", world.clock.now()));
  await world.run(MINUTE_MS);
  old.failure = new RenewdError("channel_credentials", "403");
  await open(world, incidentOf("two", world.clock.now()));
  await world.run(20 * MINUTE_MS);
  expect(await world.incidents()).toContain("channel_failing");
  const made = new FakeNotifier();
  options.channels = { team: made, others };
  await herald.forget(["team"]);
  herald.look();
  await world.run(2 * SECOND_MS);
  expect(made.told).toEqual(["opened issuer_failing one", "opened issuer_failing two"]);
  expect(await world.incidents()).not.toContain("channel_failing");
  expect(others.told.at(-1)).toBe("resolved channel_failing -");
});

test("what a call under way tells a channel that is none any more is not recorded", async () => {
  const world = await calmWorld();
  const team = new FakeNotifier();
  const held = Promise.withResolvers<void>();
  team.gate = held.promise;
  const options: HeraldOptions = { channels: { team } };
  const herald = await startHerald(world, options);
  await open(world, incidentOf("one", world.clock.now()));
  await world.until(() => team.tries === 1);
  options.channels = {};
  await herald.forget(["team"]);
  held.resolve();
  await herald.current();
  expect([await world.state.tellings(), await world.state.channels()]).toEqual([[], new Map()]);
});

test("what channels are told is no part of the work that an incident came of", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  Object.assign(world.daemon.engine, { trace: systemTracer });
  const correlations: (readonly [string, object])[] = [];
  const team = new FakeNotifier();
  const herald = await startHerald(world, { channels: { team } });
  world.listeners.push(({ type }) => {
    correlations.push([type, systemTracer.correlation()]);
    // As a timer does that was begun in there.
    if (type === "incident:opened") herald.look();
  });
  world.issuer.fail({ refuse: "roles_not_held" });
  await world.until(() => team.told.length > 0);
  const of = new Map(correlations);
  expect(of.get("incident:opened")).toHaveProperty("work");
  expect(of.get("channel:told")).toEqual({});
});
