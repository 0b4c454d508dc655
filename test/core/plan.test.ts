import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../../src/core/duration.ts";
import { planEntry } from "../../src/core/plan.ts";
import { DEADLINE, declaredTarget, declaredToken, issue, LATEST, mint, RENEW, START, tokenView } from "./samples.ts";

describe("the plan of a token", () => {
  it("says what it does next, when and why", () => {
    expect(planEntry(tokenView(), START)).toMatchObject({
      token: "flow",
      name: "airflow-flowapi",
      action: "renew",
      at: RENEW,
      reason: "due 2026-07-21T08:00:00Z, 20 d from now",
      renewAt: RENEW,
      latestAt: LATEST,
      deadlineAt: DEADLINE,
    });
    expect(planEntry(tokenView(), RENEW + HOUR_MS)).toMatchObject({ action: "renew", at: RENEW + HOUR_MS });
    expect(planEntry(tokenView({ record: { mint: mint({ fresh: issue() }) } }), RENEW).action).toBe("verify");
  });

  it("shows its deadline with the arithmetic, so that a person can add it up", () => {
    const targets = [declaredTarget(), declaredTarget({ label: "files", holdMs: HOUR_MS, propagationMs: 0 })];
    expect(planEntry(tokenView({ declared: { targets } }), START).arithmetic).toEqual([
      "issued 2026-07-01T08:00:00Z for 30 d, expires 2026-07-31T08:00:00Z",
      "airflow needs 6 h 16 min = hold 6 h + propagation 15 min + leeway 1 min",
      "files needs 1 h 1 min = hold 1 h + propagation 0 s + leeway 1 min",
      "deadline 2026-07-31T01:44:00Z = expiry - the greatest need",
      "latest 2026-07-30T01:44:00Z = deadline - repair (1 d)",
      "renewal 2026-07-21T08:00:00Z, not before 2026-07-04T08:00:00Z; its jitter was drawn once (u = 0.000)",
    ]);
  });

  it("waits for a person where only one can tell what a lost request made", () => {
    const issuer = { lists: false, overlap: "none", secret: "given", keeps: true } as const;
    const entry = planEntry(tokenView({ record: { mint: mint() }, issuer }), mint().settleAt);
    expect(entry).toMatchObject({ action: "waiting_for_person", at: null });
  });

  it("of the first token has no arithmetic yet", () => {
    const entry = planEntry(tokenView({ record: { desired: null } }), START);
    expect(entry).toMatchObject({ action: "renew", at: START, renewAt: null, latestAt: null, deadlineAt: null });
    expect(entry.arithmetic).toEqual(["no token is known yet: the first one is made or adopted at once"]);
  });

  it("reckons with the windows", () => {
    const opensAt = RENEW + 3 * DAY_MS;
    const matches = (at: number): boolean => at === opensAt;
    const window = { opens: "test", forMs: HOUR_MS, timezone: "UTC", matches, mayMatch: matches };
    const policy = { ...declaredToken().policy, windows: [window] };
    expect(planEntry(tokenView({ declared: { policy } }), START)).toMatchObject({ at: opensAt, renewAt: opensAt });
  });
});
