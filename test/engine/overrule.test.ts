import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { Row } from "../support/fake-issuer.ts";
import { forgotten } from "../support/oracle.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

const TOKEN = "token-1";
const fingerprintOf = (row: Row | undefined): string => new SecretText(row?.text ?? "").fingerprint;

/** The first token may read and write; the second was made otherwise and is quarantined. */
async function quarantinedWorld(made: Partial<Row>): Promise<World> {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  world.issuer.fail({ make: { scopes: { runner: ["read", "write"] } } }, 1);
  await world.event("renewal:settled");
  world.issuer.fail({ make: made }, 1);
  await world.event("renewal:quarantined");
  return world;
}

test("a scope that was lawfully taken away is accepted, and quarantines no later renewal", async () => {
  const world = await quarantinedWorld({});
  const [, second] = world.issuer.rows;
  const status = await world.daemon.controller.tokenStatus(TOKEN);
  expect(status).toMatchObject({ state: "quarantined", ok: false });
  expect(status.advice?.you).toMatch(/renewd accept token-1.*renewd discard token-1/);
  const done = await world.daemon.controller.accept(TOKEN);
  expect(done).toMatchObject({ fingerprint: fingerprintOf(second), check: "scopes", expAt: second?.expAt });
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(second?.text);
  expect(await world.incidents()).toEqual([]);
  expect(world.told("renewal:overruled")).toMatchObject([{ check: "scopes" }]);
  await world.run(25 * HOUR_MS);
  expect(world.count("renewal:quarantined")).toBe(1);
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
  expect(world.issuer.rows).toHaveLength(3);
  expect(await forgotten(world)).toEqual([]);
});

test.each<[string, Partial<Row>]>([
  ["roles", { scopes: { runner: ["read", "write"], admin: ["all"] } }],
  ["progress", { expAt: Date.parse("2026-07-02T14:00:00Z"), scopes: { runner: ["read", "write"] } }],
  ["expiry", { expAt: Date.parse("2026-08-20T08:00:00Z") }],
])("the judgement %s can be overruled", async (check, made) => {
  const world = await quarantinedWorld(made);
  expect((await world.token()).quarantined?.check).toBe(check);
  await world.daemon.controller.accept(TOKEN);
  expect((await world.token()).desired?.fingerprint).toBe(fingerprintOf(world.issuer.rows[1]));
  await world.run(MINUTE_MS);
  expect((await world.token()).previous?.fingerprint).toBe(fingerprintOf(world.issuer.rows[0]));
});

test.each<[string, Partial<Row>]>([
  ["signature", { signed: false }],
  ["subject", { subject: "somebody-else" }],
  ["audience", { audience: "another-server" }],
])("the fact %s can not", async (check, made) => {
  const world = await quarantinedWorld(made);
  const accepted = world.daemon.controller.accept(TOKEN);
  await expect(accepted).rejects.toMatchObject({
    code: "not_acceptable",
    message: expect.stringContaining(`(${check}), and that is a fact`) as string,
  });
  expect((await world.daemon.controller.tokenStatus(TOKEN)).advice?.you).not.toContain("accept");
  await world.run(MINUTE_MS);
  expect(world.place().written).toHaveLength(1);
});

test("what is not valid yet, has expired, or is older than the token in use is not acceptable; nothing is not either", async () => {
  const world = await quarantinedWorld({ notBeforeAt: Date.parse("2026-07-03T08:00:00Z") });
  const { controller } = world.daemon;
  await expect(controller.accept(TOKEN)).rejects.toThrow(/not valid before/);
  await controller.discard(TOKEN);
  await expect(controller.accept(TOKEN)).rejects.toMatchObject({ code: "nothing_quarantined" });
  await expect(controller.discard(TOKEN)).rejects.toMatchObject({ code: "nothing_quarantined" });
  const other = await quarantinedWorld({});
  await other.daemon.controller.pause(TOKEN, null, null);
  await other.run(31 * HOUR_MS);
  await expect(other.daemon.controller.accept(TOKEN)).rejects.toThrow(/it expired at/);
  expect(await other.state.unseal(TOKEN, fingerprintOf(other.issuer.rows[1]))).toBeUndefined();
});

test("an acceptance answers a person's wish to renew", async () => {
  const world = await quarantinedWorld({ subject: "somebody-else" });
  await world.run(HOUR_MS);
  world.issuer.fail({ make: { scopes: { runner: [] } } }, 1);
  await world.daemon.controller.renew(TOKEN, null);
  await world.event("renewal:quarantined");
  await world.daemon.controller.accept(TOKEN);
  await world.run(HOUR_MS);
  expect((await world.token()).wish).toBeNull();
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
});

test("what is accepted has the times that it says of itself, not those that were asked for", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.event("renewal:settled");
  const { request } = world.issuer;
  world.issuer.request = async (order, signal) => {
    const answer = await request.call(world.issuer, order, signal);
    return answer.outcome === "minted" ? { ...answer, expiresAt: null } : answer;
  };
  const expAt = world.clock.now() + 47 * HOUR_MS;
  world.issuer.fail({ make: { scopes: { runner: [] }, expAt } }, 1);
  await world.event("renewal:quarantined");
  expect(await world.daemon.controller.accept(TOKEN)).toMatchObject({ expAt });
  expect((await world.token()).desired).toMatchObject({ expAt, scopes: { runner: [] } });
});

test("a discard drops it for good, and the renewal that is due is tried at once", async () => {
  const world = await quarantinedWorld({ scopes: { runner: ["read"] } });
  const [, second] = world.issuer.rows;
  world.issuer.fail({ make: { scopes: { runner: ["read", "write"] } } }, 1);
  expect(await world.daemon.controller.discard(TOKEN)).toEqual({ token: TOKEN, fingerprint: fingerprintOf(second) });
  await world.run(MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(3);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
  expect(await world.incidents()).toEqual([]);
  expect(await world.state.unseal(TOKEN, fingerprintOf(second))).toBeUndefined();
  world.place().put(second?.text ?? "");
  await world.run(7 * HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
  expect(world.count("renewal:adopted")).toBe(0);
});
