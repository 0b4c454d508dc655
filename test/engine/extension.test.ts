/** Where a renewal moves the expiry of the very same token, nothing that readers have is touched. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { targetDeadlineAt } from "../../src/core/target.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { changesOfRenewal, renewalWithDeath } from "../support/death.ts";
import { bugs, leastLifeMs, mostWithin } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const TOKEN = "token-1";
const RELOAD = { command: ["reload"], env: {}, timeoutMs: MINUTE_MS };
const EXTEND: WorldOptions = {
  ...SHORT,
  targets: ["a"],
  request: { ...SHORT.request, strategy: "extend" },
  target: { ...SHORT.target, reload: RELOAD },
  issuer: { lists: false, secret: "chosen" },
};
const fingerprintOf = (text: string | undefined): string => new SecretText(text ?? "").fingerprint;
const kindsOf = (world: World): readonly string[] => world.issuer.orders.map(({ kind }) => kind);

test("however often it is extended it is one token, written once, its hook told once, its deadline moved on", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  const [row] = world.issuer.rows;
  const [berth] = world.daemon.engine.fleet().members.get(TOKEN)?.berths ?? [];
  if (berth === undefined) throw new TypeError("it has a target");
  const deadlines: number[] = [];
  for (let time = 0; time < 4; time += 1) {
    await world.event("renewal:settled");
    deadlines.push(targetDeadlineAt(berth.declared, await world.target()) ?? 0);
  }
  expect(kindsOf(world)).toEqual(["mint", "extend", "extend", "extend", "extend"]);
  expect(world.issuer.rows.map(({ text }) => text)).toEqual([row?.text]);
  expect(world.place().written).toEqual([row?.text]);
  expect(world.hooks).toHaveLength(1);
  expect(deadlines).toEqual([...new Set(deadlines)].sort((a, b) => a - b));
  const { desired, previous } = await world.token();
  expect(desired).toMatchObject({ origin: "extended", fingerprint: fingerprintOf(row?.text), issuerId: row?.id });
  expect(desired?.expAt).toBe(world.issuer.rows[0]?.expAt);
  expect((await world.target()).held).toMatchObject({ fingerprint: desired?.fingerprint, expAt: desired?.expAt });
  expect(previous).toBeNull();
  expect(leastLifeMs(world)).toBeGreaterThanOrEqual(SHORT.target.holdMs);
  expect(await world.incidents()).toEqual([]);
});

test("each extension is told as settled once, and the next begins when it is due by its new life", async () => {
  const world = await makeWorld(EXTEND);
  await world.run(65 * HOUR_MS);
  const settled = world.told("renewal:settled");
  expect(settled.map(({ result }) => result)).toEqual(["delivered", "delivered", "delivered", "delivered"]);
  expect(new Set(settled.map(({ expAt }) => expAt)).size).toBe(4);
  const asked = world.told("renewal:asked").map(({ at }) => at);
  const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  for (const gap of gaps) expect(Math.abs(gap - 20 * HOUR_MS)).toBeLessThan(MINUTE_MS);
});

test("the order names the base, brings its text, and no secret; nothing is asked of the targets", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  world.place().fail("store_denied");
  await world.event("renewal:accepted");
  const [row] = world.issuer.rows;
  expect(world.issuer.orders[1]).toMatchObject({ kind: "extend", baseId: row?.id, secret: null });
  expect(world.issuer.orders[1]?.base?.reveal()).toBe(row?.text);
  expect(world.count("renewal:preflight-failed")).toBe(0);
});

for (const when of ["before", "after"] as const) {
  test(`a death just ${when} any recorded step makes no second token, and the extension is not lost`, async () => {
    const changes = await changesOfRenewal(EXTEND);
    expect(changes.length).toBeGreaterThan(8);
    for (const change of changes) {
      const world = await renewalWithDeath({ change, when }, EXTEND);
      const hint = `died ${when} change ${change}`;
      const [row] = world.issuer.rows;
      expect(world.issuer.rows, hint).toHaveLength(1);
      expect(world.place().written, hint).toEqual([row?.text]);
      expect(world.hooks, hint).toHaveLength(1);
      expect((await world.token()).desired, hint).toMatchObject({ origin: "extended", expAt: row?.expAt });
      expect((await world.target()).held?.expAt, hint).toBe(row?.expAt);
      const { desired, lastSuccessAt } = await world.token();
      expect(lastSuccessAt, hint).toBeGreaterThanOrEqual(desired?.acceptedAt ?? Infinity);
      expect(leastLifeMs(world), hint).toBeGreaterThanOrEqual(SHORT.target.holdMs);
      expect(bugs(world), hint).toEqual([]);
    }
  });
}

test("a death between the answer and its proof: the extension is proved after the restart", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  world.daemon.life.beforeChange = async () => {
    if ((await world.token()).mint?.fresh != null) world.kill();
  };
  await world.until(() => world.daemons.length === 0);
  expect((await world.token()).mint?.fresh?.fingerprint).toBe(fingerprintOf(world.issuer.rows[0]?.text));
  expect((await world.token()).desired?.origin).toBe("minted");
  await world.start();
  await world.run(MINUTE_MS);
  expect(world.issuer.count("request")).toBe(2);
  expect((await world.token()).desired).toMatchObject({ origin: "extended", expAt: world.issuer.rows[0]?.expAt });
});

test("a lost answer is settled by asking again for the same instant", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  world.issuer.fail("lose_answer", 1);
  await world.event("renewal:settled");
  const [, second, third] = world.issuer.orders;
  expect(third).toEqual(second);
  expect(world.issuer.moved.map(({ fromAt }) => fromAt)[1]).toBe(second?.expAt);
  expect((await world.token()).desired?.expAt).toBe(second?.expAt);
  expect(await world.incidents()).toEqual([]);
});

test("an extension that the issuer caps is used, and told as capped", async () => {
  const world = await makeWorld(EXTEND);
  const startedAt = world.clock.now();
  world.issuer.latestExpAt = startedAt + 40 * HOUR_MS;
  await world.event("renewal:settled");
  await world.event("renewal:settled");
  const { desired } = await world.token();
  expect(desired).toMatchObject({ expAt: startedAt + 40 * HOUR_MS, warnings: [{ kind: "lifetime_capped" }] });
  expect(world.told("renewal:settled").map(({ result }) => result)).toEqual(["delivered", "capped"]);
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual(["lifetime_capped"]);
});

test("one that gains nothing is a failure; nothing is quarantined, the token stays, and it is tried again slowly", async () => {
  const world = await makeWorld(EXTEND);
  world.issuer.latestExpAt = world.clock.now() + 30 * HOUR_MS;
  await world.event("renewal:settled");
  await world.event("renewal:failed");
  const before = await world.token();
  expect(before).toMatchObject({ mint: null, quarantined: null, trouble: { last: { code: "no_progress" } } });
  expect(before.desired?.expAt).toBe(world.issuer.latestExpAt);
  await world.run(5 * HOUR_MS);
  expect(world.count("renewal:quarantined")).toBe(0);
  expect(await world.incidents()).toEqual(["no_progress"]);
  expect(
    mostWithin(
      world.issuer.calls.map(({ at }) => at),
      HOUR_MS,
    ),
  ).toBeLessThanOrEqual(12);
  world.issuer.latestExpAt = Infinity;
  await world.event("renewal:settled", 3 * HOUR_MS);
  expect((await world.token()).desired?.origin).toBe("extended");
  expect(world.place().written).toHaveLength(1);
});

test("an answer with another token than the one that was to be extended brings nothing", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  world.issuer.fail({ make: { text: "another" } }, 1);
  await world.event("renewal:failed");
  expect(await world.token()).toMatchObject({ mint: null, trouble: { last: { code: "no_progress" } } });
  expect((await world.state.known(TOKEN)).has(fingerprintOf("another"))).toBe(false);
});

test("a token that has expired is not extended but made anew", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  world.kill();
  await world.clock.advance(40 * HOUR_MS);
  await world.start();
  await world.run(MINUTE_MS);
  expect(kindsOf(world)).toEqual(["mint", "mint"]);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect(world.hooks).toHaveLength(2);
});

test("without leave to make one, a token that has expired is a person's to replace", async () => {
  const world = await makeWorld({ ...EXTEND, create: false });
  world.place().put(world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS).text);
  await world.event("renewal:adopted");
  world.kill();
  await world.clock.advance(40 * HOUR_MS);
  await world.start();
  await world.run(MINUTE_MS);
  expect(kindsOf(world)).toEqual([]);
  expect((await world.token()).trouble?.last).toMatchObject({ code: "token_absent" });
});

test("an adopted token is extended like any, by its text where its id is not known", async () => {
  const world = await makeWorld({ ...EXTEND, create: false });
  const row = world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS);
  world.place().put(row.text);
  await world.event("renewal:accepted");
  expect(world.issuer.orders[0]).toMatchObject({ kind: "extend", baseId: null });
  await world.run(MINUTE_MS);
  expect((await world.token()).desired?.expAt).toBe(world.issuer.rows[0]?.expAt);
  expect(world.issuer.rows[0]?.expAt).toBeGreaterThan(row.expAt);
});

test("other roles in the settings take the token from nobody: it is extended as it is, and that is told", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  await world.reload((declared) => ({ ...declared, request: { ...declared.request, roles: ["runner", "viewer"] } }));
  await world.event("renewal:settled");
  await world.run(MINUTE_MS);
  expect(kindsOf(world)).toEqual(["mint", "extend"]);
  expect(await world.incidents()).toEqual(["roles_differ"]);
});

/** Two tokens were made; the second is about to be extended, and the first is the one before it. */
async function twoTokens(): Promise<World> {
  const world = await makeWorld({ ...EXTEND, request: SHORT.request });
  await world.event("renewal:settled");
  await world.event("renewal:settled");
  await world.reload((declared) => ({ ...declared, request: { ...declared.request, strategy: "extend" } }));
  return world;
}

