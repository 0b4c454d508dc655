import fc from "fast-check";
import { expect, test } from "vitest";
import { SettingsError } from "../../src/settings/load.ts";
import { GOOD, parse } from "./support.ts";

const lines = GOOD.split("\n");
const PIECES = [
  ":",
  " ",
  "\n",
  "  ",
  "- ",
  "{",
  "}",
  "[",
  "]",
  "&used ",
  "*used",
  "<<: ",
  '"',
  "'",
  "#",
  "null",
  "0",
  "-1",
  "1e999",
  "~",
  "!x ",
  "\t",
  "\u0000",
  "__proto__",
  "constructor",
  "é",
  "\ud800",
  "---\n",
  "5m",
  "100%",
  "* * * * *",
];

type Edit = (text: string) => string;

const at = fc.nat({ max: GOOD.length });
const line = fc.nat({ max: lines.length - 1 });
const editLines = (text: string, change: (all: string[]) => void): string => {
  const all = text.split("\n");
  change(all);
  return all.join("\n");
};
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(at, fc.constantFrom(...PIECES)).map(
    ([i, piece]): Edit =>
      (text) =>
        text.slice(0, i) + piece + text.slice(i),
  ),
  fc.tuple(at, fc.nat({ max: 12 })).map(
    ([i, count]): Edit =>
      (text) =>
        text.slice(0, i) + text.slice(i + count),
  ),
  line.map(
    (i): Edit =>
      (text) =>
        editLines(text, (all) => all.splice(i, 1)),
  ),
  fc.tuple(line, line).map(
    ([i, j]): Edit =>
      (text) =>
        editLines(text, (all) => all.splice(j, 0, all[i] ?? "")),
  ),
  fc.tuple(line, fc.nat({ max: 8 })).map(
    ([i, by]): Edit =>
      (text) =>
        editLines(text, (all) => all.splice(i, 1, " ".repeat(by) + (all[i] ?? "").trimStart())),
  ),
  fc.tuple(line, fc.constantFrom(...PIECES)).map(
    ([i, value]): Edit =>
      (text) =>
        editLines(text, (all) =>
          all.splice(
            i,
            1,
            (all[i] ?? "").replace(/: .*/, () => `: ${value}`),
          ),
        ),
  ),
  fc.tuple(at, at).map(
    ([i, j]): Edit =>
      (text) =>
        text.slice(0, i) + text.slice(j),
  ),
);

test("whatever is done to a settings file, it is loaded or refused with places, never more", () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const text = edits.reduce((edited, change) => change(edited), GOOD);
      try {
        expect(Object.isFrozen(parse(text))).toBe(true);
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        refused++;
        const count = text.split("\n").length;
        for (const problem of error.problems) {
          expect(problem.line).toBeGreaterThan(0);
          expect(problem.line).toBeLessThanOrEqual(count + 1);
          expect(problem.column).toBeGreaterThan(0);
          expect(problem.message).not.toMatch(/undefined|\[object|Invalid input/);
          expect(problem.hint).not.toBe("");
        }
      }
    }),
    { numRuns: 600 },
  );
  expect(refused).toBeGreaterThan(300);
});
