import { describe, expect, it } from "vitest";
import { clean, count, instantInWords, inWords, labelled, localTime, painter, table } from "../../src/cli/format.ts";
import { NOW } from "./support.ts";

describe("what others wrote", () => {
  const hostile = "a\u001b[2Jb\u0007c\r\nd\u009b31me\u202ef";

  it("cannot drive the terminal", () => {
    expect(clean(hostile)).toBe("a[2Jbc d31mef");
    expect(painter(true)("plain", hostile)).toBe("a[2Jbc d31mef");
    expect(labelled("x ", hostile, 80)).toBe("x a[2Jbc d31mef");
    expect(table([[hostile, "y"]])).toBe("a[2Jbc d31mef  y");
  });

  it("is coloured only where colour is wanted", () => {
    expect(painter(false)("bad", "x")).toBe("x");
    expect(painter(true)("bad", "x")).toBe("\u001b[31mx\u001b[39m");
  });
});

describe("time in words", () => {
  it.each([
    [NOW + 125_000, "in 2 min 5 s"],
    [NOW - 3_600_000, "1 h ago"],
    [NOW + 200, "now"],
  ])("%i is %s", (at, words) => expect(inWords(at, NOW)).toBe(words));

  it("comes after the instant in UTC", () => {
    expect(instantInWords(NOW + 60_000, NOW)).toBe("2026-07-01T12:01:00Z (in 1 min)");
  });

  it("is a local time of day when near, with the date when far", () => {
    const date = new Date(NOW);
    const hours = String(date.getHours()).padStart(2, "0");
    const minutes = String(date.getMinutes()).padStart(2, "0");
    expect(localTime(NOW, NOW)).toBe(`${hours}:${minutes}:00`);
    expect(localTime(NOW + 30 * 86_400_000, NOW)).toMatch(/^2026-07-\d\d \d\d:\d\d:\d\d$/);
  });
});

describe("lines", () => {
  it("break at spaces inside the columns and stay under their first word", () => {
    expect(labelled("  next", "one two three four five six seven", 30, 8)).toBe(
      ["  next  one two three four", "        five six seven"].join("\n"),
    );
  });

  it("leave a word that is longer than the line whole", () => {
    expect(labelled("", `a ${"x".repeat(50)} b`, 30)).toBe(`a\n${"x".repeat(50)}\nb`);
  });

  it("of a table have columns as wide as their widest cell and no blanks at their ends", () => {
    expect(
      table([
        ["ID", "NAME", ""],
        ["1", "airflow", ""],
      ]),
    ).toBe("ID  NAME\n1   airflow");
  });

  it("count in the singular and the plural", () => {
    expect([0, 1, 2].map((n) => count(n, "token"))).toEqual(["0 tokens", "1 token", "2 tokens"]);
  });
});
