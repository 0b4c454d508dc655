import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judge, resultsOf, runCatchers } from "./catching.ts";
import { INVARIANTS, mutate } from "./mutant.ts";
import { MUTANTS } from "./mutants.ts";
import { CHECKOUT, Scratch } from "./scratch.ts";

/** Those whose catchers take next to no time; `npm run mutants` tries all. */
const QUICKEST = ["backs-off-without-a-cap", "prints-a-secret"];

test("each mutant's text stands exactly once in its file, and becomes another", () => {
  const stale = MUTANTS.flatMap((mutant) => {
    const source = readFileSync(join(CHECKOUT, mutant.file), "utf8");
    try {
      return mutate(source, mutant) === source ? [`${mutant.name} changes nothing`] : [];
    } catch (thrown) {
      return [String(thrown)];
    }
  });
  expect(stale).toEqual([]);
});

test("each has a name of its own and a test file that catches it", () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  expect(MUTANTS.filter(({ caughtBy }) => !existsSync(join(CHECKOUT, caughtBy.file)))).toEqual([]);
});

test("each invariant is broken by some mutant", () => {
  const broken = new Set(MUTANTS.flatMap(({ breaks }) => breaks.map(String)));
  expect(Object.keys(INVARIANTS).filter((each) => !broken.has(each))).toEqual([]);
});

test("the quickest are caught by the tests that are named for them, which pass without them", async () => {
  const mutants = MUTANTS.filter(({ name }) => QUICKEST.includes(name));
  expect(mutants).toHaveLength(QUICKEST.length);
  const { signal } = new AbortController();
  const scratch = await Scratch.make();
  try {
    const catchers = mutants.map(({ caughtBy }) => caughtBy);
    const results = await runCatchers(scratch, catchers, signal);
    for (const catcher of catchers) expect(resultsOf(catcher, results)).not.toEqual([]);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    for (const mutant of mutants) {
      const found = await scratch.with(mutant, () => runCatchers(scratch, [mutant.caughtBy], signal));
      expect(judge(found)).toMatchObject({ caught: true });
    }
  } finally {
    await scratch.remove();
  }
  expect(existsSync(scratch.root)).toBe(false);
});

test.each([
  ["AssertionError: expected 1 to be 2", true],
  ["Error: hot loop", true],
  ["Error: Property failed after 3 tests", true],
  ["SyntaxError: Unexpected token", false],
  ["TypeError: desired is not a function", false],
  ["Error: Test timed out in 30000ms.", false],
])("a test that fails with %j has caught its mutant: %s", (why, caught) => {
  expect(judge([{ file: "test/a.test.ts", name: "a", passed: false, why }])).toMatchObject({ caught });
});

test("a mutant with which all tests pass, or none is run, has survived", () => {
  expect(judge([{ file: "test/a.test.ts", name: "a", passed: true, why: "" }])).toMatchObject({ caught: false });
  expect(judge([])).toMatchObject({ caught: false });
});
