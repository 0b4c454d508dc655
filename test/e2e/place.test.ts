import { afterEach, expect, it, vi } from "vitest";
import { freePort } from "./place.ts";

afterEach(() => void vi.restoreAllMocks());

it("gives no port twice, though nobody listens there yet", async () => {
  const first = await freePort();
  vi.spyOn(Math, "random").mockReturnValueOnce((first - 20_000) / 10_000);
  expect(await freePort()).not.toBe(first);
});
