import { expect, it } from "vitest";
import { FakeRandom } from "../support/fake-random.ts";
import { CREATION_STEPS, planCreations } from "./creations.ts";
import { KINDS } from "./kinds.ts";
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

it("each kind of issuer gets as many of them, at steps that come there", () => {
  for (const kills of [40, 200, 403]) {
    const rounds = planRounds(new FakeRandom(4), kills);
    const countOf = new Map(KINDS.map((kind) => [kind, 0]));
    for (const { issuer, kills: each } of rounds) countOf.set(issuer, (countOf.get(issuer) ?? 0) + each.length);
    for (const count of countOf.values()) expect(Math.abs(count - kills / KINDS.length)).toBeLessThanOrEqual(2);
    for (const { issuer, kills: each } of rounds) {
      expect(each.length).toBeLessThanOrEqual(41);
      for (const { step } of each) expect(step?.kinds ?? [issuer]).toContain(issuer);
    }
  }
});

it("those of one kind alone are all at that kind", () => {
  const rounds = planRounds(new FakeRandom(4), 90, ["arvados"]);
  expect(new Set(rounds.map(({ issuer }) => issuer))).toEqual(new Set(["arvados"]));
  expect(rounds.flatMap(({ kills }) => kills)).toHaveLength(90);
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

it("eighty calls of `create-token` die at each of its steps and at random instants, in places of thirty at most", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const batches = planCreations(new FakeRandom(seed), 80, KINDS);
    const deaths = batches.flatMap(({ issuer, creations }) => creations.map((each) => [issuer, each.deaths] as const));
    expect(deaths).toHaveLength(80);
    expect(Math.max(...batches.map(({ creations }) => creations.length))).toBeLessThanOrEqual(30);
    for (const issuer of ["arvados", "embedded"] as const) {
      const mine = deaths.filter(([kind]) => kind === issuer).map(([, names]) => names);
      for (const names of CREATION_STEPS[issuer]) expect(mine).toContainEqual(names);
      expect(mine).toContainEqual([null]);
    }
  }
  expect(planCreations(new FakeRandom(1), 80, ["oauth2", "http"])).toEqual([]);
});
