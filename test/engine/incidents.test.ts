import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { makeWorld, SHORT } from "../support/world.ts";

test("a failure is told before the deadline, again at growing urgency, and resolved when it is over", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const { expAt } = (await world.token()).desired ?? { expAt: 0 };
  world.issuer.fail({ refuse: "roles_not_held" });
  await world.event("incident:opened");
  expect(world.clock.now()).toBeLessThan(expAt - SHORT.target.holdMs);
  await world.run(8 * HOUR_MS);
  const told = world
    .told("incident:repeated")
    .filter(({ incident }) => incident.reason === "roles_lost")
    .map(({ at }) => at);
  expect(told.length).toBeGreaterThan(3);
  const gaps = told.slice(1).map((at, index) => at - (told[index] ?? 0));
  expect(gaps.at(-1)).toBeLessThan(gaps[0] ?? 0);
  expect((await world.state.incidents()).some(({ severity }) => severity === "critical")).toBe(true);
  world.issuer.heal();
  await world.run(2 * HOUR_MS);
  expect(await world.incidents()).toEqual([]);
});

test("a restart neither repeats nor forgets an open incident", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail({ refuse: "roles_not_held" });
  await world.event("incident:opened");
  const before = await world.state.incidents();
  await world.restart();
  await world.state.wake({ all: true }, world.clock.now());
  await world.run(MINUTE_MS);
  expect(await world.state.incidents()).toEqual(before);
  expect(world.count("incident:opened")).toBe(1);
  expect(world.count("incident:repeated")).toBe(0);
});

test("a token that was only held back by its issuer's breaker is told of, too", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 20, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail("unreachable");
  await world.run(27 * HOUR_MS);
  const told = new Set((await world.state.incidents()).map(({ token }) => token));
  expect(told.size).toBe(20);
});

test("a target that never got a token is told of after its time for repair, whatever holds it up", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 20, targets: ["a"] });
  world.issuer.fail("unreachable");
  await world.run(3 * HOUR_MS);
  const told = await world.state.incidents();
  expect(told.filter(({ reason }) => reason === "never_delivered")).toHaveLength(20);
});

test("when the issuer is well again those it had held back are renewed at once", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 20, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail("unreachable");
  await world.run(20 * HOUR_MS);
  world.issuer.heal();
  await world.event("service:recovered");
  await world.run(MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(40);
});

test("a person's wish that was refused and that the schedule does not want is over", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail({ refuse: "lifetime_refused" }, 1);
  await world.daemon.controller.renew("token-1", null);
  await world.run(18 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(2);
  expect((await world.token()).wish).toBeNull();
  await world.run(2 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(await world.incidents()).toEqual([]);
});
