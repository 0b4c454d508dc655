/** The settings name another issuer or account under the same key: what was learnt of the other token is believed no more. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { bugs, forgotten } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const TOKEN = "token-1";
const CHOSEN: WorldOptions = { ...SHORT, targets: ["a"], issuer: { lists: false, secret: "chosen" } };
const EXTEND: WorldOptions = { ...CHOSEN, request: { ...SHORT.request, strategy: "extend" } };

/** As when the issuer's url was edited: its tokens are the same. */
function rename(world: World, identity = "https://other.example.org"): Promise<void> {
  return world.reload((declared) => ({ ...declared, identity }));
}

for (const create of [false, true]) {
  test(`the token that the targets hold is taken up again, and renewed (create: ${create})`, async () => {
    const world = await makeWorld({ ...EXTEND, create });
    const row = world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS, { secret: "s" });
    world.place().put(row.text);
    await world.event("renewal:settled");
    await rename(world);
    await world.run(MINUTE_MS);
    expect((await world.token()).desired?.fingerprint).toBe(new SecretText(row.text).fingerprint);
    await world.run(35 * HOUR_MS);
    expect([world.issuer.rows.length, world.issuer.moved.length > 0]).toEqual([1, true]);
    expect(world.place().seen).toBe(row.text);
    expect([await world.incidents(), bugs(world)]).toEqual([[], []]);
  });
}

test("what renewd itself had made keeps its id at the issuer", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  await rename(world);
  await world.run(MINUTE_MS);
  expect(world.count("renewal:adopted")).toBe(1);
  expect((await world.token()).desired?.issuerId).toBe(world.issuer.rows[0]?.id);
  expect(world.issuer.rows).toHaveLength(1);
});

test("a target that is looked at has what it holds taken up, although the token itself was found wanting", async () => {
  const world = await makeWorld({ ...CHOSEN, create: false, target: { ...SHORT.target, observeMs: MINUTE_MS } });
  const row = world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS, { secret: "s" });
  world.place().put(row.text);
  await world.event("renewal:settled");
  world.place().put(null);
  await rename(world);
  await world.run(5 * MINUTE_MS);
  expect((await world.token()).trouble?.last.code).toBe("token_absent");
  const askedAgainAt = (await world.token()).trouble?.nextTryAt ?? 0;
  world.place().put(row.text);
  await world.event("renewal:adopted");
  expect(world.clock.now()).toBeLessThan(askedAgainAt);
  expect((await world.token()).desired?.fingerprint).toBe(new SecretText(row.text).fingerprint);
});

test("while a first request is in doubt a target that holds an old token is no failure", async () => {
  const world = await makeWorld({ ...CHOSEN, target: { ...SHORT.target, observeMs: MINUTE_MS } });
  await world.event("renewal:settled");
  await world.daemon.controller.pause(TOKEN, null, null);
  // Too little life is left for its readers, so that another is asked for.
  await world.run(29 * HOUR_MS + 30 * MINUTE_MS);
  world.issuer.fail("lose_answer");
  await rename(world);
  await world.daemon.controller.resume(TOKEN);
  await world.run(10 * MINUTE_MS);
  expect((await world.token()).mint).not.toBeNull();
  expect([world.count("target:failed"), (await world.target()).trouble]).toEqual([0, null]);
  world.issuer.heal();
  await world.event("renewal:settled");
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
});

test("what a person withdrew is not taken up again", async () => {
  const world = await makeWorld({ ...CHOSEN, issuer: { ...CHOSEN.issuer, secret: "given" } });
  await world.event("renewal:settled");
  await world.event("renewal:settled");
  const withdrawn = world.issuer.rows[1]?.text ?? "";
  await world.daemon.controller.rollback(TOKEN);
  await world.run(MINUTE_MS);
  world.place().put(withdrawn);
  await rename(world);
  await world.daemon.controller.resume(TOKEN);
  await world.run(7 * HOUR_MS);
  expect(world.count("renewal:adopted")).toBe(0);
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
  expect(world.issuer.rows).toHaveLength(3);
});

test("with a request open whose secret was chosen nothing is forgotten: the secret is kept, and told of", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await world.until(() => world.issuer.count("request") === 2);
  const secret = new SecretText(world.issuer.rows[1]?.secret ?? "");
  await rename(world);
  expect(world.told("issue:set-aside")).toMatchObject([{ token: TOKEN, fingerprint: secret.fingerprint }]);
  expect((await world.state.history(TOKEN, 1))[0]).toMatchObject({ type: "issue:set-aside" });
  await world.run(HOUR_MS);
  expect(await forgotten(world)).toEqual([]);
  expect((await world.token()).mint).toBeNull();
  expect(await world.incidents()).toEqual([]);
});

test("with a fresh token that was not proved yet that is kept and told of likewise", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.keyReachable = false;
  await world.until(() => world.count("renewal:minted") === 2);
  const fresh = new SecretText(world.issuer.rows[1]?.text ?? "");
  await world.run(MINUTE_MS);
  await rename(world);
  expect(world.told("issue:set-aside")).toMatchObject([{ fingerprint: fresh.fingerprint }]);
  expect((await world.state.known(TOKEN)).get(fresh.fingerprint)?.fate).toBe("superseded");
});

test("an extension that was open is nothing to tell of: it makes no token", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await world.until(
    async () => (await world.token()).mint?.kind === "extend" && (await world.token()).trouble !== null,
  );
  await rename(world);
  await world.run(MINUTE_MS);
  expect(world.count("issue:set-aside")).toBe(0);
  expect(await forgotten(world)).toEqual([]);
});
