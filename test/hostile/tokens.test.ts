/** A hostile issuer's tokens, told by the answer alone, by answer and list alike, or by the list alone. */
import { describe, expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { FakeFlowAuth } from "../support/flowauth/server.ts";
import { json } from "../support/hostile-spoils.ts";
import { forge, type Moment } from "../support/hostile-tokens.ts";
import { HostileWorld, NAME } from "../support/hostile-world.ts";
import { expectClean, expectRecovery } from "./attack.ts";
import { isTried } from "./long-form.ts";
import { HEADERS, PARTIES, POWERS, SHAPES, TIMES, type TokenCase } from "./token-cases.ts";

function momentOf(world: HostileWorld): Moment {
  const oldExp = Math.floor((world.issuerSide.rows[0]?.expAt ?? 0) / 1_000);
  return { now: Math.floor(world.clock.now() / 1_000), oldExp, trap: world.trap.url };
}

/** The true row has this text from now on. */
function spoilRow({ rows }: FakeFlowAuth, token: string): void {
  const last = rows.at(-1);
  if (last !== undefined) rows[rows.length - 1] = { ...last, token };
}

async function attacked(given: TokenCase, alsoListed: boolean): Promise<HostileWorld> {
  const world = await HostileWorld.start();
  await world.untilDue();
  world.front.seen.length = 0;
  const spoil = json((answer: { id: number; token: string }) => {
    const token = given.make(momentOf(world));
    if (alsoListed) spoilRow(world.issuerSide, token);
    return { ...answer, token };
  });
  world.front.spoil("renew", spoil);
  await world.run(HOUR_MS - 1);
  return world;
}

/** Which check caught it, and what was said of it. */
function expectCaught(world: HostileWorld, { fate }: TokenCase, alsoListed: boolean): void {
  const [failed] = world.told("renewal:failed");
  if (fate === "invalid") {
    expect(failed?.code).toBe("issuer_answer_invalid");
    expect(world.told("renewal:in-doubt")).not.toEqual([]);
    if (!alsoListed) expect(world.told("renewal:quarantined")).toEqual([]);
    return;
  }
  expect(failed?.code).toBe(fate === "progress" ? "no_progress" : "token_rejected");
  const checks = new Set(world.told("renewal:quarantined").map(({ check }) => check));
  expect([...checks]).toEqual([fate]);
}

describe.each([
  ["header", HEADERS],
  ["form", SHAPES],
  ["times", TIMES],
  ["parties", PARTIES],
  ["powers", POWERS],
])("a token with a strange %s", (_, cases) => {
  const bad = cases.filter(({ fate }) => fate !== "pass");

  it.each(bad.filter((_each, index) => isTried(index, 0, 2)))(
    "$name, in the answer alone: $fate; the true token is found in the list",
    async (given) => {
      await using world = await attacked(given, false);
      expectCaught(world, given, false);
      expect(world.front.count("renew")).toBe(1);
      expect(world.made).toHaveLength(2);
      expect(world.fake.written).toEqual(world.made);
      expect(await world.incidents()).toEqual([]);
      expectClean(world);
    },
  );

  it.each(bad)("$name, in answer and list: $fate; the old token stays until a true one is made", async (given) => {
    await using world = await attacked(given, true);
    const [old] = world.made;
    expectCaught(world, given, true);
    expect(world.front.count("renew")).toBeLessThanOrEqual(3);
    expect(world.fake.written).toEqual([old]);
    expect(await world.incidents()).not.toEqual([]);
    world.front.heal();
    await expectRecovery(world);
    expect(world.fake.written).toEqual([old, world.made.at(-1)]);
    expect(world.issuerSide.rows.at(-1)?.token).toBe(world.fake.seen);
  });

  const listed = bad.filter((given, index) => given.listed !== "not asked" && isTried(index, 1, 2));

  it.each(listed)("$name, in the list alone: $listed", async (given) => {
    await using world = await HostileWorld.start();
    await world.untilDue();
    const row = await world.issuerSide.addRow({ name: NAME, issuedAt: world.clock.now(), expAt: world.clock.now() });
    const token = given.make(momentOf(world));
    spoilRow(world.issuerSide, token);
    await world.run(HOUR_MS - 1);
    expect(world.told("issue:foreign").length).toBe(given.listed === "foreign" ? 1 : 0);
    expect(world.told("renewal:failed")).toEqual([]);
    expect(world.fake.written).toEqual(world.made.filter((each) => each !== token));
    expect(world.fake.written).toHaveLength(2);
    expect(row.id).toBeGreaterThan(0);
    expectClean(world);
  });

  it.each(cases.filter(({ fate }) => fate === "pass"))("$name is no fault: it is used as it is", async (given) => {
    await using world = await attacked(given, true);
    expect(world.told("renewal:failed")).toEqual([]);
    expect(world.fake.written).toEqual(world.made);
    expect(world.made).toHaveLength(2);
    expectClean(world);
  });
});

it("a token that begins in ten minutes is waited for, and no second one is made", async () => {
  const inTenMinutes = ({ now }: Moment): string =>
    forge({ now, oldExp: 0, trap: "" }, { payload: { nbf: now + 600 } });
  await using world = await attacked({ name: "", make: inTenMinutes, fate: "pass", listed: "not asked" }, true);
  const [failed] = world.told("renewal:failed");
  expect(failed?.code).toBe("not_yet_valid");
  expect((failed?.nextTryAt ?? 0) - (failed?.at ?? 0)).toBe(10 * MINUTE_MS);
  expect(world.told("renewal:settled").at(-1)?.at).toBe(failed?.nextTryAt);
  expect(world.front.count("renew")).toBe(1);
  expect(world.made).toHaveLength(2);
  expect(world.fake.written).toEqual(world.made);
});
