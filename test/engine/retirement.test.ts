/** With `retire: true` the old token is ended at the issuer, once no reader can use it any more. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { bugs, leastLifeMs, mostWithin } from "../support/oracle.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const TOKEN = "token-1";
const RETIRE: WorldOptions = { ...SHORT, request: { ...SHORT.request, retire: true } };
const PROPAGATION_MS = MINUTE_MS;
const fingerprintOf = (text: string | undefined): string => new SecretText(text ?? "").fingerprint;

/** Two tokens were made, and all targets hold the second. Answers the first's text. */
async function renewedWorld(options: WorldOptions = RETIRE): Promise<{ readonly world: World; readonly old: string }> {
  const world = await makeWorld(options);
  await world.event("renewal:settled");
  const old = world.issuer.rows[0]?.text ?? "";
  await world.event("renewal:settled");
  return { world, old };
}

test("the old one is ended once the slowest target's readers have gone over, and not before", async () => {
  const world = await makeWorld(RETIRE);
  await world.reload((declared) => ({
    ...declared,
    targets: declared.targets.map((each) => (each.label === "b" ? { ...each, holdMs: 3 * HOUR_MS } : each)),
  }));
  await world.event("renewal:settled");
  const old = world.issuer.rows[0]?.text ?? "";
  await world.event("renewal:settled");
  const { sinceAt } = (await world.target("b")).held ?? { sinceAt: 0 };
  await world.run(sinceAt + 3 * HOUR_MS + PROPAGATION_MS - world.clock.now());
  expect(world.issuer.count("retire")).toBe(0);
  expect(world.issuer.rowOf(old)).toBeDefined();
  await world.event("token:retired", 5 * MINUTE_MS);
  expect(world.issuer.rows.map(({ text }) => text)).toEqual([world.place("a").seen]);
  const { desired, previous, retiring } = await world.token();
  expect([previous, retiring]).toEqual([null, []]);
  expect(desired?.fingerprint).toBe(fingerprintOf(world.place("b").seen ?? ""));
  expect((await world.state.known(TOKEN)).get(fingerprintOf(old))?.fate).toBe("retired");
  expect(await world.state.unseal(TOKEN, fingerprintOf(old))).toBeUndefined();
  expect((await world.state.history(TOKEN, 50)).map(({ type }) => type)).toContain("token:retired");
});

test("it is done as soon as it may be, although nothing else is due for hours", async () => {
  const { world } = await renewedWorld();
  const settledAt = world.clock.now();
  await world.event("token:retired");
  const needMs = SHORT.target.holdMs + PROPAGATION_MS + MINUTE_MS;
  expect(world.clock.now() - settledAt).toBeLessThanOrEqual(needMs + 5 * MINUTE_MS);
});

test("no reader ever gets a token that ends within its hold, however long it runs", async () => {
  const world = await makeWorld(RETIRE);
  await world.run(70 * HOUR_MS);
  expect(world.count("token:retired")).toBe(3);
  expect(world.issuer.rows).toHaveLength(1);
  expect(world.issuer.count("request")).toBe(4);
  for (const label of ["a", "b"])
    expect(leastLifeMs(world, label)).toBeGreaterThanOrEqual(SHORT.target.holdMs + PROPAGATION_MS);
  expect(await world.incidents()).toEqual([]);
  expect(bugs(world)).toEqual([]);
});

test("not while a target still lacks the new one", async () => {
  const world = await makeWorld(RETIRE);
  await world.event("renewal:settled");
  const old = world.issuer.rows[0]?.text ?? "";
  world.place("b").fail("store_unreachable");
  await world.event("renewal:accepted");
  await world.run(6 * HOUR_MS);
  expect(world.place("a").seen).toBe(world.issuer.rows[1]?.text);
  expect(world.place("b").seen).toBe(old);
  expect(world.issuer.count("retire")).toBe(0);
  world.place("b").heal();
  await world.event("renewal:settled");
  const settledAt = world.clock.now();
  await world.until(() => world.issuer.rowOf(old) === undefined, 3 * HOUR_MS);
  expect(world.clock.now() - settledAt).toBeGreaterThanOrEqual(SHORT.target.holdMs + PROPAGATION_MS);
});

test("not while it is paused, nor by a daemon whose settings do not ask for it", async () => {
  const { world, old } = await renewedWorld();
  await world.daemon.controller.pause(TOKEN, null, null);
  await world.run(4 * HOUR_MS);
  expect(world.issuer.count("retire")).toBe(0);
  await world.reload((declared) => ({ ...declared, request: { ...declared.request, retire: false } }));
  await world.daemon.controller.resume(TOKEN);
  await world.run(4 * HOUR_MS);
  expect(world.issuer.count("retire")).toBe(0);
  expect(world.issuer.rowOf(old)).toBeDefined();
});

