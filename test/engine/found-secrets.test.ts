/** A target may hold any secret of anybody: what is no token of the issuer by its look is not shown to it. */
import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { SecretText } from "../../src/core/secret-text.ts";
import { makeWorld, SHORT, type World, type WorldOptions } from "../support/world.ts";

const PASSWORD = "correct horse battery staple";

/** Every text that the issuer is asked about. */
async function watchedWorld(options: WorldOptions): Promise<{ readonly world: World; readonly shown: string[] }> {
  const world = await makeWorld({ ...SHORT, ...options });
  const shown: string[] = [];
  const { issuer } = world;
  const inspect = issuer.inspect.bind(issuer);
  issuer.inspect = (token) => {
    shown.push(token.reveal());
    return inspect(token);
  };
  Object.assign(issuer, { resembles: (text: SecretText) => !text.reveal().includes(" ") });
  return { world, shown };
}

test("before the first token is made, when a place is looked at, and when it is found changed", async () => {
  const { world, shown } = await watchedWorld({ targets: ["a", "b"], issuer: { lists: false } });
  world.place("a").put(PASSWORD);
  await world.run(2 * HOUR_MS);
  expect((await world.target("a")).ownership).toBe("none");
  world.place("b").put(PASSWORD);
  await world.run(7 * HOUR_MS);
  expect(world.place("b").seen).toBe(world.issuer.rows[0]?.text);
  expect(shown.length).toBeGreaterThan(0);
  expect(shown).not.toContain(PASSWORD);
});

test("nor while the issuer's list cannot be read: our own target is put right, for it holds nothing that may be newer", async () => {
  const { world, shown } = await watchedWorld({ targets: ["a"] });
  await world.event("renewal:settled");
  world.issuer.fail("server_error");
  world.place().put(PASSWORD);
  await world.run(7 * HOUR_MS);
  expect(world.place().seen).toBe(world.issuer.rows[0]?.text);
  expect(shown).not.toContain(PASSWORD);
});

test("what may be a token of the issuer is shown to it, and taken up", async () => {
  const { world, shown } = await watchedWorld({ targets: ["a"], issuer: { lists: false } });
  const row = world.issuer.mintByHand("name-of-token-1", 30 * HOUR_MS);
  world.place().put(row.text);
  await world.run(MINUTE_MS);
  expect(shown).toContain(row.text);
  expect(world.issuer.count("request")).toBe(0);
});
