/** At an issuer that lets the secret be chosen (Arvados), the same request again makes no second token. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { changesOfRenewal, renewalWithDeath } from "../support/death.ts";
import { bugs, forgotten, leastLifeMs, mostWithin } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const TOKEN = "token-1";
const CHOSEN: WorldOptions = { ...SHORT, targets: ["a"], issuer: { lists: false, secret: "chosen" } };

const secretsOf = (world: World): readonly (string | undefined)[] =>
  world.issuer.orders.map((each) => each.secret?.reveal());

/** The request of the second token was sent, and nobody knows what it made. */
async function inDoubt(world: World): Promise<void> {
  await world.until(() => world.issuer.count("request") === 2);
  await world.until(async () => (await world.token()).trouble !== null);
}

test("each token has a secret of its own, of 256 bits, which no other has", async () => {
  const world = await makeWorld(CHOSEN);
  await world.run(45 * HOUR_MS);
  const secrets = secretsOf(world);
  expect(secrets).toHaveLength(3);
  expect(new Set(secrets).size).toBe(3);
  for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
  expect(world.place().seen).toContain(secrets[2]);
});

test("a death between the intent and the answer: the same request again, one token, delivered", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.daemon.life.beforeChange = () => {
    if (world.issuer.count("request") === 2) world.kill();
  };
  await world.until(() => world.daemons.length === 0);
  await world.start();
  await world.run(MINUTE_MS);
  const [, second, third] = world.issuer.orders;
  expect(world.issuer.rows).toHaveLength(2);
  expect(third).toEqual(second);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect(await forgotten(world)).toEqual([]);
});

test("a death before the intent was recorded leaves nothing of it: another secret is chosen", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.daemon.life.beforeChange = (name) => {
    if (name === "changeToken" && world.count("renewal:started") === 2) world.kill();
  };
  await world.until(() => world.daemons.length === 0);
  expect(world.issuer.count("request")).toBe(1);
  expect((await world.token()).mint).toBeNull();
  await world.start();
  await world.run(MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});

for (const when of ["before", "after"] as const) {
  test(`a death just ${when} any recorded step makes no second token and loses none`, async () => {
    const changes = await changesOfRenewal(CHOSEN);
    expect(changes.length).toBeGreaterThan(10);
    for (const change of changes) {
      const world = await renewalWithDeath({ change, when }, CHOSEN);
      const hint = `died ${when} change ${change}`;
      expect(world.issuer.rows, hint).toHaveLength(2);
      expect(world.place().seen, hint).toBe(world.issuer.rows[1]?.text);
      expect(leastLifeMs(world), hint).toBeGreaterThanOrEqual(SHORT.target.holdMs);
      expect(await forgotten(world), hint).toEqual([]);
      expect(bugs(world), hint).toEqual([]);
    }
  });
}

test("a lost answer is settled by making the same request again: one token, delivered, nothing to tell of", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await world.event("renewal:settled");
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.issuer.orders[2]).toEqual(world.issuer.orders[1]);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect([world.count("renewal:in-doubt"), world.count("renewal:nothing-made")]).toEqual([1, 0]);
  expect(await world.incidents()).toEqual([]);
});

test("an issuer that revokes the old token at once leaves nothing for a person to settle", async () => {
  const world = await makeWorld({ ...CHOSEN, issuer: { ...CHOSEN.issuer, overlap: "none" } });
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await inDoubt(world);
  await expect(world.daemon.controller.discard(TOKEN)).rejects.toMatchObject({ code: "nothing_quarantined" });
  await world.event("renewal:settled");
  expect(world.issuer.count("request")).toBe(3);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
});

test("refused while the first request may still be under way it stays in doubt, and the late token is used", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail({ lateMs: 20_000 }, 1);
  await inDoubt(world);
  world.issuer.fail({ refuse: "lifetime_refused" }, 1);
  await world.event("renewal:in-doubt");
  expect(world.told("renewal:in-doubt")[1]).toMatchObject({ code: "outcome_unknown" });
  expect(world.issuer.rows).toHaveLength(1);
  expect((await world.token()).mint?.chosen).not.toBeNull();
  await world.event("renewal:settled");
  expect(world.issuer.rows).toHaveLength(2);
  expect(new Set(secretsOf(world).slice(1)).size).toBe(1);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});

