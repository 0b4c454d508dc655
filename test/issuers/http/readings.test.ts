import { describe, expect, it } from "vitest";
import { NEVER_AT } from "../../../src/core/duration.ts";
import { readId, readInstant, readScopes, readSeconds, readToken } from "../../../src/issuers/http/readings.ts";

const AT = Date.parse("2026-08-01T00:00:00Z");

describe("an instant", () => {
  it.each<[unknown, number]>([
    ["2026-08-01T00:00:00Z", AT],
    ["2026-08-01T00:00:00.250Z", AT + 250],
    ["2026-08-01T02:00:00+02:00", AT],
    ["2026-08-01 00:00:00Z", AT],
    ["2026-08-01t00:00:00z", AT],
    ["2026-08-01", AT],
    [AT / 1_000, AT],
    [AT / 1_000 + 0.5, AT + 500],
    [AT, AT],
    [String(AT / 1_000), AT],
    [String(AT), AT],
    [null, NEVER_AT],
    ["9999-12-31T23:59:59.999Z", NEVER_AT],
    [1e300, NEVER_AT],
  ])("is read from %j", (value, at) => expect(readInstant(value)).toBe(at));

  it.each([
    undefined,
    "",
    "never",
    "2026-02-30",
    "2026-08-01T00:00:00",
    "20260801",
    20_260_801,
    0,
    -1,
    NaN,
    true,
    {},
    [],
  ])("is not read from %j", (value) => expect(readInstant(value)).toBeUndefined());
});

describe("the rest", () => {
  it("a lifetime is whole seconds", () => {
    expect([3_600, "3600", 1.9, 0].map(readSeconds)).toEqual([3_600_000, 3_600_000, 1_000, 0]);
    expect([null, -1, "", "1h", "-1", Infinity, undefined].map(readSeconds)).toEqual(Array(7).fill(undefined));
  });

  it("an id is a number that JSON carries exactly, or a short text", () => {
    expect([42, "a-b", 0].map(readId)).toEqual(["42", "a-b", "0"]);
    expect([2 ** 53, 1.5, "", "a\nb", "x".repeat(257), null, {}].map(readId)).toEqual(Array(7).fill(undefined));
  });

  it("scopes are a list, a text, or a mapping of names to levels", () => {
    expect(readScopes(["api", "read_api"])).toEqual({ api: [], read_api: [] });
    expect(readScopes("read write")).toEqual({ read: [], write: [] });
    expect(readScopes("repo, gist")).toEqual({ repo: [], gist: [] });
    expect(readScopes({ contents: "read", issues: "write" })).toEqual({ "contents:read": [], "issues:write": [] });
    expect(readScopes([])).toEqual({});
    expect(readScopes("")).toEqual({});
    expect(Object.keys(readScopes(["__proto__"]) ?? {})).toEqual(["__proto__"]);
  });

  it("scopes are nothing else, and not too many", () => {
    const wrong = [null, undefined, 7, [7], { a: { b: "c" } }, ["a\u0000"], ["x".repeat(257)], Array(1_001).fill("a")];
    expect(wrong.map(readScopes)).toEqual(Array(wrong.length).fill(undefined));
  });

  it("a token is one run of printable characters", () => {
    expect(readToken("glpat-a.b_c=")?.reveal()).toBe("glpat-a.b_c=");
    expect(readToken("x".repeat(65_536))?.lengthBytes).toBe(65_536);
    const wrong = ["", "two words", "line\n", "tab\t", "é", "x".repeat(65_537), 7, null, undefined, ["x"]];
    expect(wrong.map(readToken)).toEqual(Array(wrong.length).fill(undefined));
  });
});
