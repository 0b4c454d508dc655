/**
 * The connection breaks once, somewhere in the conversation of a renewal: at every boundary of every answer, and at seeded
 * bytes of all that is answered. HOSTILE_OFFSETS sets how many of those there are.
 */
import { afterAll, describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import { FakeRandom } from "../support/fake-random.ts";
import { boundariesOf } from "../support/hostile-cuts.ts";
import { type Framing, layOut, type Spoil } from "../support/hostile-front.ts";
import { cut, drop } from "../support/hostile-spoils.ts";
import { HostileWorld } from "../support/hostile-world.ts";
import { expectClean, type SpoiltCall } from "./attack.ts";

const CALLS: readonly SpoiltCall[] = ["sign_in", "servers", "list", "renew"];
const OFFSETS = Number(process.env["HOSTILE_OFFSETS"] ?? 200);

/** The true answers of a renewal, as they are when nothing is spoilt. Their lengths are the same in every world. */
async function conversation(framing: Framing): Promise<ReadonlyMap<SpoiltCall, Buffer>> {
  const said = new Map<SpoiltCall, Buffer>();
  await using world = await HostileWorld.start();
  await world.untilDue();
  for (const call of CALLS) {
    world.front.spoil(call, async ({ truth, socket }) => {
      const bytes = layOut(await truth(), framing);
      said.set(call, bytes);
      socket.end(bytes);
    });
  }
  await world.run(HOUR_MS);
  expect(world.made).toHaveLength(2);
  return said;
}

const spoken = {
  length: await conversation("length"),
  chunked: await conversation("chunked"),
  close: await conversation("close"),
} as const;

/** A world serves so many cases, one renewal after another; one that failed serves no more. */
const CASES_PER_WORLD = 12;
const shared: { world: HostileWorld; cases: number }[] = [];

afterAll(async () => {
  for (const { world } of shared) await world[Symbol.asyncDispose]();
});

async function atDue(): Promise<HostileWorld> {
  const kept = shared.pop();
  if (kept !== undefined && kept.cases < CASES_PER_WORLD) {
    await kept.world.untilDueAgain();
    shared.push({ ...kept, cases: kept.cases + 1 });
    return kept.world;
  }
  await kept?.world[Symbol.asyncDispose]();
  const world = await HostileWorld.start();
  await world.untilDue();
  shared.push({ world, cases: 1 });
  return world;
}

/** Whatever was lost: within the hour the one fresh token is in place, no other was made, and nothing else was ever there. */
async function survives(call: string, spoil: Spoil): Promise<void> {
  const world = await atDue();
  const kept = shared.splice(0);
  world.front.seen.length = 0;
  world.front.spoil(call, spoil, 1);
  await world.run(HOUR_MS);
  expect(world.front.isSpoilt(call)).toBe(false);
  expect(world.told("renewal:failed").length).toBeLessThanOrEqual(1);
  expect(world.made).toHaveLength(2);
  expect(world.fake.written).toEqual(world.made);
  expect(world.fake.seen).toBe(world.made[1]);
  expect(world.front.count("renew")).toBe(call === "renew" && spoil === drop ? 2 : 1);
  expect(world.front.seen.length).toBeLessThanOrEqual(8);
  expect(await world.incidents()).toEqual([]);
  expectClean(world);
  shared.push(...kept);
}

describe.each(CALLS)("an answer to %s that breaks off", (call) => {
  const places = (["length", "chunked", "close"] as const).flatMap((framing) =>
    boundariesOf(spoken[framing].get(call) ?? Buffer.alloc(0), framing)
      // The head is the same whatever frames the body, so it is cut once.
      .filter(({ at }, index) => index > 0 && (framing === "length" || at > headOf(framing, call)))
      .map((boundary, index) => ({
        ...boundary,
        framing,
        how: index % 2 === 0 ? ("reset" as const) : ("end" as const),
      })),
  );

  it.each(places)(
    "after $after ($framing, by $how) costs no token and lets no wrong one through",
    ({ at, how, framing }) => survives(call, cut(at, how, framing)),
  );

  it("before its first byte, done or not done, costs no token either", async () => {
    await survives(call, cut(0, "reset"));
    await survives(call, drop);
  });
});

function headOf(framing: Framing, call: SpoiltCall): number {
  return (spoken[framing].get(call)?.indexOf("\r\n\r\n") ?? 0) + 3;
}

describe("a connection that breaks at any byte", () => {
  const random = new FakeRandom(20_260_701);
  const lengths = CALLS.map((call) => (spoken.length.get(call)?.length ?? 0) - 1);
  const total = lengths.reduce((sum, each) => sum + each, 0);
  const offsets = Array.from({ length: OFFSETS }, () => {
    let left = random.below(total);
    const which = lengths.findIndex((length) => (left < length ? true : ((left -= length), false)));
    return { call: CALLS[which] ?? "renew", at: left, how: random.pick(["reset", "end"] as const) };
  });

  it.each(offsets)("$at of the answer to $call (by $how) costs no token", ({ call, at, how }) =>
    survives(call, cut(at, how)),
  );
});
