/** `create-token`: one token at a person's word, made once however often the call is cut off and made again. */
import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { SHORT, type WorldOptions } from "../support/world.ts";
import { begin, create, cutOff, failure, made, readyWorld } from "./creating.ts";

const CHOSEN: WorldOptions = { ...SHORT, issuer: { lists: false, secret: "chosen" } };
const LISTING: WorldOptions = { ...SHORT, issuer: { lists: true, secret: "given" } };
const NEITHER: WorldOptions = { ...SHORT, issuer: { lists: false, secret: "given" } };
const SECRET = "a-secret-of-a-person-01";

for (const [kind, options] of Object.entries({ CHOSEN, LISTING, NEITHER })) {
  test(`${kind}: the same description twice is one token, with another comment it is another`, async () => {
    const world = await readyWorld(options);
    const [first, second] = [await create(world), await create(world)];
    expect([first.outcome, second.outcome]).toEqual(["made", "reused"]);
    expect(second.token.reveal()).toBe(first.token.reveal());
    const other = await create(world, { comment: "for crunch" });
    expect(other.outcome).toBe("made");
    expect(made(world)).toEqual([first.token.reveal(), other.token.reveal()]);
    expect((await create(world)).token.reveal()).toBe(first.token.reveal());
  });

  test(`${kind}: without --reuse each call makes one`, async () => {
    const world = await readyWorld(options);
    await create(world, { reuse: false });
    await create(world, { reuse: false });
    expect(made(world)).toHaveLength(2);
  });

  test(`${kind}: two calls at once for one description make one token`, async () => {
    const world = await readyWorld(options);
    world.issuer.fail({ slowMs: 2_000 }, 1);
    const first = begin(world);
    const second = await create(world);
    expect((await first).token.reveal()).toBe(second.token.reveal());
    expect(made(world)).toEqual([second.token.reveal()]);
  });
}

for (const [kind, options] of Object.entries({ CHOSEN, LISTING })) {
  test(`${kind}: a call that died on its request makes one token with the next`, async () => {
    const world = await readyWorld(options);
    await cutOff(world);
    expect(made(world)).toHaveLength(1);
    const created = await create(world);
    expect(created).toMatchObject({ outcome: "made", warnings: [] });
    expect(made(world)).toEqual([created.token.reveal()]);
  });

  test(`${kind}: wherever the process dies in a call, the next makes one token of it`, async () => {
    const calm = await readyWorld(options);
    const before = calm.daemon.life.changes;
    await create(calm);
    const changes = calm.daemon.life.changes - before;
    expect(changes).toBeGreaterThan(5);
    for (let change = 1; change <= changes; change += 1) {
      for (const when of ["before", "after"] as const) {
        const world = await readyWorld(options);
        world.daemon.life.death = { change: world.daemon.life.changes + change, when };
        void begin(world);
        await world.run(MINUTE_MS);
        expect(world.daemon.life.dead).toBe(true);
        await world.restart();
        const { token } = await create(world);
        expect({ change, when, made: made(world) }).toEqual({ change, when, made: [token.reveal()] });
      }
    }
  });

  test(`${kind}: a call whose answer was lost gets the token that was made`, async () => {
    const world = await readyWorld(options);
    world.issuer.fail("lose_answer", 1);
    const created = await create(world);
    expect(made(world)).toEqual([created.token.reveal()]);
  });
}

test("where nothing tells what a lost request made there is one spare at most, and the person is told", async () => {
  const world = await readyWorld(NEITHER);
  await cutOff(world);
  const created = await create(world);
  expect(created.warnings).toEqual([expect.stringContaining("one more at the issuer")]);
  expect(made(world)).toHaveLength(2);
  expect(made(world).at(-1)).toBe(created.token.reveal());
  expect(await create(world)).toMatchObject({ outcome: "reused", warnings: [] });
});

test("an expired one, and one that the issuer revoked, are not reused", async () => {
  const world = await readyWorld(CHOSEN);
  const first = await create(world);
  await world.run(31 * DAY_MS);
  const second = await create(world);
  expect(second).toMatchObject({ outcome: "made" });
  expect(second.fingerprint).not.toBe(first.fingerprint);
  const { rows } = world.issuer;
  rows.splice(
    rows.findIndex((row) => row.text === second.token.reveal()),
    1,
  );
  const third = await create(world);
  expect(third).toMatchObject({ outcome: "made" });
  expect(third.token.reveal()).not.toBe(second.token.reveal());
});

test("one at the issuer that renewd has never seen is reused when it is the same in all that was said", async () => {
  const world = await readyWorld(LISTING);
  const ours = world.issuer.mintByHand("made", 30 * DAY_MS, { comment: "for keep-balance" });
  world.issuer.mintByHand("made", 30 * DAY_MS, { comment: "other" });
  world.issuer.mintByHand("made", 30 * DAY_MS, { comment: "for keep-balance", roles: ["admin"] });
  const created = await create(world);
  expect(created).toMatchObject({ outcome: "reused", comment: "for keep-balance" });
  expect(created.token.reveal()).toBe(ours.text);
});