test("a rollback while its extension is being proved takes it out of use all the same", async () => {
  const world = await twoTokens();
  world.daemon.life.beforeChange = async () => {
    if ((await world.token()).mint?.fresh == null) return;
    world.daemon.life.beforeChange = () => undefined;
    await world.daemon.controller.rollback(TOKEN);
  };
  await world.daemon.controller.renew(TOKEN, 40 * HOUR_MS);
  await world.event("renewal:rolled-back");
  await world.daemon.controller.resume(TOKEN);
  await world.run(MINUTE_MS);
  const record = await world.token();
  expect(bugs(world)).toEqual([]);
  expect(record.mint).toBeNull();
  expect(record.desired?.fingerprint).toBe(fingerprintOf(world.issuer.rows[0]?.text));
  expect(record.withdrawn).toEqual([fingerprintOf(world.issuer.rows[1]?.text)]);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
});

test("a rollback while its extension is in doubt leaves nothing to be asked again", async () => {
  const world = await twoTokens();
  world.issuer.fail("lose_answer", 1);
  await world.daemon.controller.renew(TOKEN, 40 * HOUR_MS);
  await world.event("renewal:in-doubt");
  await world.daemon.controller.rollback(TOKEN);
  await world.daemon.controller.resume(TOKEN);
  const before = world.issuer.count("request");
  await world.run(2 * MINUTE_MS);
  expect((await world.token()).mint).toBeNull();
  expect(world.issuer.orders.slice(before).map(({ baseId }) => baseId)).not.toContain(world.issuer.rows[1]?.id);
  expect((await world.token()).desired?.fingerprint).toBe(fingerprintOf(world.issuer.rows[0]?.text));
  expect(bugs(world)).toEqual([]);
});

test("an extension that was in doubt until the token had expired is given up for a new one", async () => {
  const world = await makeWorld(EXTEND);
  await world.event("renewal:settled");
  world.issuer.fail("lose_request", 1);
  await world.event("renewal:in-doubt");
  world.kill();
  await world.clock.advance(40 * HOUR_MS);
  await world.start();
  await world.event("renewal:settled", HOUR_MS);
  expect(kindsOf(world)).toEqual(["mint", "extend", "mint"]);
  expect(world.place().seen).toBe(world.issuer.rows[1]?.text);
  expect((await world.token()).mint).toBeNull();
  expect(bugs(world)).toEqual([]);
});
