import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

const TOKEN = "token-1";

/** An issuer that cannot say what it made, and revokes the old token for it. */
async function severeWorld(): Promise<World> {
  const world = await makeWorld({
    ...SHORT,
    targets: ["a"],
    issuer: { lists: false, overlap: "none", secret: "given", keeps: true },
  });
  await world.event("renewal:settled");
  return world;
}

test("a lost answer of an issuer without a list that revokes the old token is a person's to settle", async () => {
  const world = await severeWorld();
  world.issuer.fail("lose_request", 1);
  await world.event("renewal:in-doubt");
  await world.sweep();
  expect(await world.state.incidents()).toMatchObject([{ reason: "outcome_unknown", severity: "critical" }]);
  const status = await world.daemon.controller.tokenStatus(TOKEN);
  expect(status).toMatchObject({ state: "waiting_for_person", ok: false, next: { action: "wait" } });
  expect(status.advice?.you).toContain("`renewd discard token-1` says that nothing usable was made");
  await world.run(5 * DAY_MS);
  expect(world.issuer.count("request")).toBe(2);
});

test("it is settled by `discard`: renewd asks anew at once, and says so", async () => {
  const world = await severeWorld();
  world.issuer.fail("lose_request", 1);
  await world.event("renewal:in-doubt");
  await world.run(HOUR_MS);
  const { controller } = world.daemon;
  expect(await controller.renewal(TOKEN, (await controller.renew(TOKEN, null)).since)).toMatchObject({
    state: "failed",
    hint: expect.stringContaining("renewd discard") as string,
  });
  expect(await controller.discard(TOKEN)).toEqual({ token: TOKEN, fingerprint: null });
  await world.run(MINUTE_MS);
  expect(world.issuer.count("request")).toBe(3);
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
  expect(await world.incidents()).toEqual([]);
  expect(world.told("renewal:discarded")).toMatchObject([{ fingerprint: null }]);
});

test("while the request is under way nobody is called, and a person cannot give it up", async () => {
  const world = await severeWorld();
  world.issuer.fail({ slowMs: 20_000 }, 1);
  await world.until(() => world.issuer.count("request") === 2);
  expect((await world.daemon.controller.tokenStatus(TOKEN)).state).toBe("renewing");
  await expect(world.daemon.controller.discard(TOKEN)).rejects.toMatchObject({ code: "nothing_quarantined" });
  await world.run(MINUTE_MS);
  expect(world.place().seen).toBe(world.issuer.rows.at(-1)?.text);
});

test("after a death on the request it is a person's once no answer can come any more", async () => {
  const world = await severeWorld();
  world.issuer.fail("hang", 1);
  await world.until(() => world.issuer.count("request") === 2);
  const { settleAt } = (await world.token()).mint ?? { settleAt: 0 };
  await world.restart();
  await world.run(settleAt - world.clock.now() - 1);
  expect(await world.incidents()).toEqual([]);
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual(["outcome_unknown"]);
  await world.run(DAY_MS);
  expect(world.issuer.count("request")).toBe(2);
});

test("a token that a person found and put into a target settles it too", async () => {
  const world = await severeWorld();
  world.issuer.fail("lose_answer", 1);
  await world.event("renewal:in-doubt");
  await world.run(HOUR_MS);
  const made = world.issuer.rows.at(-1);
  world.place().put(made?.text ?? "");
  await world.run(7 * HOUR_MS);
  expect((await world.token()).mint).toBeNull();
  expect(await world.incidents()).toEqual([]);
  expect(world.told("renewal:adopted")).toMatchObject([{ from: "target" }]);
});

test("an issuer without a list that keeps the old token is asked again by itself", async () => {
  const world = await makeWorld({ ...SHORT, targets: ["a"], issuer: { lists: false } });
  await world.event("renewal:settled");
  world.issuer.fail("lose_request", 1);
  await world.event("renewal:nothing-made");
  await world.run(HOUR_MS);
  expect(world.issuer.count("request")).toBe(3);
});

test("`discard` waits for a worker that has the token: the answer may be on its way", async () => {
  const world = await severeWorld();
  world.issuer.fail({ slowMs: 20_000 }, 1);
  await world.event("renewal:asked");
  world.clock.jumpTo(world.clock.now() + 31_000);
  await expect(world.daemon.controller.discard(TOKEN)).rejects.toMatchObject({ code: "nothing_quarantined" });
  await world.run(HOUR_MS);
  const { desired } = await world.token();
  expect(desired?.issuerId).toBe(world.issuer.rows.at(-1)?.id);
});

test("there is nothing to roll back to where the issuer revoked the token before", async () => {
  const world = await severeWorld();
  await world.event("renewal:settled");
  await expect(world.daemon.controller.rollback(TOKEN)).rejects.toMatchObject({ code: "nothing_to_roll_back" });
});
