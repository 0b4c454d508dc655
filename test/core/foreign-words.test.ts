import { describe, expect, it } from "vitest";
import { clean } from "../../src/core/foreign-words.ts";

describe("words of another system", () => {
  it("come out on one line, without control characters, and not without end", () => {
    expect(clean(" it\r\nsaid\u0007 no ")).toBe("it said no");
    const long = clean("word ".repeat(100));
    expect(long).toHaveLength(200);
    expect(long.endsWith("…")).toBe(true);
    expect(clean(`${"word ".repeat(39)}abc👩‍💻 and more`).isWellFormed()).toBe(true);
  });

  it("do not bring back what was sent, nor the rest of a secret of which another is a part", () => {
    expect(clean("no: s3cret-of-mine", ["s3cret", "s3cret-of-mine"])).toBe("no: [redacted]");
    expect(clean("no: two\nlines", ["two\nlines", ""])).toBe("no: [redacted]");
  });

  it.each([
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
    "0123456789abcdef0123456789abcdef",
    "v2/zzzzz-gj3su-077z32aux8dg2s1/3kg6k6lzmp9kj5cpkcoxie963cmvjahbt2fod9zru30k1jqdmi",
  ])("have nothing in them that looks like a token: %s", (token) => {
    expect(clean(`bad token ${token} given`)).toBe("bad token [redacted] given");
  });
});
