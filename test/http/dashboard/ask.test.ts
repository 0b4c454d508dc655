import { afterEach, expect, test, vi } from "vitest";
import { ask } from "../../../src/http/dashboard/assets/ask.js";

afterEach(() => void vi.unstubAllGlobals());

test.each([
  ["it lives until 2026-11-22T19:07:46Z", "Ask for longer.", "it lives until 2026-11-22T19:07:46Z. Ask for longer."],
  ["The daemon failed to answer.", "", "The daemon failed to answer."],
  ["", "", "renewd answered 422."],
])("what went wrong (%j) and what to do (%j) are sentences of their own", async (detail, hint, told) => {
  vi.stubGlobal("window", { fetch: () => Promise.resolve(Response.json({ detail, hint }, { status: 422 })) });
  await expect(ask("POST", "/api/v1/tokens/x/renew")).rejects.toThrow(told);
});
