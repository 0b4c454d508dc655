import { describe, expect, test } from "vitest";
import { HOUR_MS, type Instant } from "../../src/core/duration.ts";
import type { DeclaredToken } from "../../src/core/token.ts";
import { drawToken } from "./deployment.ts";
import { FOUND } from "./found.ts";
import { drawKind, type IssuerKind, KINDS } from "./issuer-kinds.ts";
import { readOptions } from "./options.ts";
import { type Case, couldBeBy, type Troubles, UNBROKEN_MS } from "./oracle.ts";
import { partsOf } from "./parts.ts";
import { simulate } from "./simulate.ts";
import { endOfFree, intersection, union } from "./spells.ts";
import { Draw } from "./streams.ts";

/** Two of the kind that lists, and one of each other. */
const WORLDS: readonly { readonly seed: number; readonly issuers: IssuerKind }[] = (["named", ...KINDS] as const).map(
  (issuers, index) => ({ seed: 1_000 + index, issuers }),
);
const DAYS = 60;
const TOKENS = 5;

describe("the simulated world, in its short form", () => {
  test.for(FOUND)("seed $seed holds, where once $was", async ({ seed, ...size }) => {
    for (const part of partsOf(seed, size)) expect((await simulate(part)).broken).toEqual([]);
  });

  test.for(WORLDS)(
    "no invariant is broken in the world of seed $seed, whose issuers are $issuers",
    async ({ seed, issuers }) => {
      const { broken, figures } = await simulate({ seed, part: 0, tokens: TOKENS, days: DAYS, issuers });
      expect(broken, `npm run sim -- --seed ${seed} --tokens ${TOKENS} --days ${DAYS} --issuer ${issuers}`).toEqual([]);
      expect(figures.renewals).toBeGreaterThan(TOKENS);
      expect(figures[`${issuers}_renewals`]).toBe(figures.renewals);
    },
  );

  test("issuers of all kinds are drawn, the kind moving no other draw", async () => {
    const drawn = Array.from({ length: 60 }, (_, seed) => drawKind(new Draw(seed), seed % 5 > 0));
    expect(new Set(drawn)).toEqual(new Set(KINDS));
    const report = (issuers?: IssuerKind) => simulate({ seed: 1_000, part: 0, tokens: TOKENS, days: 12, issuers });
    const { figures } = await report();
    const kind = KINDS.find((each) => figures[`${each}_tokens`] > 0);
    expect((await report(kind)).figures).toEqual(figures);
  });

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
  expect(readOptions(["--issuer", "chosen"], 2)?.issuers).toBe("chosen");
  expect(() => readOptions(["--issuer", "all"], 2)).toThrow("--issuer all: give one of named, nameless, chosen");
  expect(() => readOptions(["--tokens", "many"], 2)).toThrow("--tokens many: give a whole number");
  expect(() => readOptions(["--sead", "3"], 2)).toThrow("--sead");
});
