/** What is to be ended is ended for good, and only when really nobody has it any more. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, NEVER_AT } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { bugs, leastLifeMs, mostWithin } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const TOKEN = "token-1";
const RETIRE: WorldOptions = { ...SHORT, request: { ...SHORT.request, retire: true } };
const CHOSEN = { lists: false, secret: "chosen" } as const;
const ENDLESS: WorldOptions = {
  ...SHORT,
  request: { retire: true, lifetimeMs: Infinity },
  policy: { ...SHORT.policy, renewEveryMs: 30 * HOUR_MS },
  issuer: CHOSEN,
};
const fingerprintOf = (text: string): string => new SecretText(text).fingerprint;
const textOf = (world: World, row: number): string => world.issuer.rows[row]?.text ?? "";
const retiringOf = async (world: World): Promise<readonly string[]> =>
  (await world.token()).retiring.map(({ fingerprint }) => fingerprint);

/** Two tokens were made, and all targets hold the second. Answers the first's text. */
async function renewedWorld(options: WorldOptions = RETIRE): Promise<{ readonly world: World; readonly old: string }> {
  const world = await makeWorld(options);
  await world.event("renewal:settled");
  const old = textOf(world, 0);
  await world.event("renewal:settled");
  return { world, old };
}

/** A person asks for a new token, which reaches its targets. */
async function renewed(world: World): Promise<void> {
  await world.run(MINUTE_MS);
  await world.daemon.controller.renew(TOKEN, null);
  await world.event("renewal:settled");
}

/** Something happens when the old token's turn has come, right before the state is changed by this operation. */
function onceDue(world: World, name: string, happens: () => Promise<void>): void {
  const dueAt = world.clock.now() + SHORT.target.holdMs + MINUTE_MS;
  let isDone = false;
  world.daemon.life.beforeChange = async (operation) => {
    if (isDone || operation !== name || world.clock.now() < dueAt) return;
    isDone = true;
    await happens();
  };
}

test.each(["claim", "changeBreaker", "extend", "changeToken"])(
  "a rollback that comes before it was recorded wins, at the last moment too (%s)",
  async (operation) => {
    const { world, old } = await renewedWorld();
    onceDue(world, operation, async () => {
      await world.daemon.controller.rollback(TOKEN);
    });
    await world.run(4 * HOUR_MS);
    const { desired, retiring } = await world.token();
    expect(desired?.fingerprint).toBe(fingerprintOf(old));
    expect(retiring).toEqual([]);
    expect(await world.state.unseal(TOKEN, fingerprintOf(old))).toBeDefined();
    expect(world.issuer.rowOf(old)).toBeDefined();
    expect(world.issuer.count("retire")).toBe(0);
    expect([world.place("a").seen, world.place("b").seen]).toEqual([old, old]);
    expect(bugs(world)).toEqual([]);
  },
);

test("what waited for its turn is ended although newer ones came, each once nobody can use it", async () => {
  const world = await makeWorld(RETIRE);
  await world.event("renewal:settled");
  for (let count = 0; count < 3; count += 1) {
    await world.run(10 * MINUTE_MS);
    await renewed(world);
  }
  const settledAt = world.clock.now();
  expect(await retiringOf(world)).toEqual([textOf(world, 0), textOf(world, 1)].map(fingerprintOf));
  expect(await world.state.unseal(TOKEN, fingerprintOf(textOf(world, 0)))).toBeDefined();
  expect(world.issuer.count("retire")).toBe(0);
  await world.event("token:retired");
  expect(world.clock.now() - settledAt).toBeGreaterThanOrEqual(SHORT.target.holdMs + MINUTE_MS);
  await world.run(10 * MINUTE_MS);
  expect(world.count("token:retired")).toBe(3);
  expect(world.issuer.rows.map(({ text }) => text)).toEqual([world.place("a").seen]);
  expect(await world.token()).toMatchObject({ previous: null, retiring: [] });
  expect(leastLifeMs(world)).toBeGreaterThanOrEqual(SHORT.target.holdMs);
  expect(await world.incidents()).toEqual([]);
});

test("a token without an end is ended although one that its end was only reckoned for was renewed again and again", async () => {
  const world = await makeWorld(ENDLESS);
  await world.event("renewal:settled");
  for (let count = 0; count < 2; count += 1) {
    await world.run(20 * MINUTE_MS);
    await renewed(world);
  }
  await world.run(3 * HOUR_MS);
  expect(world.issuer.rows.map(({ text }) => text)).toEqual([world.place("a").seen]);
  expect(world.issuer.rows[0]?.expAt).toBe(NEVER_AT);
});

