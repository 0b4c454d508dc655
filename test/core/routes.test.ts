import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { channelsFor, isLike } from "../../src/core/routes.ts";
import type { Route } from "../../src/core/settings.ts";

const LABELS = { token: "airflow-flowapi", issuer: "flowauth", team: "data" };

describe("a route", () => {
  const to = (severity: "info" | "warning" | "critical", ...routes: readonly Partial<Route>[]): readonly string[] => [
    ...channelsFor(
      routes.map((route) => ({ to: ["team"], severity: "info", match: {}, ...route })),
      severity,
      LABELS,
    ),
  ];

  it("tells what is of its severity or graver", () => {
    expect(to("info", { severity: "warning" })).toEqual([]);
    expect(to("warning", { severity: "warning" })).toEqual(["team"]);
    expect(to("critical", { severity: "warning" })).toEqual(["team"]);
  });

  it("fits only when all its labels do", () => {
    expect(to("info", { match: { team: "data", issuer: "flowauth" } })).toEqual(["team"]);
    expect(to("info", { match: { team: "data", issuer: "other" } })).toEqual([]);
  });

  it("by a label that the alert does not have fits none, unless any text will do", () => {
    expect(to("info", { match: { target: "aws" } })).toEqual([]);
    expect(to("info", { match: { target: "*" } })).toEqual(["team"]);
  });

  it("adds to the others: every one that fits tells its channels, each channel once", () => {
    expect(
      to("critical", { to: ["team", "pager"] }, { to: ["pager"] }, { to: ["none"], match: { team: "x" } }),
    ).toEqual(["team", "pager"]);
  });
});

test.each([
  ["airflow-flowapi", "airflow-*", true],
  ["airflow", "airflow-*", false],
  ["airflow-flowapi", "*flow*api", true],
  ["airflow-flowapi", "airflow-flowapi", true],
  ["airflow-flowapi", "airflow", false],
  ["a.b", "a?b", false],
  ["aba", "ab*ba", false],
  ["", "*", true],
  ["", "", true],
  ["abc", "a**c", true],
])("%j is like %j: %j", (text, pattern, like) => expect(isLike(text, pattern)).toBe(like));

test("a pattern means what its regular expression means", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (raw, pattern) => {
      const text = raw.replaceAll("*", "c");
      const expected = new RegExp(`^${pattern.split("*").join(".*")}$`).test(text);
      expect(isLike(text, pattern)).toBe(expected);
    }),
  );
});

test("a pattern of many stars takes no long time", () => {
  expect(isLike("a".repeat(200), `${"*a".repeat(90)}*b`)).toBe(false);
});
