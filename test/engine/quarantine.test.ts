import { expect, test } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Row } from "../support/fake-issuer.ts";
import { forgotten, mostWithin } from "../support/oracle.ts";
import { makeWorld, SHORT } from "../support/world.ts";

const WRONG: Readonly<Record<string, Partial<Row>>> = {
  signature: { signed: false },
  subject: { subject: "somebody-else" },
  audience: { audience: "another-server" },
  roles: { roles: [], scopes: {} },
  "roles (one too many)": { scopes: { runner: ["read"], admin: ["all"] } },
  scopes: { scopes: { runner: [] } },
  expiry: { expAt: Date.parse("2026-06-01T00:00:00Z") },
  progress: { expAt: Date.parse("2026-07-02T14:00:00Z") },
};

for (const [check, made] of Object.entries(WRONG)) {
  test(`a fresh token with the wrong ${check} reaches no target; the old one stays, and a good renewal resolves it`, async () => {
    const world = await makeWorld({ ...SHORT, targets: ["a"] });
    await world.run(HOUR_MS);
    world.issuer.fail({ make: made });
    await world.run(22 * HOUR_MS);
    const [first] = world.issuer.rows;
    expect(world.issuer.rows.length).toBeGreaterThan(1);
    expect(world.place().written).toEqual([first?.text]);
    expect((await world.token()).desired?.issuerId).toBe(first?.id);
    expect((await world.incidents()).length).toBeGreaterThan(0);
    const asked = world.issuer.calls.filter(({ call }) => call === "request").map(({ at }) => at);
    expect(mostWithin(asked, HOUR_MS)).toBeLessThanOrEqual(6);
    expect(await forgotten(world)).toEqual([]);
    world.issuer.heal();
    await world.run(2 * HOUR_MS);
    expect(world.place().written).toEqual([first?.text, world.issuer.rows.at(-1)?.text]);
    expect((await world.token()).quarantined).toBeNull();
    expect(await world.incidents()).toEqual([]);
  });
}

test("an adopted good token resolves the quarantine of a bad one", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail({ make: { subject: "somebody-else" } });
  await world.event("renewal:quarantined");
  expect(await world.incidents()).toEqual(["quarantined"]);
  const made = world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS);
  await world.run(2 * HOUR_MS);
  expect(world.place().seen).toBe(made.text);
  expect(await world.incidents()).toEqual([]);
});

test("scopes gained and a capped life pass with a warning", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail({ make: { scopes: { runner: ["read", "write"] } } });
  world.issuer.latestExpAt = world.clock.now() + 40 * HOUR_MS;
  await world.run(22 * HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect([...(await world.incidents())].sort()).toEqual(["lifetime_capped", "scopes_gained"]);
});

test("a token that is not valid yet waits until it is", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  const renewAt = (await world.token()).desired?.startAt ?? 0;
  const notBeforeAt = renewAt + 20 * HOUR_MS + 5 * MINUTE_MS;
  world.issuer.fail({ make: { notBeforeAt } }, 1);
  await world.event("renewal:minted");
  await world.run(4 * MINUTE_MS);
  expect(world.place().written).toHaveLength(1);
  await world.run(2 * MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect(world.issuer.rows).toHaveLength(2);
});

test("while the key to verify with is out of reach nothing is written, and no second token is minted", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.keyReachable = false;
  await world.run(22 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().written).toHaveLength(1);
  world.issuer.keyReachable = true;
  await world.run(HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});

test("a fresh token that grew too old to be of use is recorded as outlived, and a new one is asked for at once", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail({ make: { notBeforeAt: world.clock.now() + 20 * HOUR_MS } }, 1);
  await world.event("renewal:minted");
  world.kill();
  await world.clock.advance(3 * DAY_MS);
  await world.start();
  await world.run(MINUTE_MS);
  expect(world.count("renewal:outlived")).toBe(1);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
});

test("the earliest of what the token and its issuer say is its expiry", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  const saidAt = world.clock.now() + 10 * HOUR_MS;
  const { request } = world.issuer;
  world.issuer.request = async (order, signal) => {
    const answer = await request.call(world.issuer, order, signal);
    return answer.outcome === "minted" ? { ...answer, expiresAt: saidAt } : answer;
  };
  await world.run(MINUTE_MS);
  expect((await world.token()).desired?.expAt).toBe(saidAt);
});

test("an issuer that answers with the token in use brings nothing, and takes nothing from that token", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.event("renewal:settled");
  const inUse = world.issuer.rows[0]?.text ?? "";
  const before = (await world.state.token("token-1"))?.desired;
  world.issuer.request = () =>
    Promise.resolve({ outcome: "minted", token: new SecretText(inUse), issuerId: "1", expiresAt: null, scopes: null });
  await world.event("renewal:failed");
  const record = await world.state.token("token-1");
  expect(record?.trouble?.last.code).toBe("no_progress");
  expect(record?.desired).toEqual(before);
  expect((await world.state.unseal("token-1", before?.fingerprint ?? ""))?.reveal()).toBe(inUse);
});

test("a quarantined token that somebody puts into a target is put right like any that is not ours", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail({ make: { scopes: { runner: [] } } });
  await world.event("renewal:quarantined");
  const [good, bad] = world.issuer.rows;
  world.place().put(bad?.text ?? "");
  await world.run(SHORT.target.observeMs + MINUTE_MS);
  expect(world.place().seen).toBe(good?.text);
  expect((await world.target()).held?.issuerId).toBe(good?.id);
});