test("a token without an end is ended although its reckoned end passed while a target was out of reach", async () => {
  const world = await makeWorld(ENDLESS);
  await world.event("renewal:settled");
  const first = textOf(world, 0);
  await world.run(19 * HOUR_MS);
  world.place("b").fail("store_unreachable");
  await world.event("renewal:accepted");
  await world.run(11 * HOUR_MS);
  expect(world.issuer.rowOf(first)).toBeDefined();
  world.place("b").heal();
  await world.run(8 * HOUR_MS);
  expect(world.place("b").seen).toBe(world.issuer.rows.at(-1)?.text);
  expect(world.issuer.rowOf(first)).toBeUndefined();
});

test("of a token that expired before its turn came nothing is asked", async () => {
  const world = await makeWorld(RETIRE);
  await world.event("renewal:settled");
  await world.run(10 * MINUTE_MS);
  await renewed(world);
  const first = fingerprintOf(textOf(world, 0));
  world.place("b").fail("store_unreachable");
  await world.run(MINUTE_MS);
  await world.daemon.controller.renew(TOKEN, null);
  await world.run(29 * HOUR_MS);
  expect(await retiringOf(world)).toContain(first);
  await world.run(2 * HOUR_MS);
  expect(await retiringOf(world)).not.toContain(first);
  expect((await world.state.known(TOKEN)).get(first)?.fate).toBe("retired");
  expect(await world.state.unseal(TOKEN, first)).toBeUndefined();
  expect(world.issuer.count("retire")).toBe(0);
});

test("a target that a backup put the old one back into is put right first, and its readers keep their hold", async () => {
  const { world, old } = await renewedWorld();
  await world.run(2 * MINUTE_MS);
  world.place("a").put(old);
  await world.event("token:not-retired");
  const at = world.clock.now();
  expect(world.issuer.rowOf(old)).toBeDefined();
  expect(world.told("token:not-retired")[0]).toMatchObject({ code: "still_in_use" });
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual(["not_retired"]);
  expect(world.place("a").seen).toBe(world.issuer.rows.at(-1)?.text);
  await world.event("token:retired", 3 * HOUR_MS);
  expect(world.clock.now() - at).toBeGreaterThanOrEqual(SHORT.target.holdMs);
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual([]);
  expect(leastLifeMs(world)).toBeGreaterThanOrEqual(SHORT.target.holdMs);
});

test("a target that cannot be looked at holds it up, is told of itself, and no renewal waits for that", async () => {
  const { world, old } = await renewedWorld();
  world.place("b").fail("store_denied");
  await world.event("token:not-retired");
  expect(world.told("token:not-retired")[0]).toMatchObject({ code: "store_denied" });
  const asked = world.told("renewal:asked").at(-1)?.at ?? 0;
  await world.run(3 * HOUR_MS);
  expect(await world.incidents()).toEqual(expect.arrayContaining(["not_retired", "target_failing"]));
  expect(world.issuer.rowOf(old)).toBeDefined();
  expect(world.issuer.count("retire")).toBe(0);
  await world.event("renewal:accepted");
  expect(world.clock.now() - asked).toBeLessThan(20 * HOUR_MS + 5 * MINUTE_MS);
});

/** Another key of the state knows it as its own, as after `create-token --reuse`. */
async function handedOut(world: World, text: string): Promise<void> {
  const described = { key: "created:1", issuer: "issuer", name: "n", comment: null, subject: null, roles: [] };
  const now = world.clock.now();
  await world.state.describe(described, now);
  const lease = await world.state.claim({ token: "created:1", target: null }, "test", now, MINUTE_MS);
  const { desired } = await world.token();
  if (lease === null || desired === null) throw new TypeError("nobody should hold it");
  const token = new SecretText(text);
  const issue = { ...desired, fingerprint: token.fingerprint, origin: "adopted" as const };
  await world.state.changeToken(lease, now, { accept: { issue, token } });
}

/** A target of the other token was seen to hold it, and nobody puts that right. */
async function copied(world: World, text: string): Promise<void> {
  const now = world.clock.now();
  await world.daemon.controller.pause("token-2", null, null);
  const lease = await world.state.claim({ token: "token-2", target: "a" }, "test", now, MINUTE_MS);
  if (lease === null) throw new TypeError("nobody should hold it");
  await world.state.changeTarget(lease, now, { drift: { fingerprint: fingerprintOf(text), at: now } });
}

