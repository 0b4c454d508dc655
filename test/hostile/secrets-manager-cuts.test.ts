/** The connection to Secrets Manager breaks once in a delivery: at boundaries of every answer, and at seeded bytes. */
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import { fakeCredentials } from "../contracts/secrets-manager.ts";
import { FakeRandom } from "../support/fake-random.ts";
import { HostileAws } from "../support/hostile-aws.ts";
import { boundariesOf } from "../support/hostile-cuts.ts";
import { layOut, type Spoil } from "../support/hostile-front.ts";
import { cut } from "../support/hostile-spoils.ts";
import { ACTIONS, type Action, delivery, expectDelivered } from "./deliveries.ts";

fakeCredentials();

const OFFSETS = Math.ceil(Number(process.env["HOSTILE_OFFSETS"] ?? 200) / 10);
const OFFSETS_PER_CASE = 10;

const spoken = await conversation();

describe("a connection that breaks once", () => {
  it.each(ACTIONS)(
    "at a boundary of the answer to %s leaves the old token or the new one, and no third",
    async (action) => {
      const places = boundariesOf(spoken.get(action) ?? Buffer.alloc(0), "length");
      expect(places.length).toBeGreaterThan(5);
      const every = places.filter((_, index) => index % 3 === 0);
      await atOnce(every, ({ at }) => survives(action, cut(at, at % 2 === 0 ? "reset" : "end")));
    },
  );

  const seeds = Array.from({ length: Math.ceil(OFFSETS / OFFSETS_PER_CASE) }, (_, index) => index + 1);

  it.each(seeds)("at bytes of seed %d leaves the old token or the new one, and no third", async (seed) => {
    const random = new FakeRandom(seed);
    const offsets = Array.from({ length: OFFSETS_PER_CASE }, () => {
      const action = random.pick(ACTIONS);
      const at = random.below((spoken.get(action)?.length ?? 1) - 1);
      return { action, at, how: random.pick(["reset", "end"] as const) };
    });
    await atOnce(offsets, ({ action, at, how }) => survives(action, cut(at, how)));
  });
});

/** The answers of one write, in order; each action's first. */
async function conversation(): Promise<ReadonlyMap<Action, Buffer>> {
  const said = new Map<Action, Buffer>();
  await using bench = await HostileAws.start();
  for (const action of ACTIONS) {
    bench.front.spoil(action, async ({ truth, socket }) => {
      const bytes = layOut(await truth());
      said.set(action, said.get(action) ?? bytes);
      socket.end(bytes);
    });
  }
  await bench.world.run(HOUR_MS);
  return said;
}

async function survives(action: Action, spoil: Spoil): Promise<void> {
  await using bench = await HostileAws.start();
  await delivery(bench, action, spoil, 1);
  expect(bench.world.told("target:failed").length).toBeLessThanOrEqual(1);
  expect(bench.world.told("target:failed").map(({ code }) => code)).not.toContain("bug");
  await expectDelivered(bench);
  expect(bench.front.count("PutSecretValue")).toBeLessThanOrEqual(2);
}

/** Some at a time: the SDK pauses in real time before it reads again. */
async function atOnce<T>(cases: readonly T[], judge: (given: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < cases.length; from += 6) await Promise.all(cases.slice(from, from + 6).map(judge));
}