test("while the issuer is down the one that was verified is handed out, with a warning", async () => {
  const world = await readyWorld(CHOSEN);
  const first = await create(world);
  world.issuer.fail("unreachable");
  world.issuer.keyReachable = false;
  const again = await create(world);
  expect(again).toMatchObject({ outcome: "reused", fingerprint: first.fingerprint });
  expect(again.warnings).toEqual([expect.stringContaining("could be asked whether it still lives")]);
});

test("a declared token is handed out although a store and the issuer are down", async () => {
  const world = await readyWorld(CHOSEN);
  world.place("a").fail("store_unreachable");
  world.issuer.fail("unreachable");
  const created = await create(world, { of: { kind: "declared", token: "token-1" } });
  expect(created).toMatchObject({ key: "token-1", outcome: "reused", comment: "comment of token-1" });
  expect(created.token.reveal()).toBe(world.issuer.rows[0]?.text);
});

test("a declared token made anew is delivered to its targets", async () => {
  const world = await readyWorld(CHOSEN);
  const expAt = world.clock.now() + 3 * HOUR_MS;
  const created = await create(world, { of: { kind: "declared", token: "token-1" }, reuse: false, expAt });
  expect(created).toMatchObject({ outcome: "made", expAt });
  await world.until(() => world.count("renewal:settled") === 2, HOUR_MS);
  expect(world.place("a").seen).toBe(created.token.reveal());
});

test("a paused token is refused at once, and is not made when it goes on", async () => {
  const world = await readyWorld(LISTING);
  await world.daemon.controller.pause("token-1", null, null);
  const declared = { kind: "declared", token: "token-1" } as const;
  expect(await failure(world, { of: declared, reuse: false })).toMatchObject({ code: "token_paused" });
  expect(await create(world, { of: declared })).toMatchObject({ outcome: "reused" });
  await world.daemon.controller.resume("token-1");
  await world.run(HOUR_MS);
  expect(world.issuer.count("request")).toBe(1);
});

test("a refusal is told as it is, and leaves nothing to go on with", async () => {
  const world = await readyWorld(LISTING);
  world.issuer.fail({ refuse: "roles_not_held" });
  expect(await failure(world)).toMatchObject({ code: "roles_not_held" });
  expect((await world.daemon.controller.status()).created).toEqual([]);
  world.issuer.heal();
  await world.run(HOUR_MS);
  expect(made(world)).toEqual([]);
  expect(await create(world)).toMatchObject({ outcome: "made" });
});

test("an issuer that is failing is asked all the same, once", async () => {
  const world = await readyWorld(LISTING);
  world.issuer.fail("server_error");
  for (let call = 0; call < 8; call += 1) expect(await failure(world)).toMatchObject({ code: "issuer_error" });
  expect(world.count("service:failing")).toBeGreaterThan(0);
  world.issuer.heal();
  expect(await create(world)).toMatchObject({ outcome: "made" });
  expect(made(world)).toHaveLength(1);
});

test("status shows what was made: live, unfinished, expired, and gone a month later", async () => {
  const world = await readyWorld(CHOSEN);
  const created = async () => (await world.daemon.controller.status()).created;
  await cutOff(world);
  expect(await created()).toMatchObject([{ state: "unfinished", fingerprint: null, expiresAt: null }]);
  const { fingerprint, key, expAt } = await create(world);
  const about = { key, issuer: "issuer", name: "made", comment: "for keep-balance", user: null, roles: ["runner"] };
  expect(await created()).toEqual([{ ...about, fingerprint, expiresAt: expAt, state: "live" }]);
  await world.run(31 * DAY_MS);
  expect(await created()).toMatchObject([{ fingerprint, state: "expired" }]);
  await world.run(30 * DAY_MS);
  expect(await created()).toEqual([]);
});

test("nothing renews or alarms about what no setting declares", async () => {
  const world = await readyWorld(CHOSEN);
  const { key } = await create(world);
  await world.run(40 * DAY_MS);
  expect(made(world)).toHaveLength(1);
  expect((await world.state.incidents()).filter(({ token }) => token === key)).toEqual([]);
});

test("that a token was handed out is in its history, and its text in no event", async () => {
  const world = await readyWorld(CHOSEN);
  const { key, token, fingerprint } = await create(world, { secret: SECRET });
  const [newest] = await world.state.history(key, 1);
  expect(newest).toMatchObject({ type: "token:handed-out", data: { fingerprint } });
  expect(JSON.stringify(world.events)).not.toContain(SECRET);
  expect(JSON.stringify(await world.state.history(key, 100))).not.toContain(token.reveal());
});

test("--reuse makes one all the same where others' tokens are not shown to us, and says what could not be looked for", async () => {
  const world = await readyWorld(CHOSEN);
  world.issuer.find = () => Promise.reject(new RenewdError("token_not_owned", "only its own user sees it"));
  const created = await create(world);
  expect(created).toMatchObject({ outcome: "made", warnings: [expect.stringContaining("only its own user sees it")] });
  expect(await create(world)).toMatchObject({ outcome: "reused", warnings: [] });
  expect(made(world)).toHaveLength(1);
});
