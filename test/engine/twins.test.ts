/** Two declared tokens of one account and one set of powers, at an issuer that keeps no names: whose is whose renewd alone knows. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";
import { create, failure, made } from "./creating.ts";

const CHOSEN = { lists: false, secret: "chosen" } as const;
const RETIRED: WorldOptions = {
  ...SHORT,
  tokens: 2,
  targets: ["a"],
  request: { ...SHORT.request, retire: true },
  issuer: CHOSEN,
};

async function twins(options: WorldOptions = {}): Promise<World> {
  const world = await makeWorld({ ...RETIRED, ...options });
  await world.until(() => world.count("renewal:settled") === (options.tokens ?? 2));
  world.issuer.find = () =>
    Promise.resolve(
      world.issuer.rows
        .filter(({ expAt }) => expAt > world.clock.now())
        .map(({ id: issuerId, text, roles, startAt, expAt }) => {
          const token = new SecretText(text);
          return { token, fingerprint: token.fingerprint, issuerId, roles, startAt, expAt, comment: null };
        }),
    );
  await world.reload((declared) => ({ ...declared, comment: null }));
  return world;
}

const fingerprintOf = (text: string | null | undefined): string => new SecretText(text ?? "").fingerprint;

test("a newer one of the twin's that somebody copied into a target is drift, and written over", async () => {
  const world = await twins();
  await world.run(HOUR_MS);
  await world.daemon.controller.renew("token-2", null);
  await world.run(10 * MINUTE_MS);
  const own = world.place("a", "token-1").seen;
  const twin = world.place("a", "token-2").seen;
  world.place("a", "token-1").put(twin);
  await world.run(7 * HOUR_MS);
  expect((await world.token("token-1")).desired?.fingerprint).toBe(fingerprintOf(own));
  expect([world.count("renewal:adopted"), world.count("target:drifted")]).toEqual([0, 1]);
  expect(world.place("a", "token-1").seen).toBe(own);
});

test("a first token is not the twin's that a target holds", async () => {
  const world = await twins();
  const twin = world.place("a", "token-2").seen;
  world.place("a", "token-1").put(twin);
  await world.reload((declared) => (declared.key === "token-1" ? { ...declared, identity: "another" } : declared));
  await world.run(MINUTE_MS);
  const { desired } = await world.token("token-1");
  expect(desired?.fingerprint).not.toBe(fingerprintOf(twin));
  expect(world.issuer.rows.at(-1)?.name).toBe("name-of-token-1");
});

test("once a key is declared no more its token may be taken up under another", async () => {
  const world = await twins();
  const old = world.place("a", "token-2").seen;
  const enrolled = { key: "token-1", issuer: "issuer", targets: [{ label: "a", store: "store-a" }] };
  world.place("a", "token-1").put(old);
  const { engine } = world.daemon;
  const fleet = engine.fleet();
  const alone = { ...fleet, members: new Map([...fleet.members].filter(([key]) => key === "token-1")) };
  world.kill();
  const daemon = await world.start();
  Object.assign(daemon.engine, { fleet: () => alone });
  await world.state.enrol([{ ...enrolled, identity: "another" }], world.clock.now());
  await world.run(MINUTE_MS);
  expect((await world.token("token-1")).desired?.fingerprint).toBe(fingerprintOf(old));
});

test("what the twin knows as not its own may be taken up", async () => {
  const world = await twins();
  await world.run(HOUR_MS);
  const newer = world.issuer.mintByHand("x", 30 * HOUR_MS, { secret: "of-somebody" });
  const fingerprint = fingerprintOf(newer.text);
  const { startAt, expAt } = newer;
  const lease = await world.state.claim({ token: "token-2", target: null }, "test", world.clock.now(), MINUTE_MS);
  if (lease === null) throw new TypeError("nobody should hold it");
  const foreign = { issue: { fingerprint, issuerId: null, startAt, expAt, u: 0 }, fate: "foreign" } as const;
  await world.state.changeToken(lease, world.clock.now(), { fates: [foreign] });
  await world.state.release(lease, { wakeAt: world.clock.now(), deadlineAt: null }, world.clock.now());
  world.place("a", "token-1").put(newer.text);
  await world.event("renewal:adopted");
  expect((await world.token("token-1")).desired?.fingerprint).toBe(fingerprint);
});

test("`--reuse` for a declared token does not hand out its twin's: one of its own is made", async () => {
  const world = await twins();
  const { rows } = world.issuer;
  rows.splice(
    rows.findIndex(({ name }) => name === "name-of-token-1"),
    1,
  );
  const created = await create(world, { of: { kind: "declared", token: "token-1" }, reuse: true });
  expect(created.outcome).toBe("made");
  expect(created.fingerprint).not.toBe((await world.token("token-2")).desired?.fingerprint);
});

test("`--token` for a declared token refuses its twin's, saying whose it is", async () => {
  const world = await twins();
  const secret = world.place("a", "token-2").seen ?? "";
  const asked = { of: { kind: "declared", token: "token-1" }, reuse: false, secret } as const;
  // The twin's has no comment, and none is asked for.
  const { code, message } = await failure(world, asked);
  expect([code, message]).toEqual(["token_differs", "the given token exists but is that of token-2 in the settings"]);
});

test("`--reuse` of a described token passes over a declared one that is ended by its next renewal", async () => {
  const world = await twins({ tokens: 1 });
  const created = await create(world, { reuse: true, comment: null });
  expect(created.outcome).toBe("made");
  expect(made(world)).toEqual([created.token.reveal()]);
});

test("`--reuse` of a described token takes a declared one that lives on", async () => {
  const world = await twins({ tokens: 1, request: SHORT.request });
  const created = await create(world, { reuse: true, comment: null });
  expect(created).toMatchObject({ outcome: "reused", fingerprint: fingerprintOf(world.place().seen) });
  expect(made(world)).toEqual([]);
});