test("what somebody else made is never ended", async () => {
  const world = await makeWorld({ ...RETIRE, create: false });
  const theirs = world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS);
  await world.event("renewal:adopted");
  await world.event("renewal:accepted");
  await world.run(9 * HOUR_MS);
  expect((await world.token()).previous?.fingerprint).toBe(fingerprintOf(theirs.text));
  expect(world.issuer.count("retire")).toBe(0);
  expect(world.issuer.rowOf(theirs.text)).toBeDefined();
});

test("a failure is told and tried again, within the hour's calls, and holds up no renewal", async () => {
  const { world } = await renewedWorld();
  world.issuer.retireFault = "request_refused";
  await world.event("token:not-retired");
  const asked = world.told("renewal:asked").at(-1)?.at ?? 0;
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual(["not_retired"]);
  const { trouble, retiring } = await world.token();
  expect(trouble).toBeNull();
  expect(retiring).toMatchObject([{ trouble: { attempts: 1, last: { code: "request_refused" } } }]);
  await world.event("renewal:accepted");
  expect(world.clock.now() - asked).toBeLessThan(20 * HOUR_MS + 5 * MINUTE_MS);
  expect(world.count("token:not-retired")).toBeGreaterThan(1);
  expect(
    mostWithin(
      world.told("token:not-retired").map(({ at }) => at),
      HOUR_MS,
    ),
  ).toBeLessThanOrEqual(6);
  // It has expired meanwhile, which no call is made for.
  expect((await world.token()).retiring).toEqual([]);
  expect(world.count("token:retired")).toBe(0);
  world.issuer.retireFault = undefined;
  await world.event("token:retired");
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual([]);
});

test("an issuer that fails at nothing but that is asked for the next token in time all the same", async () => {
  const { world } = await renewedWorld();
  world.issuer.retireFault = "issuer_error";
  await world.run(70 * HOUR_MS);
  expect(world.count("token:not-retired")).toBeGreaterThan(3);
  expect(leastLifeMs(world)).toBeGreaterThanOrEqual(SHORT.target.holdMs + 2 * HOUR_MS);
  expect(world.count("renewal:accepted")).toBeGreaterThanOrEqual(5);
});

test("a death after it was ended and before that was recorded: it is ended again, and told once", async () => {
  const { world, old } = await renewedWorld();
  world.daemon.life.beforeChange = (name) => {
    if (name === "changeToken" && world.issuer.count("retire") === 1) world.kill();
  };
  await world.until(() => world.daemons.length === 0);
  expect(world.issuer.rowOf(old)).toBeUndefined();
  expect((await world.token()).retiring.map(({ fingerprint }) => fingerprint)).toEqual([fingerprintOf(old)]);
  await world.start();
  await world.event("token:retired", 2 * HOUR_MS);
  expect(world.issuer.count("retire")).toBe(2);
  expect(world.count("token:retired")).toBe(1);
  expect(await world.token()).toMatchObject({ previous: null, retiring: [] });
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual([]);
});

test("a rollback afterwards is refused, and says why", async () => {
  const { world } = await renewedWorld();
  await world.event("token:retired");
  await expect(world.daemon.controller.rollback(TOKEN)).rejects.toMatchObject({
    code: "nothing_to_roll_back",
    message: "no token of token-1 before the one in use is kept",
  });
});

test("once it was asked for nobody goes back to it: not while that is under way, and not when it failed", async () => {
  const { world, old } = await renewedWorld();
  const { retire } = world.issuer;
  let refused: unknown;
  world.issuer.retire = async (token, signal) => {
    refused = await world.daemon.controller.rollback(TOKEN).catch((thrown: unknown) => thrown);
    await retire?.(token, signal);
    throw new TypeError("its answer was lost");
  };
  await world.event("token:not-retired");
  expect(refused).toMatchObject({ code: "nothing_to_roll_back", message: expect.stringContaining("retire") as string });
  expect(world.issuer.rowOf(old)).toBeUndefined();
  await expect(world.daemon.controller.rollback(TOKEN)).rejects.toMatchObject({ code: "nothing_to_roll_back" });
  world.issuer.retire = retire;
  await world.event("token:retired");
  expect(world.place("a").seen).toBe(world.issuer.rows[0]?.text);
});

test("before it was asked for a rollback is done as ever, and nothing is ended", async () => {
  const { world, old } = await renewedWorld();
  await world.daemon.controller.rollback(TOKEN);
  await world.run(4 * HOUR_MS);
  expect(world.place("a").seen).toBe(old);
  expect(world.issuer.count("retire")).toBe(0);
  expect(world.issuer.rows).toHaveLength(2);
});
