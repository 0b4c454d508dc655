import { describe, expect, test } from "vitest";
import { HOUR_MS, type Instant } from "../../src/core/duration.ts";
import type { DeclaredToken } from "../../src/core/token.ts";
import { drawToken } from "./deployment.ts";
import { FOUND } from "./found.ts";
import { readOptions } from "./options.ts";
import { type Case, couldBeBy, type Troubles, UNBROKEN_MS } from "./oracle.ts";
import { partsOf } from "./parts.ts";
import { simulate } from "./simulate.ts";
import { endOfFree, intersection, union } from "./spells.ts";
import { Draw } from "./streams.ts";

const SEEDS = 8;
const DAYS = 60;
const TOKENS = 5;

describe("the simulated world, in its short form", () => {
  test.for(FOUND)("seed $seed holds, where once $was", async ({ seed, tokens, days }) => {
    for (const part of partsOf(seed, tokens, days)) expect((await simulate(part)).broken).toEqual([]);
  });

  test(`no invariant is broken in ${SEEDS} worlds of ${DAYS} days`, async () => {
    for (let seed = 1_000; seed < 1_000 + SEEDS; seed += 1) {
      const { broken, figures } = await simulate({ seed, part: 0, tokens: TOKENS, days: DAYS });
      expect(broken, `npm run sim -- --seed ${seed} --tokens ${TOKENS} --days ${DAYS}`).toEqual([]);
      expect(figures.renewals).toBeGreaterThan(TOKENS);
    }
  }, 120_000);

  test("a seed's world goes the same way each time", async () => {
    const options = { seed: 7, part: 0, tokens: TOKENS, days: 40 };
    const [first, again] = [await simulate(options), await simulate(options)];
    expect(again).toEqual(first);
    expect((await simulate({ ...options, seed: 8 })).digest).not.toBe(first.digest);
  });
});

describe("the oracle of the promise", () => {
  const declared: DeclaredToken = { ...drawToken(new Draw(1), 0) };
  const issue = { startAt: 0, expAt: declared.request.lifetimeMs };
  const GIVEN: Case = { declared, target: 0, issue, notBefore: 0, minIntervalMs: 60_000 };
  const FINE: Troubles = { daemon: [], paused: [], issuer: [], targets: [[]] };
  const dueAt = couldBeBy(GIVEN, FINE) - 5 * 60_000;
  const by = (change: Partial<Troubles>): Instant => couldBeBy(GIVEN, { ...FINE, ...change }) - dueAt;

  test("with nothing wrong a newer token is there soon after the old one is due", () => {
    expect(dueAt).toBeGreaterThan(declared.request.lifetimeMs / 3);
    expect(dueAt).toBeLessThan(declared.request.lifetimeMs);
  });

  test("after an outage the issuer has one unbroken stretch, and then the store another", () => {
    const outage = [dueAt - HOUR_MS, dueAt + HOUR_MS] as const;
    expect(by({ issuer: [outage] })).toBe(HOUR_MS + 2 * UNBROKEN_MS);
    expect(by({ daemon: [outage] })).toBe(HOUR_MS + 2 * UNBROKEN_MS);
    expect(by({ paused: [outage] })).toBe(HOUR_MS + 2 * UNBROKEN_MS);
    // The store was well before, but that is of no use before the issuer was.
    const late = [dueAt + UNBROKEN_MS, dueAt + 10 * UNBROKEN_MS] as const;
    const issuer = [[dueAt - HOUR_MS, dueAt] as const];
    expect(by({ issuer, targets: [[late], []] })).toBe(11 * UNBROKEN_MS);
  });

  test("while it never is well for long enough, nothing is promised", () => {
    expect(by({ issuer: [[dueAt - HOUR_MS, Infinity]] })).toBe(Infinity);
    const flickers = Array.from(
      { length: 500 },
      (_, hour) => [dueAt + 2 * hour * HOUR_MS, dueAt + (2 * hour + 1) * HOUR_MS] as const,
    );
    expect(by({ issuer: flickers })).toBeGreaterThan(999 * HOUR_MS);
  });

  test("stretches are joined, met and passed over", () => {
    expect(
      union(
        [[5, 9]],
        [
          [0, 2],
          [8, 12],
        ],
      ),
    ).toEqual([
      [0, 2],
      [5, 12],
    ]);
    expect(
      intersection([
        [
          [0, 5],
          [8, 12],
        ],
        [[4, 9]],
      ]),
    ).toEqual([
      [4, 5],
      [8, 9],
    ]);
    expect(
      endOfFree(
        [
          [2, 3],
          [6, 8],
        ],
        0,
        2,
      ),
    ).toBe(2);
    expect(
      endOfFree(
        [
          [2, 3],
          [6, 8],
        ],
        1,
        2,
      ),
    ).toBe(5);
    expect(
      endOfFree(
        [
          [2, 3],
          [6, 8],
        ],
        1,
        4,
      ),
    ).toBe(12);
  });
});

test("bad arguments are refused in words", () => {
  expect(readOptions(["--seed", "3", "--tokens", "7"], 2)).toMatchObject({ seeds: [3], tokens: 7, days: 365, jobs: 2 });
  expect(readOptions(["--seeds", "3", "--from", "5"], 2)?.seeds).toEqual([5, 6, 7]);
  expect(() => readOptions(["--tokens", "many"], 2)).toThrow("--tokens many: give a whole number");
  expect(() => readOptions(["--sead", "3"], 2)).toThrow("--sead");
});
