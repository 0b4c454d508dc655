import { expect, it } from "vitest";
import { withoutTokens } from "../../src/core/redact.ts";

it.each([
  ["eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", "[redacted]"],
  ["see eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln, and again", "see [redacted], and again"],
  ["eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn", "[redacted]"],
  ["the eyJ of a beholder", "the eyJ of a beholder"],
])("of %j goes out %j", (text, out) => expect(withoutTokens(text)).toBe(out));
