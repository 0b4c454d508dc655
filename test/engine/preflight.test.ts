import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { makeWorld, SHORT } from "../support/world.ts";

test("when no target could take a token it waits until the renewal is urgent, then mints all the same", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.place("a").fail("store_unreachable");
  world.place("b").fail("store_denied");
  await world.run(25 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(1);
  expect(world.count("renewal:preflight-failed")).toBeGreaterThan(1);
  await world.run(3 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(2);
});

test("a failure that all targets have in common names its code once", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  for (const label of ["a", "b"]) world.place(label).fail("store_quota");
  await world.run(20 * HOUR_MS);
  const [incident] = (await world.state.incidents()).filter(({ target }) => target === "");
  expect(incident?.reason).toBe("target_failing");
  expect(incident?.message).toMatch(/ a: .+; b: [^()]+ \(store_quota\)\.$/);
  expect(incident?.message.split("store_quota")).toHaveLength(2);
  world.place("b").fail("store_denied");
  await world.run(HOUR_MS);
  const [other] = (await world.state.incidents()).filter(({ target }) => target === "");
  expect(other?.message).toMatch(/: b: [^()]+ \(store_denied\); a: [^()]+ \(store_quota\)\.$/);
});

test("when some target could take a token it is minted at once", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  world.place("a").fail("store_unreachable");
  await world.run(20 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(2);
  expect(world.place("b").seen).toBe(world.issuer.rows[1]?.text);
});

test("an issuer that revokes the old token is asked only when all targets could take the new one", async () => {
  const world = await makeWorld({ ...SHORT, issuer: { overlap: "none" } });
  await world.run(HOUR_MS);
  world.place("a").fail("store_unreachable");
  await world.run(21 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(1);
  world.place("a").heal();
  await world.run(2 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(2);
});

test("nor however urgent it is: each target that could not take it would hold a dead one", async () => {
  const world = await makeWorld({ ...SHORT, issuer: { overlap: "none" } });
  await world.run(HOUR_MS);
  world.place("a").fail("store_unreachable");
  await world.run(28 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(1);
  expect(world.issuer.rowOf(world.place("a").seen ?? "")).toBeDefined();
  expect((await world.token()).trouble?.last.code).toBe("store_unreachable");
});

test("but once the old one has expired there is nothing to lose: the targets that can take it get the new one", async () => {
  const world = await makeWorld({ ...SHORT, issuer: { overlap: "none" } });
  await world.run(HOUR_MS);
  world.place("a").fail("store_unreachable");
  await world.run(30 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(2);
  expect(world.place("b").seen).toBe(world.issuer.rows.at(-1)?.text);
});

test("without a state that can take it nothing is minted, not even when it is urgent", async () => {
  const world = await makeWorld(SHORT);
  await world.run(HOUR_MS);
  const { preflight } = world.state;
  world.state.preflight = () => Promise.reject(new RenewdError("state_unwritable", "the disk is full"));
  await world.run(30 * HOUR_MS);
  expect(world.issuer.count("request")).toBe(1);
  expect((await world.token()).trouble?.last.code).toBe("state_unwritable");
  world.state.preflight = preflight.bind(world.state);
  await world.run(20 * MINUTE_MS);
  expect(world.issuer.count("request")).toBe(2);
});
