/** `create-token` with a secret that a person brings, at an issuer that lets it be chosen (Arvados). */
import { expect, test } from "vitest";
import { DAY_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { Row } from "../support/fake-issuer.ts";
import { SHORT, type World, type WorldOptions } from "../support/world.ts";
import { create, cutOff, failure, made, readyWorld } from "./creating.ts";

const CHOSEN: WorldOptions = { ...SHORT, issuer: { lists: false, secret: "chosen" } };
const FIRST = "first-secret-of-a-person";
const SECOND = "second-secret-of-a-person";

/** As Arvados does, it knows a token by its secret alone, too. */
async function arvadosWorld(): Promise<World> {
  const world = await readyWorld(CHOSEN);
  const { issuer } = world;
  const inspect = issuer.inspect.bind(issuer);
  issuer.inspect = (token) => {
    const row = issuer.rows.find(({ secret }) => secret === token.reveal());
    return inspect(row === undefined ? token : new SecretText(row.text));
  };
  return world;
}

/** Somebody made it without renewd. */
function byHand(world: World, row: Partial<Row> = {}): void {
  world.issuer.mintByHand("made", 30 * DAY_MS, { secret: FIRST, ...row });
}

test("that does not exist becomes the secret of a new token, though another would do", async () => {
  const world = await arvadosWorld();
  await create(world);
  const created = await create(world, { secret: FIRST });
  expect(created.outcome).toBe("made");
  expect(created.token.reveal()).toMatch(new RegExp(`^v2/\\d+/${FIRST}$`));
  expect(made(world)).toHaveLength(2);
});

test("of a token that is as described hands that out, in either form, and makes none", async () => {
  const world = await arvadosWorld();
  const { token } = await create(world, { secret: FIRST });
  const requests = world.issuer.count("request");
  for (const secret of [FIRST, token.reveal()])
    expect(await create(world, { secret })).toMatchObject({ outcome: "given", fingerprint: token.fingerprint });
  expect(world.issuer.count("request")).toBe(requests);
});

test("is handed out again after others were made", async () => {
  const world = await arvadosWorld();
  const first = await create(world, { secret: FIRST });
  await create(world, { secret: SECOND });
  await create(world, { reuse: false });
  const again = await create(world, { secret: FIRST });
  expect(again).toMatchObject({ outcome: "given", fingerprint: first.fingerprint });
  expect(made(world)).toHaveLength(3);
});

test("of a token that renewd never saw is taken up; its uuid is the issuer's", async () => {
  const world = await arvadosWorld();
  byHand(world);
  const created = await create(world, { secret: FIRST, comment: null });
  expect(created).toMatchObject({ outcome: "given", comment: null });
  expect(made(world)).toEqual([created.token.reveal()]);
});

test("of a token that the issuer does not list to us is asked for with that secret, and makes none", async () => {
  const world = await arvadosWorld();
  byHand(world);
  world.issuer.find = () => Promise.resolve([]);
  const { token } = await create(world, { secret: `v2/2/${FIRST}`, comment: null });
  expect(made(world)).toEqual([token.reveal()]);
  expect(world.issuer.orders.at(-1)?.secret?.reveal()).toBe(FIRST);
});

test.each([
  [{ subject: "somebody" }, "the given token exists but is the token of somebody, not of flowbot"],
  [{ roles: ["admin"] }, 'the given token exists but its scopes are ["admin"], not ["runner"]'],
  [{}, 'the given token exists but its comment is none that is known, not "for keep-balance"'],
])("of a token with %j is refused, saying what differs", async (row, message) => {
  const world = await arvadosWorld();
  byHand(world, row);
  expect(await failure(world, { secret: FIRST })).toMatchObject({ code: "token_differs", message });
  expect(made(world)).toHaveLength(1);
  expect((await world.daemon.controller.status()).created).toEqual([]);
});

test("of a token with another comment is refused, saying which", async () => {
  const world = await arvadosWorld();
  await create(world, { secret: FIRST });
  const { message } = await failure(world, { secret: FIRST, comment: "other" });
  expect(message).toBe('the given token exists but its comment is "for keep-balance", not "other"');
});

test("of a superuser's token is refused in the words of the old script", async () => {
  const world = await arvadosWorld();
  byHand(world, { subject: "somebody" });
  byHand(world, { roles: ["GET /a", "GET /b"], secret: SECOND });
  const superuser = { superuser: true, roles: ["all"] };
  const other = await failure(world, { ...superuser, secret: FIRST });
  expect(other.message).toBe("Token exists but is not a superuser token.");
  const limited = await failure(world, { ...superuser, secret: SECOND });
  expect(limited.message).toBe('Token exists but has limited scope ["GET /a", "GET /b"].');
});

test("that a cut-off call had sent is no second token", async () => {
  const world = await arvadosWorld();
  await cutOff(world, { secret: FIRST });
  const created = await create(world, { secret: FIRST });
  expect(made(world)).toEqual([created.token.reveal()]);
});

test("does not go astray in a call that was cut off with another one", async () => {
  const world = await arvadosWorld();
  await cutOff(world, { secret: FIRST });
  const created = await create(world, { secret: SECOND });
  expect(created.token.reveal()).toContain(SECOND);
  expect(made(world)).toHaveLength(2);
});

test("that can be nobody's is refused without its text", async () => {
  const world = await arvadosWorld();
  for (const secret of ["with space in it, long enough", "v2/9/of-a-token-that-is-not-there"]) {
    const { code, message } = await failure(world, { secret });
    expect(code).toBe("usage");
    expect(message).not.toContain(secret);
  }
  expect(made(world)).toEqual([]);
});

test("is refused where the issuer makes the secrets", async () => {
  const world = await readyWorld({ ...SHORT, issuer: { secret: "given" } });
  expect(await failure(world, { secret: FIRST })).toMatchObject({ code: "usage" });
  expect(world.issuer.count("request")).toBe(1);
});
