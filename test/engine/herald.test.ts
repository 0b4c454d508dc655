import { expect, it, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { Route } from "../../src/core/settings.ts";
import { FakeHeartbeat, FakeNotifier } from "../support/fake-notifier.ts";
import { refusedWorld, startHerald } from "../support/heralding.ts";
import { makeWorld, SHORT } from "../support/world.ts";

test("what is opened is told once, with its five lines, and told again when it is repeated and when it is over", async () => {
  const world = await refusedWorld();
  const team = new FakeNotifier();
  await startHerald(world, { channels: { team } });
  await world.event("incident:opened");
  await world.run(MINUTE_MS);
  expect(team.told).toEqual(["opened roles_lost token-1"]);
  expect(team.calls[0]?.[0]).toMatchObject({
    key: "renewd/test/token-1//roles_lost",
    status: "firing",
    severity: "warning",
    labels: {
      alertname: "RenewdRolesLost",
      instance: "test",
      severity: "warning",
      token: "token-1",
      issuer: "issuer",
    },
    lines: {
      who: expect.stringContaining("-> a") as string,
      until: expect.stringMatching(/^Readers from .*Z, in .*, hold too short a token\.$/) as string,
      why: expect.stringMatching(/^Failed once since .* \(roles_not_held\)\.$/) as string,
      next: expect.stringMatching(/^Next try .*Z\.$/) as string,
      you: expect.stringContaining("have them assigned again") as string,
    },
    runbookUrl: "https://docs.example.org/alerts#roles_lost",
    pageUrl: "https://renewd.example.org/tokens/token-1",
  });
  await world.event("incident:repeated");
  await world.run(MINUTE_MS);
  expect(team.told.slice(0, 2)).toEqual(["opened roles_lost token-1", "repeated roles_lost token-1"]);
  world.issuer.heal();
  await world.until(async () => (await world.state.incidents()).length === 0);
  await world.run(MINUTE_MS);
  expect(team.told.at(-1)).toBe("resolved roles_lost token-1");
  expect(team.calls.at(-1)?.[0]).toMatchObject({ status: "resolved", key: "renewd/test/token-1//roles_lost" });
  expect(await world.state.tellings()).toEqual([]);
});

test("a restart neither repeats nor forgets: what was told is not told again, and its end is", async () => {
  const world = await refusedWorld();
  const team = new FakeNotifier();
  const first = await startHerald(world, { channels: { team } });
  await world.event("incident:opened");
  await world.run(MINUTE_MS);
  await first.stop();
  await world.restart();
  const after = new FakeNotifier();
  await startHerald(world, { channels: { team: after } });
  await world.run(2 * MINUTE_MS);
  expect(after.told).toEqual([]);
  world.issuer.heal();
  await world.until(async () => (await world.state.incidents()).length === 0);
  await world.run(MINUTE_MS);
  expect(after.told.at(-1)).toBe("resolved roles_lost token-1");
});

test("what was over while nobody ran is told to be over after the start", async () => {
  const world = await refusedWorld();
  const first = await startHerald(world, { channels: { team: new FakeNotifier() } });
  await world.event("incident:opened");
  await world.run(MINUTE_MS);
  await first.stop();
  world.listeners.length = 0;
  world.issuer.heal();
  await world.until(async () => (await world.state.incidents()).length === 0);
  const after = new FakeNotifier();
  await startHerald(world, { channels: { team: after } });
  await world.run(MINUTE_MS);
  expect(after.told).toEqual(["resolved roles_lost token-1"]);
});

test("what opened and ended before a channel took it is never told", async () => {
  const world = await refusedWorld();
  const team = new FakeNotifier();
  team.failure = new RenewdError("channel_unreachable", "refused");
  await startHerald(world, { channels: { team } });
  await world.event("incident:opened");
  await world.run(MINUTE_MS);
  expect(team.tries).toBeGreaterThan(0);
  world.issuer.heal();
  await world.until(async () => (await world.state.incidents()).every(({ token }) => token === ""));
  team.failure = undefined;
  await world.run(HOUR_MS);
  expect(team.told).toEqual([]);
});

test("a channel that fails is tried again, ever later, and holds up no other; that it fails is told through the others", async () => {
  const world = await refusedWorld();
  const [team, pager] = [new FakeNotifier(), new FakeNotifier()];
  pager.failure = new RenewdError("channel_unreachable", "pager.example.org: connection refused");
  const herald = await startHerald(world, { channels: { team, pager } });
  await world.event("incident:opened");
  await world.run(HOUR_MS);
  expect(team.told).toContain("opened channel_failing -");
  expect(team.told).toContain("opened roles_lost token-1");
  expect(pager.tries).toBeLessThan(14);
  expect(world.count("channel:failed")).toBe(pager.tries);
  const failing = (await herald.status()).find(({ channel }) => channel === "pager");
  expect(failing).toMatchObject({ code: "channel_unreachable", failures: pager.tries, lastSuccessAt: null });
  pager.failure = undefined;
  await world.run(HOUR_MS);
  expect(pager.told).toContain("opened roles_lost token-1");
  expect(world.count("channel:recovered")).toBe(1);
  expect(team.told).toContain("resolved channel_failing -");
  expect(await world.incidents()).not.toContain("channel_failing");
});

test("a failure counts no more once there was nothing to tell for an hour after it", async () => {
  const world = await refusedWorld();
  const team = new FakeNotifier();
  team.failure = new RenewdError("channel_credentials", "403");
  const herald = await startHerald(world, { channels: { team } });
  await world.until(() => team.tries > 0);
  expect(await world.incidents()).toContain("channel_failing");
  world.issuer.heal();
  await world.until(async () => (await world.incidents()).every((reason) => reason === "channel_failing"));
  await world.run(2 * HOUR_MS);
  expect(await world.incidents()).toEqual([]);
  expect((await herald.status())[0]).toMatchObject({ failures: 0, code: null, nextTryAt: null });
});

test("a channel's wish to be left alone is kept to", async () => {
  const world = await refusedWorld();
  const team = new FakeNotifier();
  team.failure = new RenewdError("channel_throttled", "429", { retryAfterMs: 30 * MINUTE_MS });
  await startHerald(world, { channels: { team } });
  await world.until(() => team.tries === 1);
  await world.run(29 * MINUTE_MS);
  expect(team.tries).toBe(1);
  await world.run(2 * MINUTE_MS);
  expect(team.tries).toBe(2);
});

test("one alert that a channel refuses does not keep the others from it", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], tokens: 3 });
  await world.run(HOUR_MS);
  world.issuer.fail({ refuse: "roles_not_held" });
  const team = new FakeNotifier();
  team.refuses = ({ labels }) =>
    labels["token"] === "token-2" ? new RenewdError("channel_refused", "400") : undefined;
  await startHerald(world, { channels: { team } });
  await world.until(() => team.told.includes("opened roles_lost token-3"));
  expect(team.told).toContain("opened roles_lost token-1");
  expect(team.told).not.toContain("opened roles_lost token-2");
});

