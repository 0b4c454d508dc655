import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../../src/core/duration.ts";
import type { RenewdError } from "../../src/core/errors.ts";
import type { Check, QuarantinedIssue } from "../../src/core/records.ts";
import { acceptanceOf, discardOf, rollbackOf } from "../../src/core/ruling.ts";
import { declaredTarget, EXP, issue, mint, RENEW, tokenView, trouble, type ViewOver } from "./samples.ts";

const NEWER = issue({ fingerprint: "bbbbbbbbbbbbbbbb", issuerId: "8", startAt: RENEW, expAt: RENEW + 30 * DAY_MS });
const rolled = { desired: NEWER, previous: issue() };

function quarantined(over: Partial<QuarantinedIssue> = {}): QuarantinedIssue {
  const { fingerprint, issuerId, startAt, expAt, u, scopes } = NEWER;
  const judged = { check: "scopes", message: "it lacks a scope", at: RENEW, validAt: RENEW } as const;
  return { fingerprint, issuerId, startAt, expAt, u, scopes, ...judged, ...over };
}
const accepting = (over: Partial<QuarantinedIssue> = {}, record: ViewOver["record"] = {}, now = RENEW) =>
  acceptanceOf(tokenView({ record: { quarantined: quarantined(over), ...record } }), now);

describe("a rollback", () => {
  it("is from the desired issue to the previous one, with a pause that lets deliveries run on", () => {
    const { ruling, previous, warnings } = rollbackOf(tokenView({ record: rolled }), RENEW);
    expect(ruling).toEqual({
      rule: "rollback",
      from: NEWER.fingerprint,
      to: issue().fingerprint,
      pause: { since: RENEW, until: null, reason: `rolled back from ${NEWER.fingerprint}`, deliveries: true },
    });
    expect({ previous, warnings }).toEqual({ previous: issue(), warnings: [] });
  });

  it("warns, target by target, with the sum of what its readers get from `repair` before the deadline on", () => {
    const targets = [declaredTarget(), declaredTarget({ label: "long", holdMs: 3 * DAY_MS })];
    const warningsAt = (now: number): readonly string[] =>
      rollbackOf(tokenView({ record: rolled, declared: { targets } }), now).warnings;
    const sum = "= expiry 2026-07-31T08:00:00Z - (hold 3 d + propagation 15 min + leeway 1 min)";
    expect(warningsAt(EXP - 5 * DAY_MS)).toEqual([]);
    expect(warningsAt(EXP - 4 * DAY_MS)).toEqual([`readers of long are safe only until 2026-07-28T07:44:00Z ${sum}`]);
    expect(warningsAt(EXP - 2 * DAY_MS)).toEqual([
      `readers of long were safe only until 2026-07-28T07:44:00Z ${sum}: they get less than they need`,
    ]);
    expect(warningsAt(EXP - HOUR_MS)).toHaveLength(2);
  });

  it.each<[string, ViewOver["record"], number]>([
    ["no previous token", { desired: NEWER, previous: null }, RENEW],
    ["no token at all", { desired: null, previous: null }, RENEW],
    ["a previous token that expired", rolled, EXP],
    [
      "a previous token that may have been ended",
      { ...rolled, previous: null, retiring: [{ ...issue(), trouble: null }] },
      RENEW,
    ],
  ])("with %s is refused", (_, record, now) => {
    expect(() => rollbackOf(tokenView({ record: record ?? {} }), now)).toThrow(
      expect.objectContaining({ code: "nothing_to_roll_back" }) as Error,
    );
  });
});

