import { expect, it } from "vitest";
import { systemRandom } from "../../src/runtime/random.ts";

it("draws shares in [0,1) that fill the whole range", () => {
  const shares = Array.from({ length: 2000 }, () => systemRandom.share());
  expect(shares.every((share) => share >= 0 && share < 1)).toBe(true);
  const tenths = new Set(shares.map((share) => Math.floor(share * 10)));
  expect(tenths.size).toBe(10);
});

it("draws as many bytes as asked, in lower-case hex, never the same twice", () => {
  expect(systemRandom.hex(16)).toMatch(/^[0-9a-f]{32}$/);
  expect(systemRandom.hex(16)).not.toBe(systemRandom.hex(16));
});