test("what reached some of a channel's recipients is told to them once, its end too; the others hear who was not reached", async () => {
  const world = await refusedWorld();
  const [mail, team] = [new FakeNotifier(), new FakeNotifier()];
  mail.failure = new RenewdError("channel_partly", "refused for data@example.org");
  const herald = await startHerald(world, { channels: { mail, team } });
  await world.until(() => team.told.some((told) => told.startsWith("opened channel_failing")));
  await world.run(10 * MINUTE_MS);
  expect(mail.told).toEqual(["opened roles_lost token-1"]);
  expect((await herald.status())[0]).toMatchObject({ failures: 1, code: "channel_partly", nextTryAt: null });
  world.issuer.heal();
  await world.until(() => mail.told.includes("resolved roles_lost token-1"));
  expect(await world.incidents()).toEqual(["channel_failing"]);
  mail.failure = undefined;
  world.issuer.fail({ refuse: "roles_not_held" });
  await world.until(() => team.told.includes("resolved channel_failing -"));
  expect(mail.told.filter((told) => told === "opened roles_lost token-1")).toHaveLength(2);
});

it.each(["channel_partly", "channel_refused"] as const)(
  "a passing failure of a channel does not end what %s said of it",
  async (code) => {
    const world = await refusedWorld();
    const [mail, team] = [new FakeNotifier(), new FakeNotifier()];
    mail.failure = new RenewdError(code, "refused for data@example.org");
    await startHerald(world, { channels: { mail, team } });
    await world.until(() => team.told.some((told) => told.startsWith("opened channel_failing")));
    mail.failure = new RenewdError("channel_unreachable", "mail.example.org: connection refused");
    const { tries } = mail;
    await world.until(() => mail.tries === tries + 1);
    await world.run(5 * SECOND_MS);
    mail.failure = new RenewdError(code, "refused for data@example.org");
    await world.run(HOUR_MS);
    expect(mail.tries).toBeGreaterThan(tries + 1);
    expect(team.told.filter((told) => told.startsWith("resolved"))).toEqual([]);
    mail.failure = undefined;
    await world.until(() => team.told.includes("resolved channel_failing -"));
  },
);

test("routes choose by severity and labels", async () => {
  const world = await refusedWorld();
  const [all, grave, other] = [new FakeNotifier(), new FakeNotifier(), new FakeNotifier()];
  const routes: readonly Route[] = [
    { to: ["all"], severity: "info", match: {} },
    { to: ["grave"], severity: "critical", match: { token: "token-*" } },
    { to: ["other"], severity: "info", match: { token: "another" } },
  ];
  await startHerald(world, { channels: { all, grave, other }, routes });
  await world.event("incident:opened");
  await world.run(MINUTE_MS);
  expect(all.told).toEqual(["opened roles_lost token-1"]);
  expect(grave.told).toEqual([]);
  await world.until(() => grave.told.length > 0);
  expect(grave.calls[0]?.[0]?.severity).toBe("critical");
  expect(other.told).toEqual([]);
});

