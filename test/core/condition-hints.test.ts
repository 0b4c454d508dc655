import { describe, expect, it } from "vitest";
import { nextTokenConditionAt, tokenConditions } from "../../src/core/conditions.ts";
import { DAY_MS, HOUR_MS } from "../../src/core/duration.ts";
import type { QuarantinedIssue } from "../../src/core/records.ts";
import { scheduleOf } from "../../src/core/schedule.ts";
import { issue, RENEW, START, tokenView, trouble } from "./samples.ts";

describe("a token", () => {
  it("whose fresh one cannot be accepted is told what can be done, and to accept it only from when that would do", () => {
    const fresh = { ...issue({ startAt: RENEW, expAt: RENEW + 30 * DAY_MS }), check: "expiry", message: "no" } as const;
    const actionOf = (over: Partial<QuarantinedIssue>, now: number): string => {
      const quarantined = { ...fresh, at: RENEW, validAt: RENEW, ...over };
      return tokenConditions(tokenView({ record: { quarantined } }), now)[0]?.action ?? "";
    };
    const ahead = { validAt: RENEW + 2 * HOUR_MS };
    const early = actionOf(ahead, RENEW);
    expect(early).toMatch(/^Compare the clocks of the issuer and of renewd's host/);
    expect(early).toContain("From 2026-07-21T10:00:00Z on `renewd accept flow` takes this one.");
    expect(actionOf(ahead, RENEW + 2 * HOUR_MS)).toMatch(/if it is rightful, `renewd accept flow`/);
    const view = tokenView({ record: { quarantined: { ...fresh, at: RENEW, ...ahead } } });
    expect(nextTokenConditionAt(view, RENEW)).toBe(RENEW + 2 * HOUR_MS);
    for (const [over, words] of [
      [{ expAt: RENEW - HOUR_MS }, /^Compare the clocks .* look for a latest expiry at the issuer\.$/],
      [{ check: "roles", expAt: RENEW - HOUR_MS }, /^See what changed at the issuer and mend it there/],
      [{ expAt: RENEW + HOUR_MS, validAt: RENEW + HOUR_MS }, /^See what changed at the issuer and mend it there/],
      [{ scopes: null }, /^See what changed at the issuer and mend it there/],
      [{ startAt: START - 1 }, /^See what changed at the issuer and mend it there/],
    ] as const) {
      expect(actionOf(over, RENEW)).toMatch(words);
      expect(actionOf(over, RENEW)).toMatch(/^(?!.*accept).*renewd discard flow/);
    }
  });

  it("past its deadline for a fresh one that was rejected gives the same advice as the quarantine", () => {
    const quarantined = {
      ...issue(),
      check: "signature",
      message: "no",
      at: RENEW,
      validAt: START,
      scopes: null,
    } as const;
    const view = tokenView({ record: { quarantined, trouble: trouble("token_rejected", { attempts: 5 }) } });
    const { deadlineAt } = scheduleOf(issue(), view.pace);
    const actionOf = (wanted: string): string | undefined =>
      tokenConditions(view, deadlineAt).find(({ reason }) => reason === wanted)?.action;
    expect(actionOf("deadline_missed")).toBe(actionOf("quarantined"));
    expect(actionOf("quarantined")).not.toContain("accept");
  });
});
