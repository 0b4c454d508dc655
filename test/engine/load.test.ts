import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { bugs } from "../support/oracle.ts";
import { makeWorld, SHORT } from "../support/world.ts";

const TOKENS = 250;
/** As many jobs as the sweeper lets be under way. */
const CONCURRENCY = 16;

test("tokens that are all due at once are worked on earliest deadline first, a few at a time", async () => {
  const observeMs = 48 * HOUR_MS;
  const world = await makeWorld({ ...SHORT, tokens: TOKENS, targets: ["a"], target: { ...SHORT.target, observeMs } });
  await world.run(SECOND_MS);
  expect(world.issuer.rows).toHaveLength(TOKENS);
  // The longer a token's readers hold it, the earlier its deadline: the last of the list comes first.
  await world.reload((declared) => {
    const holdMs = HOUR_MS + numberOf(declared.key) * SECOND_MS;
    return { ...declared, targets: declared.targets.map((target) => ({ ...target, holdMs })) };
  });
  await world.run(MINUTE_MS);
  let underWay = 0;
  let most = 0;
  const { find } = world.issuer;
  world.issuer.find = async (query, signal) => {
    underWay += 1;
    most = Math.max(most, underWay);
    const found = await find.call(world.issuer, query, signal);
    underWay -= 1;
    return found;
  };
  await world.until(() => world.issuer.rows.length === 2 * TOKENS, 25 * HOUR_MS);
  const order = world.issuer.rows.slice(TOKENS).map((row) => numberOf(row.name));
  const outOfPlace = order.filter((number, place) => Math.abs(TOKENS - place - number) > CONCURRENCY);
  expect(outOfPlace).toEqual([]);
  expect(most).toBeLessThanOrEqual(CONCURRENCY);
  expect(bugs(world)).toEqual([]);
});

function numberOf(name: string): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}
