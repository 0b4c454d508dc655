import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { makeWorld, SHORT } from "../support/world.ts";

test("where a renewal revokes the old token the fresh one is used, although the old one would have lived longer", async () => {
  const world = await makeWorld({ ...SHORT, issuer: { lists: false, overlap: "none" } });
  await world.run(HOUR_MS);
  const first = world.place("a").seen;
  world.issuer.fail({ make: { expAt: (world.issuer.lifeOf(first ?? "")?.expAt ?? 0) - MINUTE_MS } }, 1);
  await world.event("renewal:minted");
  const second = world.issuer.rows.at(-1)?.text;
  await world.run(MINUTE_MS);
  expect(world.count("renewal:quarantined")).toBe(0);
  expect(world.place("a").seen).toBe(second);
  await world.run(DAY_MS);
  expect(await world.incidents()).toEqual([]);
});

test("a fresh token that was rejected is left to a person: asking with the revoked one could end it too", async () => {
  const world = await makeWorld({ ...SHORT, create: false, targets: ["a"], issuer: { lists: false, overlap: "none" } });
  world.place().put(world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS).text);
  await world.event("renewal:settled");
  world.issuer.fail({ make: { scopes: { runner: [] } } }, 1);
  await world.event("renewal:quarantined");
  const asked = world.issuer.orders.length;
  await world.run(3 * HOUR_MS);
  expect(world.issuer.orders).toHaveLength(asked);
  const status = await world.daemon.controller.tokenStatus("token-1");
  expect(status.state).toBe("waiting_for_person");
  expect(status.conditions[0]).toMatchObject({ reason: "quarantined", severity: "critical" });
  expect(status.conditions[0]?.message).toContain("revoked");
  await world.daemon.controller.accept("token-1");
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
  expect(await world.incidents()).toEqual([]);
});

test("where nothing is kept at the issuer a lost answer needs no person: asking again starts from nothing", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], issuer: { lists: false, overlap: "none", keeps: false } });
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await world.event("renewal:in-doubt");
  await world.event("renewal:settled");
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual([]);
});

test("while a rejected token waits for a person `renew` says so, and leaves no wish that would rotate it later", async () => {
  const world = await makeWorld({ ...SHORT, create: false, targets: ["a"], issuer: { lists: false, overlap: "none" } });
  world.place().put(world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS).text);
  await world.event("renewal:settled");
  world.issuer.fail({ make: { scopes: { runner: [] } } }, 1);
  await world.event("renewal:quarantined");
  await world.run(MINUTE_MS);
  await expect(world.daemon.controller.renew("token-1", null)).rejects.toMatchObject({ code: "token_rejected" });
  expect((await world.token()).wish).toBeNull();
});

test("a rejected token that was made from nothing took nothing away: the one in use is renewed as ever", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], issuer: { lists: false, overlap: "none" } });
  await world.event("renewal:settled");
  world.issuer.fail({ make: { scopes: {} } }, 1);
  await world.reload((declared) => ({ ...declared, request: { ...declared.request, roles: ["logger", "runner"] } }));
  await world.event("renewal:quarantined");
  const asked = world.issuer.orders.length;
  await world.run(2 * HOUR_MS);
  expect(world.issuer.orders.length).toBeGreaterThan(asked);
  expect(await world.incidents()).toEqual([]);
});