test("a refusal counts once no earlier try can be under way any more; then the next has another secret", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail("lose_request", 1);
  await inDoubt(world);
  const sentAt = world.clock.now();
  const { chosen } = (await world.token()).mint ?? {};
  world.issuer.fail({ refuse: "lifetime_refused" });
  await world.until(async () => (await world.token()).mint === null);
  expect(world.clock.now() - sentAt).toBeGreaterThanOrEqual(world.issuer.callLimitMs);
  expect((await world.token()).trouble?.last.code).toBe("lifetime_refused");
  expect(await world.state.unseal(TOKEN, chosen ?? "")).toBeUndefined();
  world.issuer.heal();
  await world.event("renewal:settled");
  expect(new Set(secretsOf(world)).size).toBe(3);
  expect(world.issuer.rows).toHaveLength(2);
});

test("an issuer that is out of reach when it is asked again says nothing of what it made before", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await inDoubt(world);
  world.issuer.fail("unreachable");
  await world.run(2 * HOUR_MS);
  expect((await world.token()).mint).not.toBeNull();
  expect((await world.token()).trouble?.last.code).toBe("issuer_unreachable");
  world.issuer.heal();
  await world.event("renewal:settled");
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});

test("a request that acts late, after it was made again, finds its token there: still one, none forgotten", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail({ lateMs: 20_000 }, 1);
  await world.event("renewal:settled");
  expect(world.issuer.count("request")).toBe(3);
  await world.run(MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect(await forgotten(world)).toEqual([]);
});

test("an issuer that loses every answer is asked for the same token and no other, within the hour's calls", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer");
  await world.run(25 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(new Set(secretsOf(world)).size).toBe(2);
  const calls = world.issuer.calls.map(({ at }) => at);
  expect(calls.length).toBeGreaterThan(10);
  expect(mostWithin(calls, HOUR_MS)).toBeLessThanOrEqual(12);
  world.issuer.heal();
  await world.event("renewal:settled");
  expect(world.issuer.rows).toHaveLength(2);
  expect(leastLifeMs(world)).toBeGreaterThanOrEqual(SHORT.target.holdMs);
});

test("the secret is sealed while the request is in doubt, told nowhere, and gone when the mint is closed", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await inDoubt(world);
  const secret = secretsOf(world)[1] ?? "";
  const { mint } = await world.token();
  expect(mint?.chosen).toBe(new SecretText(secret).fingerprint);
  expect((await world.state.unseal(TOKEN, mint?.chosen ?? ""))?.reveal()).toBe(secret);
  await world.event("renewal:settled");
  expect((await world.token()).mint).toBeNull();
  expect(await world.state.unseal(TOKEN, mint?.chosen ?? "")).toBeUndefined();
  const said = JSON.stringify([await world.token(), await world.state.history(TOKEN, 500), world.events]);
  for (const each of secretsOf(world)) expect(said).not.toContain(each);
});

test("what is in doubt is settled with its own expiry and roles, although the settings were changed meanwhile", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail("lose_request", 1);
  await inDoubt(world);
  await world.reload((declared) => ({ ...declared, request: { ...declared.request, lifetimeMs: 40 * HOUR_MS } }));
  await world.event("renewal:settled");
  const [, second, third] = world.issuer.orders;
  expect(third?.expAt).toBe(second?.expAt);
  expect(third?.lifetimeMs).toBe(SHORT.request.lifetimeMs);
  await world.run(SECOND_MS);
  expect((await world.token()).desired?.expAt).toBe(second?.expAt);
});

test("a request that was in doubt until its token had expired is gone on from: another is made and delivered", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await inDoubt(world);
  world.kill();
  await world.clock.advance(40 * HOUR_MS);
  await world.start();
  await world.run(5 * MINUTE_MS);
  expect((await world.token()).mint).toBeNull();
  expect(world.count("issue:set-aside")).toBe(1);
  expect(new Set(secretsOf(world)).size).toBe(3);
  expect(world.place().seen).toBe(world.issuer.rows[2]?.text);
  expect(bugs(world)).toEqual([]);
});

test("by a clock that was set back the same request is not made without a pause", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  let asked = 0;
  world.issuer.request = () => {
    asked += 1;
    return Promise.resolve({
      outcome: "unknown",
      error: new RenewdError("request_refused", "403, and the look failed"),
    });
  };
  await world.until(() => asked === 1);
  world.clock.jumpTo(world.clock.now() - 6 * HOUR_MS);
  asked = 0;
  await world.run(HOUR_MS);
  expect(asked).toBeLessThanOrEqual(12);
});