test.each([
  ["another token of the state has as its own", handedOut, "token created:1 has"],
  ["another token's target holds", copied, "target token-2/a has"],
])("what %s is not ended under it", async (_, comesAbout, message) => {
  const world = await makeWorld({ ...RETIRE, tokens: 2, targets: ["a"] });
  await world.until(() => world.count("renewal:settled") === 2);
  const old = world.place("a").seen ?? "";
  await renewed(world);
  await comesAbout(world, old);
  await world.event("token:not-retired");
  const told = { token: TOKEN, code: "still_in_use", message: `${message} ${fingerprintOf(old)}` };
  expect(world.told("token:not-retired")).toMatchObject([told]);
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toContain("not_retired");
  await world.run(3 * HOUR_MS);
  expect(world.issuer.rowOf(old)).toBeDefined();
  expect(world.issuer.count("retire")).toBe(0);
});

test("what is left in a target that is no longer declared works on until it would have expired", async () => {
  const { world, old } = await renewedWorld(ENDLESS);
  world.place("b").fail("store_denied");
  await world.daemon.controller.renew(TOKEN, null);
  await world.event("renewal:accepted");
  const second = world.place("b").seen ?? "";
  const { expAt } = (await world.target("b")).held ?? { expAt: 0 };
  await world.run(HOUR_MS);
  await world.reload((declared) => ({
    ...declared,
    targets: declared.targets.filter(({ label }) => label !== "b"),
  }));
  await world.run(3 * HOUR_MS);
  expect(world.issuer.rowOf(old)).toBeUndefined();
  expect(world.issuer.rowOf(second)).toBeDefined();
  expect(await world.incidents()).toContain("not_retired");
  await world.run(expAt - world.clock.now() + 4 * HOUR_MS);
  expect(world.issuer.rowOf(second)).toBeUndefined();
});

test("one that cannot be ended holds up no other, and all of them together take no more calls than one", async () => {
  const world = await makeWorld(RETIRE);
  await world.event("renewal:settled");
  const first = textOf(world, 0);
  const { retire } = world.issuer;
  world.issuer.retireFault = "request_refused";
  for (let count = 0; count < 6; count += 1) await renewed(world);
  await world.run(6 * HOUR_MS);
  const toldAt = world.told("token:not-retired").map(({ at }) => at);
  expect(toldAt.length).toBeGreaterThan(6);
  expect(mostWithin(toldAt, HOUR_MS)).toBeLessThanOrEqual(12);
  world.issuer.retireFault = undefined;
  world.issuer.retire = async (token, signal) => {
    if (token.token.reveal() === first) throw new TypeError("not this one");
    return retire?.(token, signal);
  };
  await world.run(3 * HOUR_MS);
  expect(world.issuer.rows).toHaveLength(2);
  expect(await retiringOf(world)).toEqual([fingerprintOf(first)]);
  expect(await world.incidents()).toEqual(["not_retired"]);
});

test("beyond twenty the oldest is left to expire, and that is told", async () => {
  const world = await makeWorld({ ...RETIRE, targets: ["a"] });
  await world.event("renewal:settled");
  const first = fingerprintOf(textOf(world, 0));
  for (let count = 0; count < 21; count += 1) await renewed(world);
  expect(await retiringOf(world)).toHaveLength(20);
  await renewed(world);
  expect(await retiringOf(world)).toHaveLength(20);
  expect(await retiringOf(world)).not.toContain(first);
  expect(world.told("token:not-retired")).toMatchObject([{ code: "still_in_use", nextTryAt: null }]);
  expect(await world.state.unseal(TOKEN, first)).toBeUndefined();
});

test("a death at each step of it ends the old one all the same, and says so once", async () => {
  for (let change = 1; change <= 14; change += 1) {
    const { world, old } = await renewedWorld({ ...RETIRE, targets: ["a"] });
    await world.run(SHORT.target.holdMs);
    const { life } = world.daemon;
    life.death = { change: life.changes + change, when: change % 2 === 0 ? "before" : "after" };
    await world.until(() => life.dead || world.issuer.rowOf(old) === undefined, HOUR_MS);
    world.kill();
    await world.start();
    await world.run(2 * HOUR_MS);
    expect(world.issuer.rowOf(old)).toBeUndefined();
    expect(await world.token()).toMatchObject({ previous: null, retiring: [] });
    const told = (await world.state.history(TOKEN, 100)).filter(({ type }) => type === "token:retired");
    expect(told).toHaveLength(1);
    expect(bugs(world)).toEqual([]);
  }
});