test("what is firing is told again to a channel that would forget it, and ends there", async () => {
  const world = await refusedWorld();
  const manager = new FakeNotifier({ resendMs: MINUTE_MS });
  await startHerald(world, { channels: { manager } });
  await world.event("incident:opened");
  await world.run(10 * MINUTE_MS);
  expect(manager.calls.length).toBeGreaterThanOrEqual(9);
  expect(manager.calls.length).toBeLessThanOrEqual(12);
  expect(world.count("channel:told")).toBe(1);
  world.issuer.heal();
  await world.until(async () => (await world.state.incidents()).length === 0);
  await world.run(MINUTE_MS);
  const { length } = manager.calls;
  await world.run(10 * MINUTE_MS);
  expect(manager.calls.length).toBe(length);
});

test("a graver severity is told under the old one too, for channels that know an alert by its labels", async () => {
  const world = await refusedWorld();
  const team = new FakeNotifier();
  await startHerald(world, { channels: { team } });
  await world.until(() => team.calls.flat().some(({ severity }) => severity === "critical"));
  const grave = team.calls.flat().find(({ severity }) => severity === "critical");
  expect(grave).toMatchObject({ cause: "repeated", labelsBefore: { ...grave?.labels, severity: "warning" } });
});

test("many alerts go in bounded batches, so many calls a minute, the gravest first", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], tokens: 30 });
  await world.run(HOUR_MS);
  const one = new FakeNotifier({ batchMax: 1 });
  world.issuer.fail({ refuse: "roles_not_held" });
  await world.until(async () => (await world.state.incidents()).length === 30);
  await startHerald(world, { channels: { one } });
  await world.run(MINUTE_MS / 2);
  // Four more are kept for what is critical.
  expect(one.calls.length).toBe(16);
  await world.run(2 * MINUTE_MS);
  expect(one.calls.length).toBe(30);
  expect(new Set(one.calls.flat().map(({ key }) => key)).size).toBe(30);
});

test("a dead man's switch hears that all is well only while every target has life left", async () => {
  const world = await refusedWorld(["a", "b"]);
  const watch = new FakeHeartbeat(5 * MINUTE_MS);
  await startHerald(world, { channels: { watch } });
  await world.run(HOUR_MS);
  expect(watch.pulses.length).toBeGreaterThanOrEqual(11);
  expect(watch.pulses.length).toBeLessThanOrEqual(13);
  expect(watch.pulses.every(({ ok }) => ok)).toBe(true);
  await world.until(() => watch.pulses.some(({ ok }) => !ok));
  expect(watch.pulses.at(-1)?.lines[0]).toMatch(/^token-1 -> a: since .* too short a token$/);
  world.issuer.heal();
  await world.until(() => watch.pulses.at(-1)?.ok === true);
});

test("a dead man's switch is not told that all is well while renewd itself does not look", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const watch = new FakeHeartbeat(MINUTE_MS);
  await startHerald(world, { channels: { watch }, troubles: () => ["sweep_failing"] });
  await world.run(2 * MINUTE_MS);
  expect(watch.pulses.map(({ ok }) => ok)).not.toContain(true);
  expect(watch.pulses[0]?.lines).toContain("renewd itself: sweep_failing");
});

test("a dead man's switch hears nothing before renewd has looked: a restart is no failure", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const watch = new FakeHeartbeat(5 * MINUTE_MS);
  const troubles = ["first_sweep_pending"];
  const herald = await startHerald(world, { channels: { watch }, troubles: () => troubles });
  await world.run(2_000);
  expect(watch.pulses).toEqual([]);
  troubles.pop();
  herald.look();
  await herald.current();
  expect(watch.pulses).toMatchObject([{ ok: true }]);
});

test("a stop ends the call under way and counts it as no failure", async () => {
  const world = await refusedWorld();
  const team = new FakeNotifier();
  team.gate = new Promise(() => undefined);
  const herald = await startHerald(world, { channels: { team } });
  await world.until(() => team.tries === 1);
  await herald.stop();
  expect(world.count("channel:failed")).toBe(0);
  expect(await world.state.tellings()).toEqual([]);
});

test("news that come while a channel is busy reach it when it is free", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], tokens: 2 });
  await world.run(HOUR_MS);
  const team = new FakeNotifier();
  const held = Promise.withResolvers<void>();
  team.gate = held.promise;
  await startHerald(world, { channels: { team } });
  world.issuer.fail({ refuse: "roles_not_held" });
  await world.until(() => team.tries === 1);
  await world.until(async () => (await world.state.incidents()).length === 2);
  team.gate = undefined;
  held.resolve();
  await world.run(MINUTE_MS);
  expect(new Set(team.told)).toEqual(new Set(["opened roles_lost token-1", "opened roles_lost token-2"]));
});
