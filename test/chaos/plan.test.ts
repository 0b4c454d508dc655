import { expect, it } from "vitest";
import { FakeRandom } from "../support/fake-random.ts";
import { planRounds } from "./plan.ts";
import { STEPS } from "./steps.ts";

const named = (seed: number, kills: number): readonly string[] =>
  planRounds(new FakeRandom(seed), kills).flatMap((round) => round.kills.flatMap(({ step }) => step?.name ?? []));

it("two hundred deaths are so many, at every named step and at random instants", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const names = named(seed, 200);
    expect(STEPS.filter(({ name }) => !names.includes(name))).toEqual([]);
    expect(names.length).toBeLessThan(180);
    expect(planRounds(new FakeRandom(seed), 200).flatMap(({ kills }) => kills)).toHaveLength(200);
  }
});

it("the same seed plans the same deaths", () => {
  expect(planRounds(new FakeRandom(3), 60)).toEqual(planRounds(new FakeRandom(3), 60));
  expect(named(3, 60)).not.toEqual(named(4, 60));
});

it("a step that needs an earlier death comes right after it", () => {
  for (const { kills } of planRounds(new FakeRandom(5), 400)) {
    for (const [index, { step }] of kills.entries()) {
      if (step?.afterDeathAt === undefined) continue;
      expect(kills[index - 1]?.step?.name).toBe(step.afterDeathAt);
    }
  }
});
