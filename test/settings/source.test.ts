import { describe, expect, test } from "vitest";
import { readSource, type Source } from "../../src/settings/source.ts";

function source(text: string): Source {
  const read = readSource(text, "renewd.yaml");
  if ("value" in read) return read;
  throw new TypeError(`not read: ${read[0]?.message}`);
}

function refusals(text: string): unknown {
  const read = readSource(text, "renewd.yaml");
  return "value" in read ? [] : read;
}

describe("places", () => {
  const text = "base: &base\n  x: 1\nmap:\n  <<: *base\n  y: 2\nlist:\n  - a\n  - <<: [*base]\nalias: *base\nempty:\n";

  test.each([
    [["map", "y"], "value", 5, 6],
    [["map", "y"], "key", 5, 3],
    [["map", "x"], "value", 2, 6],
    [["list", 0], "value", 7, 5],
    [["list", 1, "x"], "key", 2, 3],
    [["alias"], "value", 9, 8],
    [["alias", "x"], "value", 2, 6],
    [["empty"], "value", 10, 1],
    [["map"], "value", 3, 1],
    [["map", "none", "further"], "value", 3, 1],
    [["none"], "value", 1, 1],
    [[], "value", 1, 1],
  ] as const)("%j, its %s, is at line %i, column %i", (path, part, line, column) => {
    expect(source(text).locate(path, part)).toEqual({ line, column });
  });

  test("merged keys give way to the mapping's own", () => {
    expect(source("a: &a { x: 1, y: 1 }\nb: { <<: *a, x: 2 }\n").value).toMatchObject({ b: { x: 2, y: 1 } });
    expect(source("a: &a { x: 1, y: 1 }\nb: { x: 2, <<: *a }\n").value).toMatchObject({ b: { x: 2, y: 1 } });
  });

  test("of several merged mappings the first one counts", () => {
    const merged = "a: &a { x: 1 }\nb: &b { x: 2, y: 2 }\nc: { <<: [*a, *b] }\n";
    expect(source(merged).value).toMatchObject({ c: { x: 1, y: 2 } });
  });

  test("an alias means the last anchor of its name before it, also one in the same mapping", () => {
    const again = "a: &a { x: 1 }\nb: { c: &a { x: 2 }, <<: *a }\nd: *a\n";
    expect(source(again).value).toEqual({ a: { x: 1 }, b: { c: { x: 2 }, x: 2 }, d: { x: 2 } });
  });
});

describe("text that is refused", () => {
  test.each([
    ["a key that is there twice", "a: 1\na: 2\n", 2, 1, /already there/],
    ["a second document", "a: 1\n---\nb: 2\n", 2, 1, /second document/],
    ["an alias without an anchor", "a: *b\n", 1, 4, /without an anchor/],
    ["text that begins with an asterisk", "tick: */2 * * * * *\n", 1, 11, /is not YAML/],
    ["an anchor inside itself", "a: &a\n  b: *a\n", 2, 6, /too deep/],
    ["a key that is no text", "a: 1\n? [b]\n: c\n", 2, 3, /not text/],
    ["a tag", "a: !secret x\n", 1, 4, /has a tag/],
    ["binary data", "a: !!binary aGk=\n", 1, 4, /has a tag/],
    ["a merge of a text", "a: b\n<<: c\n", 2, 1, /no mapping/],
    ["tabs", "a:\n\tb: 1\n", 2, 1, /tab/],
    ["a merge that is there twice", "a: &a { x: 1 }\nb:\n  <<: *a\n  <<: *a\n", 4, 3, /already there/],
    ["a key that is there twice, once in quotes", "a: { b: 1, 'b': 2 }\n", 1, 12, /already there/],
    ["a key called __proto__", "a:\n  __proto__: { b: 1 }\n", 2, 3, /`__proto__` cannot be a key/],
    ["a key called __proto__ in what is merged", "a: &a { '__proto__': 1 }\nb: { <<: *a }\n", 1, 9, /cannot be a key/],
    ["YAML 1.1", "%YAML 1.1\n---\na: yes\n", 1, 1, /not YAML 1.2/],
  ])("%s", (_, text, line, column, message) => {
    expect(refusals(text)).toMatchObject([{ line, column, message: expect.stringMatching(message) }]);
  });

  test("a billion laughs, at once", () => {
    const lines = Array.from({ length: 30 }, (_, i) =>
      i === 0
        ? "a0: &a0 [ha, ha]"
        : `a${i}: &a${i} [${Array(9)
            .fill(`*a${i - 1}`)
            .join(", ")}]`,
    );
    const message = expect.stringMatching(/anchors too often/) as string;
    // The alias with which it is too much.
    expect(refusals(lines.join("\n"))).toMatchObject([{ line: 6, message }]);
  });

  test.each([
    ["lists", "[".repeat(100_000)],
    ["closed lists", "a: " + "[".repeat(65) + "]".repeat(65)],
    ["mappings", "{a: ".repeat(50_000)],
    ["blocks", Array.from({ length: 1_000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
  ])("%s nested too deep", (_, text) => {
    expect(refusals(text)).not.toEqual([]);
  });

  test("many faults are told five at a time", () => {
    expect(refusals(Array.from({ length: 40 }, (_, i) => `k${i}: "\\q"`).join("\n"))).toHaveLength(5);
  });
});

test("one anchor may serve hundreds of tokens", () => {
  const tokens = Array.from({ length: 500 }, (_, i) => `t${i}: { <<: *base }`);
  expect(source(["base: &base { hold: 6h }", ...tokens].join("\n")).value).toMatchObject({ t499: { hold: "6h" } });
});
