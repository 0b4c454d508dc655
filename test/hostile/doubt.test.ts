/** Answers are lost and the issuer does not help to find out what was made. */
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import { changed, cut, json, page } from "../support/hostile-spoils.ts";
import { HostileWorld, KEY } from "../support/hostile-world.ts";
import { expectClean, expectRecovery } from "./attack.ts";

describe("a renewal whose answer is lost", () => {
  it("is not asked for again while the list cannot be read; its token is found when it can", async () => {
    await using world = await HostileWorld.start();
    await world.untilDue();
    world.front.spoil("renew", async (exchange) => {
      world.front.spoil("list", page("500 Oops"));
      await cut(0, "reset")(exchange);
    });
    await world.run(HOUR_MS - 1);
    expect(world.front.count("renew")).toBe(1);
    expect(world.told("renewal:failed").map(({ code }) => code)).toEqual([
      "issuer_unreachable",
      ...Array.from({ length: 8 }, () => "issuer_error"),
    ]);
    expect(await world.incidents()).toContain("outcome_unknown");
    expect(world.fake.written).toEqual([world.made[0]]);
    world.front.heal();
    await expectRecovery(world);
    expect(world.made).toHaveLength(2);
    expect(world.fake.written).toEqual(world.made);
  });

  it("by an issuer that hides what it made costs a bounded number of tokens, and none of them is forgotten", async () => {
    await using world = await HostileWorld.start();
    await world.untilDue();
    world.front.spoil("renew", cut(0, "reset"));
    world.front.spoil(
      "list",
      json((rows: readonly object[]) => rows.slice(0, 1)),
    );
    await world.run(HOUR_MS - 1);
    expect(world.front.count("renew")).toBeLessThanOrEqual(6);
    expect(world.made).toHaveLength(1 + world.front.count("renew"));
    expect(world.fake.written).toEqual([world.made[0]]);
    const before = world.made.length;
    world.front.heal();
    await expectRecovery(world);
    expect(world.made).toHaveLength(before);
    expect(world.fake.written).toEqual([world.made[0], world.made.at(-1)]);
    await world.run(HOUR_MS);
    const known = await world.state.known(KEY);
    expect(known.size).toBeGreaterThanOrEqual(2);
    expectClean(world);
  });

  it("by an issuer that lists it first and then no more is still the one that is used", async () => {
    await using world = await HostileWorld.start();
    await world.untilDue();
    world.front.spoil("renew", cut(0, "reset"), 1);
    expect(await world.until(() => world.told("renewal:minted").length > 1, HOUR_MS)).toBe(true);
    world.front.spoil(
      "list",
      json(() => []),
    );
    await world.run(HOUR_MS);
    expect(world.front.count("renew")).toBe(1);
    expect(world.fake.written).toEqual(world.made);
    expect(world.made).toHaveLength(2);
  });
});

it("a renewal that was made and answered with 429 costs no spare token", async () => {
  await using world = await HostileWorld.start();
  await world.untilDue();
  world.front.spoil(
    "renew",
    changed((answer) => ({ ...answer, status: "HTTP/1.1 429 Slow" })),
  );
  await world.run(HOUR_MS);
  expect(world.made).toHaveLength(2);
});