describe("an acceptance", () => {
  it("makes what is quarantined an accepted issue over the desired one", () => {
    expect(accepting()).toEqual({
      ruling: {
        rule: "accept",
        issue: { ...NEWER, warnings: [], origin: "minted", acceptedAt: RENEW },
        over: issue().fingerprint,
        grants: false,
        retires: false,
      },
      check: "scopes",
    });
    expect(accepting({}, { desired: null }).ruling.over).toBeNull();
  });

  it("grants a wish that was made before the token, and no later one", () => {
    const wishAt = (at: number): boolean =>
      accepting({}, { wish: { at, lifetimeMs: null, anew: false } }).ruling.grants;
    expect([wishAt(RENEW), wishAt(RENEW + 1)]).toEqual([true, false]);
  });

  it.each<Check>(["roles", "scopes", "progress", "expiry"])("overrules the judgement %s", (check) => {
    expect(accepting({ check }).check).toBe(check);
  });

  it.each<[string, Partial<QuarantinedIssue>, ViewOver["record"], number]>([
    ["a form", { check: "form", scopes: null }, {}, RENEW],
    ["an algorithm", { check: "algorithm", scopes: null }, {}, RENEW],
    ["a signature", { check: "signature", scopes: null }, {}, RENEW],
    ["a subject", { check: "subject" }, {}, RENEW],
    ["an audience", { check: "audience" }, {}, RENEW],
    ["what has no end", { check: "expiry", scopes: null }, {}, RENEW],
    ["what has expired", { check: "expiry" }, {}, NEWER.expAt],
    ["what is not valid yet", { check: "expiry", validAt: RENEW + 1 }, {}, RENEW],
    ["what is older than the token in use", {}, { desired: issue({ startAt: RENEW + 1 }) }, RENEW],
  ])("does not overrule %s", (_, over, record, now) => {
    expect(() => accepting(over, record, now)).toThrow(expect.objectContaining({ code: "not_acceptable" }) as Error);
  });

  it("of nothing is refused", () => {
    expect(() => acceptanceOf(tokenView(), RENEW)).toThrow(
      expect.objectContaining({ code: "nothing_quarantined" }) as Error,
    );
  });
});

describe("a discard", () => {
  const severe = { lists: false, overlap: "none", secret: "given", keeps: true } as const;

  it("is of what is quarantined, or of nothing", () => {
    const view = tokenView({ record: { quarantined: quarantined() } });
    expect(discardOf(view, RENEW)).toEqual({ rule: "discard", quarantined: NEWER.fingerprint });
    expect(() => discardOf(tokenView(), RENEW)).toThrow(
      expect.objectContaining({ code: "nothing_quarantined" }) as Error,
    );
  });

  it("gives up a request first that waits for a person, and never one that may still be answered or looked for", () => {
    const record = { quarantined: quarantined(), mint: mint() };
    const { settleAt } = mint();
    const ruled = (issuer: ViewOver["issuer"], now: number): string =>
      discardOf(tokenView({ record, issuer: issuer ?? {} }), now).rule;
    expect(ruled(severe, settleAt)).toBe("give_up");
    expect(ruled(severe, settleAt - 1)).toBe("discard");
    expect(ruled({}, settleAt)).toBe("discard");
  });

  it("gives up any other request once it failed and can be answered no more; what is quarantined comes before it", () => {
    const { settleAt, sentAt } = mint();
    const failed = trouble("issuer_error", { last: { code: "issuer_error", message: "500", at: sentAt } });
    const before = trouble("issuer_error", { last: { code: "issuer_error", message: "500", at: sentAt - 1 } });
    const discarding = (record: ViewOver["record"], now: number): string | undefined => {
      try {
        return discardOf(tokenView({ record: { mint: mint({ chosen: "cccccccccccccccc" }), ...record } }), now).rule;
      } catch (thrown) {
        return (thrown as RenewdError).code;
      }
    };
    expect(discarding({ trouble: failed }, settleAt)).toBe("give_up");
    expect(discarding({ trouble: failed }, settleAt - 1)).toBe("nothing_quarantined");
    expect(discarding({ trouble: before }, settleAt)).toBe("nothing_quarantined");
    expect(discarding({ trouble: null }, settleAt)).toBe("nothing_quarantined");
    expect(discarding({ trouble: failed, mint: mint({ fresh: issue() }) }, settleAt)).toBe("nothing_quarantined");
    expect(discarding({ trouble: failed, quarantined: quarantined() }, settleAt)).toBe("discard");
  });
});
