import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareIssues, isSameIssue, newestOf, supersedes } from "../../src/core/issue.ts";

const at = (startAt: number, issuerId: string | null): { startAt: number; issuerId: string | null } => ({
  startAt,
  issuerId,
});

const issues = fc.record({
  startAt: fc.integer({ min: 0, max: 3 }),
  issuerId: fc.option(fc.oneof(fc.nat(20).map(String), fc.constantFrom("a", "b", "", "01", "9".repeat(20)))),
});

describe("the order of issues", () => {
  it.each([
    ["a later start, whatever the id", at(2, "1"), at(1, "9")],
    ["a greater numeric id at one start: 10 after 9", at(1, "10"), at(1, "9")],
    ["a greater id as text", at(1, "b"), at(1, "a")],
    ["an id over none", at(1, "1"), at(1, null)],
  ])("%s supersedes", (_, later, earlier) => {
    expect(supersedes(later, earlier)).toBe(true);
    expect(supersedes(earlier, later)).toBe(false);
  });

  it("never looks at the expiry: a later issue supersedes though it lives shorter", () => {
    expect(supersedes({ ...at(2, "8"), expAt: 5 } as never, { ...at(1, "7"), expAt: 9 } as never)).toBe(true);
  });

  it("lets nothing supersede itself, and anything supersede nothing", () => {
    expect(supersedes(at(1, "1"), at(1, "1"))).toBe(false);
    expect(supersedes(at(1, null), null)).toBe(true);
  });

  it("is antisymmetric", () => {
    fc.assert(
      fc.property(issues, issues, (a, b) => {
        expect(Math.sign(compareIssues(a, b))).toBe(-Math.sign(compareIssues(b, a)) + 0);
      }),
    );
  });

  it("finds the newest wherever it stands", () => {
    fc.assert(
      fc.property(fc.array(issues, { minLength: 1 }), (all) => {
        const newest = newestOf(all);
        expect(newest).toBeDefined();
        for (const each of all) if (newest !== undefined) expect(supersedes(each, newest)).toBe(false);
      }),
    );
    expect(newestOf([])).toBeUndefined();
  });
});

describe("the very same issue", () => {
  const one = { fingerprint: "aaaaaaaaaaaaaaaa", expAt: 5 };

  it("has the same text and the same expiry: an extension has another", () => {
    expect(isSameIssue(one, { ...one })).toBe(true);
    expect(isSameIssue(one, { ...one, expAt: 6 })).toBe(false);
    expect(isSameIssue(one, { ...one, fingerprint: "bbbbbbbbbbbbbbbb" })).toBe(false);
  });

  it("is never one that is not there", () => {
    expect(isSameIssue(one, null)).toBe(false);
    expect(isSameIssue(null, one)).toBe(false);
  });
});
