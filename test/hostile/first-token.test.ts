/** The very first token, minted by an issuer that is hostile from the start: the target stays empty until a true one is there. */
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import { forge } from "../support/hostile-tokens.ts";
import { HostileWorld } from "../support/hostile-world.ts";
import { json, text } from "../support/hostile-spoils.ts";
import { BODIES, FRAMES, STATUSES } from "./answer-cases.ts";
import { expectClean, expectRecovery } from "./attack.ts";

const cases = [...STATUSES, ...BODIES, ...FRAMES].filter((_, index) => index % 3 === 0);

describe("a first token", () => {
  it.each(cases)("whose answer is spoilt by $name is made once, or not at all", async ({ spoil, code, acts }) => {
    await using world = await HostileWorld.start();
    world.front.spoil("mint", spoil(world));
    await world.run(HOUR_MS - 1);
    expect(world.told("renewal:failed")[0]?.code).toBe(code);
    expect(world.made).toHaveLength(acts ? 1 : 0);
    expect(world.fake.written).toEqual(world.made);
    world.front.heal();
    await expectRecovery(world);
    expect(world.made).toHaveLength(1);
    expect(world.fake.written).toEqual(world.made);
  });

  it("that is nobody's is quarantined, and the target stays empty", async () => {
    await using world = await HostileWorld.start();
    const moment = { now: Math.floor(world.clock.now() / 1_000), oldExp: 0, trap: "" };
    const forged = forge(moment, { by: "other" });
    world.front.spoil(
      "mint",
      json(() => ({ token: forged })),
      1,
    );
    world.front.spoil(
      "list",
      text(() => "[]"),
      3,
    );
    await world.run(10 * 60_000);
    expect(world.told("renewal:quarantined")[0]?.check).toBe("signature");
    expect(world.fake.written).toEqual([]);
    await world.run(HOUR_MS);
    expect(world.fake.written).toHaveLength(1);
    expect(world.made).toContain(world.fake.written[0]);
    expectClean(world);
  });
});

describe("the limits of roles, asked for when a lifetime is refused", () => {
  it.each([...BODIES, ...FRAMES].filter((_, index) => index % 4 === 0))("may be spoilt by $name", async ({ spoil }) => {
    await using world = await HostileWorld.start({ lifetime: "60d" });
    world.front.spoil("roles", spoil(world));
    await world.run(HOUR_MS - 1);
    expect(world.front.count("roles")).toBe(1);
    expect(world.front.count("mint")).toBe(3);
    expect(world.fake.written).toEqual(world.made);
    expect(world.made).toHaveLength(1);
    expect(await world.incidents()).toEqual(["lifetime_capped"]);
    expectClean(world);
  });

  it.each([
    ["negative", { longest_token_life_minutes: -5 }, 3],
    ["zero", { longest_token_life_minutes: 0 }, 3],
    ["one", { longest_token_life_minutes: 1 }, 3],
    ["longer than asked", { longest_token_life_minutes: 9_000_000 }, 3],
    ["no number at all", { longest_token_life_minutes: "43200" }, 3],
    ["a date that is none", { latest_token_expiry: "tomorrow" }, 3],
    ["past already", { latest_token_expiry: "2020-01-01T00:00:00.000000Z" }, 3],
  ])("may be %s", async (_, change, mints) => {
    await using world = await HostileWorld.start({ lifetime: "60d" });
    world.front.spoil(
      "roles",
      json((rows: readonly object[]) => rows.map((each) => ({ ...each, ...change }))),
    );
    await world.run(HOUR_MS - 1);
    expect(world.front.count("mint")).toBe(mints);
    expect(world.fake.written).toEqual(world.made);
    expect(world.made).toHaveLength(1);
    expectClean(world);
  });
});
