import { expect, test } from "vitest";
import { didYouMean } from "../../src/settings/suggest.ts";

const KNOWN = ["hold", "propagation", "renew_before", "store"];

test.each([
  ["hodl", "hold"],
  ["renewBefore", "renew_before"],
  ["renew-before", "renew_before"],
  ["stores", "store"],
  ["propogatoin", "propagation"],
])("%s was meant as %s", (word, meant) => {
  expect(didYouMean(word, KNOWN)).toBe(`Did you mean \`${meant}\`?`);
});

test("a word like none of the known ones gets them all", () => {
  expect(didYouMean("timeout", KNOWN)).toBe("Known here: `hold`, `propagation`, `renew_before`, `store`.");
});

test("endless words are compared in no time", () => {
  expect(didYouMean("x".repeat(1_000_000), KNOWN)).toMatch(/^Known here/);
});
