/** `create-token` does not take up what was decided against, or what the token in use has superseded. */
import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { IssueFate } from "../../src/core/state-store.ts";
import { existing } from "../../src/engine/alike.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";
import { create, failure, readyWorld } from "./creating.ts";

const OF = { kind: "declared", token: "token-1" } as const;
const CHOSEN: WorldOptions = { ...SHORT, targets: ["a"], issuer: { lists: false, secret: "chosen" } };
const OLDER = "older-secret-of-a-person";

const fingerprintOf = (text: string | undefined): string => new SecretText(text ?? "").fingerprint;

/** As Arvados does, it knows a token by its secret alone, and lists those that are alike. */
async function arvadosWorld(): Promise<World> {
  const world = await readyWorld(CHOSEN);
  const { issuer } = world;
  const inspect = issuer.inspect.bind(issuer);
  issuer.inspect = (token) => {
    const row = issuer.rows.find(({ secret }) => secret === token.reveal());
    return inspect(row === undefined ? token : new SecretText(row.text));
  };
  issuer.find = () =>
    Promise.resolve(
      issuer.rows
        .filter(({ expAt }) => expAt > world.clock.now())
        .map(({ id: issuerId, text, roles, startAt, expAt, comment }) => {
          const token = new SecretText(text);
          return { token, fingerprint: token.fingerprint, issuerId, roles, startAt, expAt, comment };
        }),
    );
  await world.reload((declared) => ({ ...declared, comment: null }));
  return world;
}

/** Made and put away long ago, it lives on. */
function older(world: World): void {
  const [startAt, expAt] = [world.clock.now() - DAY_MS, world.clock.now() + 60 * HOUR_MS];
  world.issuer.mintByHand("x", 1, { secret: OLDER, startAt, expAt });
}

async function giveFate(world: World, fate: IssueFate, index: number): Promise<string> {
  const row = world.issuer.rows[index];
  const fingerprint = fingerprintOf(row?.text);
  const issue = { fingerprint, issuerId: null, startAt: row?.startAt ?? 0, expAt: row?.expAt ?? 0, u: 0 };
  const lease = await world.state.claim({ token: "token-1", target: null }, "test", world.clock.now(), MINUTE_MS);
  if (lease === null) throw new TypeError("nobody should hold it");
  expect(await world.state.changeToken(lease, world.clock.now(), { fates: [{ issue, fate }] })).toBe(true);
  await world.state.release(lease, { wakeAt: world.clock.now(), deadlineAt: null }, world.clock.now());
  return fingerprint;
}

test("a token that was rolled back is not handed out, nor used again, when the one before it has expired", async () => {
  const world = await makeWorld(SHORT);
  await world.event("renewal:settled");
  await world.event("renewal:settled");
  const withdrawn = fingerprintOf(world.issuer.rows[1]?.text);
  await world.daemon.controller.rollback("token-1");
  await world.run(12 * HOUR_MS);
  expect((await failure(world, { of: OF })).code).toBe("token_paused");
  const { desired, withdrawn: kept } = await world.token();
  expect(desired?.fingerprint).not.toBe(withdrawn);
  expect(kept).toEqual([withdrawn]);
});

test.each<IssueFate>(["withdrawn", "quarantined", "retired"])(
  "one that is %s is passed over, and refused when it is given by its secret",
  async (fate) => {
    const world = await arvadosWorld();
    world.issuer.mintByHand("x", 40 * HOUR_MS, { secret: OLDER });
    await giveFate(world, fate, 1);
    const given = await failure(world, { of: OF, secret: OLDER });
    expect([given.code, given.message]).toEqual(["token_differs", `the given token exists but is ${fate}`]);
    // The one in use is gone at the issuer, so that another is looked for.
    world.issuer.rows.splice(0, 1);
    const created = await create(world, { of: OF });
    expect(created.outcome).toBe("made");
    expect(created.token.reveal()).not.toContain(OLDER);
  },
);

test("a token that was not as the settings said is taken up when it is so by now", async () => {
  const world = await arvadosWorld();
  world.issuer.mintByHand("x", 40 * HOUR_MS, { secret: OLDER });
  const fingerprint = await giveFate(world, "foreign", 1);
  expect(await create(world, { of: OF, secret: OLDER })).toMatchObject({ outcome: "given", fingerprint });
});

test("an older one is refused while a newer one is in use, whether the issuer lists it or not", async () => {
  const world = await arvadosWorld();
  older(world);
  const inUse = (await world.token()).desired?.fingerprint ?? "";
  for (const lists of [true, false]) {
    if (!lists) world.issuer.find = () => Promise.resolve([]);
    const { code, message } = await failure(world, { of: OF, reuse: false, secret: OLDER });
    expect([code, message]).toEqual(["token_differs", `the given token exists but a newer one is in use, ${inUse}`]);
  }
  expect(world.issuer.count("request")).toBe(1);
  expect((await world.token()).desired?.fingerprint).toBe(inUse);
});

test("an older one is no substitute for one that is gone at the issuer: its targets would keep the dead one", async () => {
  const world = await arvadosWorld();
  older(world);
  world.issuer.rows.splice(0, 1);
  const created = await create(world, { of: OF });
  expect(created.outcome).toBe("made");
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(created.token.reveal());
});

test("once the one in use has expired an older one that lives may be given", async () => {
  const world = await arvadosWorld();
  older(world);
  await world.daemon.controller.pause("token-1", null, null);
  await world.run(31 * HOUR_MS);
  expect(await create(world, { of: OF, secret: OLDER })).toMatchObject({ outcome: "given" });
});

test("with a request open nothing is taken up beside it, or its answer would be forgotten", async () => {
  const world = await arvadosWorld();
  world.issuer.fail("lose_answer");
  await world.until(async () => (await world.token()).mint !== null && (await world.token()).trouble !== null);
  const { mint } = await world.token();
  world.issuer.rows.splice(0);
  world.issuer.mintByHand("x", 40 * HOUR_MS);
  const { engine } = world.daemon;
  const member = engine.fleet().members.get("token-1");
  if (member === undefined) throw new TypeError("it is declared");
  const creating = { ...member, creation: { secret: null, expAt: null, described: false } };
  const looked = await existing(engine, creating, new AbortController().signal);
  expect(looked.found).toBe(false);
  expect((await world.token()).mint?.id).toBe(mint?.id);
});
