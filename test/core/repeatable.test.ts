import { describe, expect, it } from "vitest";
import { decide, type TokenDecision, type TokenView } from "../../src/core/decide.ts";
import { HOUR_MS } from "../../src/core/duration.ts";
import { isRepeatable, type Trouble } from "../../src/core/records.ts";
import { EXP, issue, mint, RENEW, tokenView, trouble, type ViewOver } from "./samples.ts";

const failedAt = (at: number, nextTryAt: number): Trouble =>
  trouble("issuer_unreachable", { nextTryAt, last: { code: "issuer_unreachable", message: "no", at } });

describe("a request that may be made again", () => {
  it("brings its own secret, or the instant to which it extends", () => {
    expect(isRepeatable(mint())).toBe(false);
    expect(isRepeatable(mint({ kind: "mint" }))).toBe(false);
    expect(isRepeatable(mint({ chosen: "cccccccccccccccc" }))).toBe(true);
    expect(isRepeatable(mint({ kind: "extend" }))).toBe(true);
  });

  it.each<[string, ReturnType<typeof mint>]>([
    ["a chosen secret", mint({ chosen: "cccccccccccccccc" })],
    ["an extension", mint({ kind: "extend" })],
  ])("makes a request with %s again, at once or after its backoff, and never waits for a person", (_, open) => {
    const at = (now: number, record: ViewOver["record"] = {}): TokenDecision =>
      decide(tokenView({ record: { mint: open, ...record }, issuer: { lists: false, overlap: "none" } }), now);
    const { sentAt, settleAt } = open;
    for (const now of [sentAt, settleAt - 1, settleAt, EXP])
      expect(at(now)).toEqual({
        do: "settle",
        reason: expect.stringContaining("the same request is made again") as string,
      });
    const lost = { trouble: failedAt(sentAt, sentAt + HOUR_MS) };
    expect(at(settleAt, lost)).toMatchObject({ do: "wait", until: sentAt + HOUR_MS });
    expect(at(sentAt + HOUR_MS, lost).do).toBe("settle");
  });

  it("proves an extension however little it brings: there is no other token to be had by giving it up", () => {
    const extended = { ...issue(), startAt: RENEW };
    const open = (expAt: number): TokenView =>
      tokenView({ record: { mint: mint({ kind: "extend", fresh: { ...extended, expAt } }) } });
    expect(decide(open(EXP), EXP - HOUR_MS).do).toBe("verify");
    expect(decide(open(EXP), EXP)).toEqual({ do: "outlive", reason: expect.stringContaining("expired") as string });
  });
});
