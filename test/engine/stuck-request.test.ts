/** A request that may be made again is not made again for ever: it has an end, and a way out. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { bugs, forgotten } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const TOKEN = "token-1";
const CHOSEN: WorldOptions = { ...SHORT, targets: ["a"], issuer: { lists: false, secret: "chosen" } };
const EXTEND: WorldOptions = { ...CHOSEN, request: { ...SHORT.request, strategy: "extend" } };

/** The issuer fails on this very order and would take another. */
async function stuckWorld(): Promise<World> {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  const { issuer } = world;
  const request = issuer.request.bind(issuer);
  issuer.request = async (order, signal) => {
    if (!order.request.roles.includes("bad")) return request(order, signal);
    issuer.calls.push({ call: "request", at: world.clock.now(), name: order.name });
    return { outcome: "unknown", error: new RenewdError("issuer_error", "500") };
  };
  await ask(world, ["bad", "runner"]);
  await world.until(async () => (await world.token()).trouble !== null);
  return world;
}

function ask(world: World, roles: readonly string[]): Promise<void> {
  return world.reload((declared) => ({ ...declared, request: { ...declared.request, roles } }));
}

test("a person gives it up once no try of it can be answered any more; its secret is kept, another is made", async () => {
  const world = await stuckWorld();
  const { mint } = await world.token();
  await expect(world.daemon.controller.discard(TOKEN)).rejects.toMatchObject({ code: "nothing_quarantined" });
  await world.run(MINUTE_MS);
  await ask(world, ["runner"]);
  await world.until(async () => world.clock.now() >= ((await world.token()).mint?.settleAt ?? 0));
  expect(await world.daemon.controller.discard(TOKEN)).toEqual({ token: TOKEN, fingerprint: null });
  expect(world.told("issue:set-aside")).toMatchObject([{ token: TOKEN, fingerprint: mint?.chosen }]);
  expect(await world.state.unseal(TOKEN, mint?.chosen ?? "")).toBeUndefined();
  await world.daemon.controller.renew(TOKEN, null);
  await world.run(MINUTE_MS);
  const made = world.issuer.rows.at(-1);
  expect([world.issuer.rows.length, made?.roles]).toEqual([2, ["runner"]]);
  expect(world.place().seen).toBe(made?.text);
  expect(bugs(world)).toEqual([]);
});

test("what was made and given up is not forgotten", async () => {
  const world = await makeWorld(CHOSEN);
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer");
  await world.until(() => world.issuer.count("request") > 4);
  await world.until(async () => world.clock.now() >= ((await world.token()).mint?.settleAt ?? 0));
  await world.daemon.controller.discard(TOKEN);
  world.issuer.heal();
  await world.event("renewal:settled");
  expect(world.issuer.rows).toHaveLength(3);
  expect(await forgotten(world)).toEqual([]);
});

test("one whose token would have expired is given up by itself, and its secret kept; another is made", async () => {
  const world = await stuckWorld();
  const { mint } = await world.token();
  const kept: string[] = [];
  const { stray } = world.state;
  world.state.stray = (token, issue, text, now) => {
    kept.push(text.fingerprint);
    return stray.call(world.state, token, issue, text, now);
  };
  await ask(world, ["runner"]);
  await world.until(async () => (await world.token()).mint === null);
  expect(kept).toEqual([mint?.chosen]);
  expect(world.clock.now()).toBeGreaterThanOrEqual(mint?.expAt ?? Infinity);
  expect(world.told("issue:set-aside")).toMatchObject([{ fingerprint: mint?.chosen }]);
  await world.run(2 * HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
  expect((await world.token()).desired?.scopes).toEqual({ runner: ["read"] });
});

test("a death between keeping the secret and closing the request closes it at the next look", async () => {
  const world = await stuckWorld();
  const { mint } = await world.token();
  await ask(world, ["runner"]);
  world.daemon.life.beforeChange = (name) => {
    if (name === "changeToken" && world.clock.now() >= (mint?.expAt ?? Infinity)) world.kill();
  };
  await world.until(() => world.daemons.length === 0);
  expect((await world.token()).mint?.id).toBe(mint?.id);
  await world.start();
  await world.until(async () => (await world.token()).mint === null);
  await world.run(2 * HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
});

/** An extension was asked for, and its answer lost. */
async function extending(): Promise<World> {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  world.issuer.fail("lose_request", 1);
  await world.until(
    async () => (await world.token()).mint?.kind === "extend" && (await world.token()).trouble !== null,
  );
  return world;
}

test("an extension that would set the expiry back is not asked for again", async () => {
  const world = await extending();
  const { mint } = await world.token();
  const { rows } = world.issuer;
  const longer = { ...rows[0]!, expAt: (mint?.expAt ?? 0) + HOUR_MS };
  rows[0] = longer;
  // As when what somebody else extended was taken up meanwhile.
  const lease = await world.state.claim({ token: TOKEN, target: null }, "somebody", world.clock.now(), MINUTE_MS);
  const { desired } = await world.token();
  const issue = { ...desired!, expAt: longer.expAt };
  await world.state.changeToken(lease!, world.clock.now(), { accept: { issue, token: new SecretText(longer.text) } });
  await world.state.release(lease!, { wakeAt: world.clock.now(), deadlineAt: null }, world.clock.now());
  await world.run(HOUR_MS);
  expect((await world.token()).mint).toBeNull();
  expect([world.issuer.rows[0]?.expAt, world.issuer.moved.length]).toEqual([longer.expAt, 0]);
});

test("an extension of what expired meanwhile is not asked for again: another is made", async () => {
  const world = await extending();
  world.kill();
  await world.clock.advance(15 * HOUR_MS);
  await world.start();
  await world.run(HOUR_MS);
  expect(world.issuer.orders.map(({ kind }) => kind)).toEqual(["mint", "extend", "mint"]);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
});
