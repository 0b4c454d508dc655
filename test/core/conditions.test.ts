import { describe, expect, it } from "vitest";
import {
  nextTargetConditionAt,
  nextTokenConditionAt,
  targetConditions,
  tokenConditions,
} from "../../src/core/conditions.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, formatInstant } from "../../src/core/duration.ts";
import { type ErrorCode, ERRORS } from "../../src/core/errors.ts";
import type { TokenView } from "../../src/core/decide.ts";
import type { TargetRecord, TokenRecord, Trouble } from "../../src/core/records.ts";
import {
  DEADLINE,
  declaredToken,
  EXP,
  issue,
  LATEST,
  mint,
  RENEW,
  START,
  targetView,
  tokenView,
  trouble,
  type ViewOver,
} from "./samples.ts";

/** Each condition as `reason severity`. */
const ofToken = (record: ViewOver["record"], now: number, declared: ViewOver["declared"] = {}): readonly string[] =>
  tokenConditions(tokenView({ record: record ?? {}, declared: declared ?? {} }), now).map(
    ({ reason, severity }) => `${reason} ${severity}`,
  );
const ofTarget = (record: Partial<TargetRecord>, now: number): readonly string[] =>
  targetConditions(targetView(record), DAY_MS, now).map(({ reason, severity }) => `${reason} ${severity}`);

describe("a token", () => {
  it("that is well has nothing to tell, however due it is", () => {
    for (const now of [START, RENEW, LATEST - 1]) expect(ofToken({}, now)).toEqual([]);
  });

  it("that was not renewed by `latest` is late whatever the cause, and says until when readers are safe", () => {
    expect(ofToken({}, LATEST)).toEqual(["late warning"]);
    const [condition] = tokenConditions(tokenView(), LATEST);
    expect(condition?.message).toBe("Not renewed yet; it was to be by 2026-07-30T01:44:00Z.");
    expect(condition).toMatchObject({ dangerAt: DEADLINE, expAt: EXP });
    expect(ofToken({}, DEADLINE - 1)).toEqual(["late critical"]);
  });

  it("past its deadline or expiry is critical though nothing failed", () => {
    expect(ofToken({}, DEADLINE)).toEqual(["deadline_missed critical"]);
    expect(ofToken({}, EXP)).toEqual(["expired critical"]);
  });

  it("that fails is late from `latest` on, and critical in the second half of what was left", () => {
    const failed = { trouble: trouble("issuer_unreachable", { since: LATEST }) };
    expect(ofToken(failed, LATEST - 1)).toEqual([]);
    expect(ofToken(failed, LATEST)).toEqual(["late warning"]);
    expect(ofToken(failed, LATEST + DAY_MS / 2)).toContain("late critical");
  });

  it("that is held up by its stores does not blame the issuer", () => {
    const failed = { trouble: trouble("store_denied", { attempts: 3, since: RENEW }) };
    expect(ofToken(failed, RENEW + 1)).toEqual(["target_failing warning"]);
  });

  it("paused past its deadline says so, and what to do", () => {
    const pause = { since: START, until: null, reason: null, deliveries: false };
    expect(ofToken({ pause }, LATEST - 1)).toEqual([]);
    expect(ofToken({ pause }, LATEST)).toEqual(["late warning"]);
    expect(ofToken({ pause }, DEADLINE)).toEqual(["paused_past_deadline critical"]);
    const [condition] = tokenConditions(tokenView({ record: { pause } }), DEADLINE);
    expect(condition?.action).toContain("renewd resume");
  });

  it("that failed twice in passing is not told; the third time it is", () => {
    const failed = (attempts: number): readonly string[] =>
      ofToken({ trouble: trouble("issuer_unreachable", { attempts, since: RENEW }) }, RENEW + 1);
    expect([1, 2, 3].map(failed)).toEqual([[], [], ["issuer_failing warning"]]);
  });

  it.each(["sign_in_refused", "server_unknown", "issuer_answer_invalid"] as const)(
    "is told the first time for what asking again cannot mend: %s",
    (code) => {
      const since = { since: RENEW };
      expect(ofToken({ trouble: trouble(code, since) }, RENEW + 1)).toEqual(["issuer_failing warning"]);
    },
  );

  it("without any token is told the first failure: nobody has anything yet", () => {
    expect(ofToken({ desired: null, trouble: trouble("issuer_unreachable") }, START)).toEqual([
      "issuer_failing warning",
    ]);
  });

  it("is graver by the share of the slack that the trouble used up, not by days", () => {
    const record = { trouble: trouble("sign_in_refused", { since: RENEW }) };
    const middle = RENEW + (DEADLINE - RENEW) / 2;
    expect(ofToken(record, middle - 1)).toEqual(["issuer_failing warning"]);
    expect(ofToken(record, middle)).toEqual(["issuer_failing critical"]);
  });

  it("tells what failed, how often, since when, until when readers are safe, when it is tried next, and what to do", () => {
    const failed = trouble("sign_in_refused", { attempts: 2, since: RENEW, nextTryAt: RENEW + HOUR_MS });
    expect(tokenConditions(tokenView({ record: { trouble: failed } }), RENEW + 1)).toEqual([
      {
        reason: "issuer_failing",
        severity: "warning",
        message: "Failed 2 times since 2026-07-21T08:00:00Z: it said no (sign_in_refused).",
        next: "Next try 2026-07-21T09:00:00Z.",
        action: ERRORS.sign_in_refused.hint.replace("TOKEN", declaredToken().key),
        dangerAt: DEADLINE,
        expAt: EXP,
      },
    ]);
  });

  it("whose fresh one was rejected is quarantined, once", () => {
    const quarantined = { ...issue(), check: "roles", message: "it lacks a role", at: RENEW, validAt: START } as const;
    const record = { quarantined, trouble: trouble("token_rejected", { attempts: 5 }) };
    expect(ofToken(record, RENEW)).toEqual(["quarantined warning"]);
    const [condition] = tokenConditions(tokenView({ record }), RENEW);
    expect(condition?.message).toBe(
      "The fresh token aaaaaaaaaaaaaaaa is quarantined: it lacks a role (roles). The old one stays in use.",
    );
  });

  it("whose issuer gave nothing that lives longer says that, not that the issuer fails", () => {
    expect(ofToken({ trouble: trouble("no_progress", { since: RENEW }) }, RENEW)).toEqual(["no_progress warning"]);
  });

  it("in doubt is told only when the call is over and looking failed", () => {
    const failed = trouble("issuer_unreachable", { since: RENEW });
    const { settleAt } = mint();
    expect(ofToken({ mint: mint() }, settleAt)).toEqual([]);
    expect(ofToken({ mint: mint(), trouble: failed }, settleAt - 1)).toEqual([]);
    expect(ofToken({ mint: mint(), trouble: failed }, settleAt)).toEqual(["outcome_unknown warning"]);
    expect(ofToken({ mint: mint({ fresh: issue() }), trouble: failed }, settleAt)).toEqual([]);
  });

  it("in doubt says why by what the issuer can do, and that a person may give the request up", () => {
    const told = (given: Parameters<typeof mint>[0], issuer: ViewOver["issuer"]): string => {
      const view = tokenView({ record: { mint: mint(given), trouble: trouble("issuer_error") }, issuer: issuer ?? {} });
      const found = tokenConditions(view, mint().settleAt).find(({ reason }) => reason === "outcome_unknown");
      expect(found?.action).toContain(`renewd discard ${declaredToken().key}`);
      return found?.message ?? "";
    };
    const listless = { lists: false } as const;
    expect(told({}, {})).toMatch(/the issuer's list was not read since\.$/);
    expect(told({ lookedAt: mint().sentAt + 1 }, {})).toMatch(/the issuer's list shows none yet\.$/);
    expect(told({ chosen: "cccccccccccccccc" }, listless)).toMatch(/the same request is made again/);
    expect(told({ kind: "extend" }, listless)).toMatch(/the same extension is asked for again/);
    expect(told({}, listless)).toMatch(/asked for anew, which may leave one spare token\.$/);
  });

  it("whose issuer has none of its name says that, and what a person does", () => {
    const failed = { trouble: trouble("token_absent"), desired: null };
    expect(ofToken(failed, START)).toEqual(["token_absent warning"]);
    const [condition] = tokenConditions(tokenView({ record: failed }), START);
    expect(condition?.action).toBe(`${ERRORS.token_absent.hint} Then \`renewd renew flow\` tries at once.`);
  });

  it("of which only a person can tell what was made says so at once, critical and once", () => {
    const severe = { lists: false, overlap: "none", secret: "given", keeps: true } as const;
    const { sentAt, settleAt } = mint();
    const told = (record: ViewOver["record"], now: number): readonly string[] =>
      tokenConditions(tokenView({ record: record ?? {}, issuer: severe }), now).map(
        ({ reason, severity, action }) => `${reason} ${severity} ${/renewd discard flow/.test(action)}`,
      );
    const lost = { since: sentAt, last: { code: "issuer_answer_invalid", message: "no", at: sentAt } } as const;
    expect(told({ mint: mint() }, settleAt - 1)).toEqual([]);
    expect(told({ mint: mint() }, settleAt)).toEqual(["outcome_unknown critical true"]);
    const failed = { mint: mint(), trouble: trouble("issuer_answer_invalid", lost) };
    expect(told(failed, sentAt)).toEqual(["outcome_unknown critical true"]);
    expect(told(failed, LATEST)).toEqual(["late warning true", "outcome_unknown critical true"]);
    expect(told({ ...failed, mint: mint({ fresh: issue() }) }, sentAt)).toEqual(["issuer_failing warning false"]);
  });

  it("whose fresh one failed a judgement may be accepted; a fact may only be discarded", () => {
    const actionOf = (check: "scopes" | "signature"): string | undefined => {
      const quarantined = { ...issue({ startAt: RENEW }), check, message: "no", at: RENEW, validAt: RENEW };
      return tokenConditions(tokenView({ record: { quarantined } }), RENEW)[0]?.action;
    };
    expect(actionOf("scopes")).toMatch(/renewd accept flow.*renewd discard flow/);
    expect(actionOf("signature")).toMatch(/^(?!.*accept).*renewd discard flow/);
  });

  it("that passed with a warning keeps telling it: capped is a warning, scopes gained an information", () => {
    const capped = { kind: "lifetime_capped", askedMs: 30 * DAY_MS, issuedMs: DAY_MS } as const;
    const gained = { kind: "scopes_gained", scopes: ["runner:stop"] } as const;
    expect(ofToken({ desired: issue({ warnings: [capped, gained] }) }, START)).toEqual([
      "lifetime_capped warning",
      "scopes_gained info",
    ]);
  });

  it("that was capped is told of only while it lives shorter than the settings want: a person's own choice is no standing wish", () => {
    const told = (declaredMs: number, askedMs: number, issuedMs: number): readonly string[] => {
      const request = { ...declaredToken().request, lifetimeMs: declaredMs };
      const warnings = [{ kind: "lifetime_capped", askedMs, issuedMs }] as const;
      return ofToken({ desired: issue({ warnings }) }, START, { request });
    };
    expect(told(30 * DAY_MS, 90 * DAY_MS, 60 * DAY_MS)).toEqual([]);
    expect(told(30 * DAY_MS, 90 * DAY_MS, 30 * DAY_MS - MINUTE_MS)).toEqual([]);
    expect(told(30 * DAY_MS, 90 * DAY_MS, 10 * DAY_MS)).toEqual(["lifetime_capped warning"]);
    expect(told(30 * DAY_MS, 20 * DAY_MS, 10 * DAY_MS)).toEqual(["lifetime_capped warning"]);
    expect(told(10 * DAY_MS, 30 * DAY_MS, 10 * DAY_MS)).toEqual([]);
    expect(told(Infinity, 90 * DAY_MS, 60 * DAY_MS)).toEqual([]);
  });

  it("whose old one could not be ended is for information: the third time, or at once where only a person can mend it", () => {
    const declared = { request: { ...declaredToken().request, retire: true } };
    const view = (...all: readonly Trouble[]): TokenView =>
      tokenView({ declared, record: { retiring: all.map((each) => ({ ...issue(), trouble: each })) } });
    const told = (each: TokenView): readonly string[] => tokenConditions(each, START).map(({ reason }) => reason);
    const after = (attempts: number): readonly string[] => told(view(trouble("issuer_timeout", { attempts })));
    expect([1, 2, 3].map(after)).toEqual([[], [], ["not_retired"]]);
    const refused = trouble("token_not_owned");
    const [one] = tokenConditions(view(refused), START);
    expect(one).toMatchObject({
      severity: "info",
      action: ERRORS.token_not_owned.hint,
      message: expect.stringMatching(/^The old token \w{16} .* until it expires\. Failed once since/) as string,
    });
    const several = tokenConditions(view(trouble("issuer_timeout"), refused, refused), START);
    expect(several.map(({ message }) => message)).toEqual([expect.stringMatching(/ 1 more wait for that too\.$/)]);
    expect(told(tokenView({ record: view(refused).record }))).toEqual([]);
  });

  it("with other roles than the settings name says both", () => {
    const desired = issue({ scopes: { runner: [] } });
    expect(ofToken({ desired }, START)).toEqual(["roles_differ warning"]);
    const [condition] = tokenConditions(tokenView({ record: { desired } }), START);
    expect(condition?.message).toBe("The token has the roles runner; the settings say runner, viewer.");
  });

  it("has no two conditions of one reason, for that is the key of an incident", () => {
    const quarantined = { ...issue(), check: "roles", message: "no", at: RENEW, validAt: START } as const;
    const desired = issue({ scopes: {}, warnings: [{ kind: "scopes_gained", scopes: ["a"] }] });
    const record = { quarantined, desired, mint: mint(), trouble: trouble("issuer_timeout", { attempts: 9 }) };
    for (const now of [START, RENEW + HOUR_MS, LATEST, DEADLINE, EXP]) {
      const reasons = tokenConditions(tokenView({ record }), now).map(({ reason }) => reason);
      expect(new Set(reasons).size).toBe(reasons.length);
    }
  });

  it("is next changed by time alone at latest, half-way to the deadline, deadline and expiry", () => {
    const half = LATEST + (DEADLINE - LATEST) / 2;
    const at = [START, LATEST, half, DEADLINE, EXP].map((now) => nextTokenConditionAt(tokenView(), now));
    expect(at).toEqual([LATEST, half, DEADLINE, EXP, null]);
    const failed = tokenView({ record: { trouble: trouble("sign_in_refused", { since: RENEW }) } });
    expect(nextTokenConditionAt(failed, RENEW)).toBe(RENEW + (DEADLINE - RENEW) / 2);
    expect(nextTokenConditionAt(tokenView({ record: { desired: null } }), START)).toBeNull();
  });
});

describe("a target", () => {
  it("that holds a token with life enough has nothing to tell", () => {
    expect(ofTarget({}, DEADLINE - 1)).toEqual([]);
  });

  it("past its deadline or the expiry of what it holds is critical", () => {
    expect(ofTarget({}, DEADLINE)).toEqual(["deadline_missed critical"]);
    expect(ofTarget({}, EXP)).toEqual(["expired critical"]);
  });

  it("that was never filled is told after `repair`, not before", () => {
    expect(ofTarget({ held: null }, START + DAY_MS - 1)).toEqual([]);
    expect(ofTarget({ held: null }, START + DAY_MS)).toEqual(["never_delivered critical"]);
  });

  it("that is looked at every few days only is told of a foreign write for two days", () => {
    const rare = { ...targetView({ lastDrift: { fingerprint: null, at: START } }) };
    const view = { ...rare, declared: { ...rare.declared, observeMs: 6 * DAY_MS } };
    const reasonsAt = (at: number): readonly string[] => targetConditions(view, DAY_MS, at).map(({ reason }) => reason);
    expect([reasonsAt(START + 2 * DAY_MS - 1), reasonsAt(START + 2 * DAY_MS)]).toEqual([["drift"], []]);
    expect(nextTargetConditionAt(view, DAY_MS, START)).toBeLessThanOrEqual(START + 2 * DAY_MS);
  });

  it("that somebody else wrote stays told for two looks after it was put right, and says what was done", () => {
    const lastDrift = { fingerprint: "dddddddddddddddd", at: START };
    const view = targetView({ lastDrift });
    const overAt = START + 2 * view.declared.observeMs;
    expect(ofTarget({ lastDrift }, overAt - 1)).toEqual(["drift warning"]);
    expect(ofTarget({ lastDrift }, overAt)).toEqual([]);
    expect(nextTargetConditionAt(view, DAY_MS, START)).toBe(overAt);
    expect(targetConditions(view, DAY_MS, START)[0]).toMatchObject({
      message: expect.stringMatching(/^Somebody else wrote it \(seen \S+Z\); renewd has put the newest token back\.$/),
    });
    const withoutOurs = targetConditions(targetView({ lastDrift, held: null }), DAY_MS, START);
    expect(withoutOurs[0]?.message).toMatch(/^Somebody else wrote it \(seen \S+Z\)\.$/);
  });

  it("that somebody else wrote is drift where it is ours, and not_owned where it is not", () => {
    const drift = { fingerprint: "dddddddddddddddd", at: START };
    expect(ofTarget({ drift }, START)).toEqual(["drift warning"]);
    expect(ofTarget({ drift, held: null, ownership: "none" }, START)).toEqual(["not_owned critical"]);
    expect(ofTarget({ drift, held: null, ownership: "granted" }, START)).toEqual(["drift warning"]);
  });

  it("that lost our token to another writer and fails is critical at once: its readers are in danger already", () => {
    const record = { drift: { fingerprint: null, at: START }, held: null, trouble: trouble("store_denied") };
    expect(ofTarget({ ...record, ownership: "ours" }, START)).toEqual(["drift warning", "target_failing critical"]);
  });

  it("that somebody else wrote is not said to be put right at once while that fails, or while it is paused", () => {
    const record = { drift: { fingerprint: null, at: START }, held: null, ownership: "ours" } as const;
    const next = (more: Partial<TargetRecord>, pause: TokenRecord["pause"] = null): string | undefined =>
      targetConditions({ ...targetView({ ...record, ...more }), pause }, DAY_MS, START)[0]?.next;
    expect(next({})).toBe("It puts the newest token back.");
    const failing = trouble("store_denied", { nextTryAt: START + 1 });
    expect(next({ trouble: failing })).toMatch(/^Next try \S+Z, nothing to mint\.$/);
    const pause = { since: START, until: null, reason: null, deliveries: false };
    expect(next({}, pause)).toBe("Nothing while it is paused.");
  });

  it("that fails for a person to mend says how not to wait for the next try; not while it is paused, or where renewd tries soon", () => {
    const action = (code: ErrorCode, pause: TokenRecord["pause"] = null): string | undefined =>
      targetConditions({ ...targetView({ trouble: trouble(code, { attempts: 3 }) }), pause }, DAY_MS, START + 1)[0]
        ?.action;
    expect(action("store_absent")).toMatch(/ Then `renewd renew flow` tries at once\.$/);
    expect(action("store_throttled")).toBe(ERRORS.store_throttled.hint);
    expect(action("store_absent", { since: START, until: null, reason: null, deliveries: false })).toBe(
      ERRORS.store_absent.hint,
    );
  });

  it("that fails names no next try that is past: the hour's calls may be used up, or the store be left alone", () => {
    const next = (more: Partial<TargetRecord>): string | undefined =>
      targetConditions(targetView({ trouble: trouble("store_denied"), ...more }), DAY_MS, START + MINUTE_MS)[0]?.next;
    expect(next({})).toMatch(/^Next try as soon as the store may be asked again \(`renewd status` says when\)/);
    const calls = Array.from({ length: 12 }, () => START);
    expect(next({ calls })).toContain(`Next try ${formatInstant(START + HOUR_MS)}`);
  });

  it("that is not ours is told once, not also as failing", () => {
    const drift = { fingerprint: null, at: START };
    const record = { drift, held: null, ownership: "none", trouble: trouble("store_not_owned") } as const;
    expect(ofTarget(record, START)).toEqual(["not_owned critical"]);
  });

  it("that fails is told the third time, at once where only a person can mend it, and at once without any token", () => {
    const unreachable = (attempts: number): readonly string[] =>
      ofTarget({ trouble: trouble("store_unreachable", { attempts }) }, START + 1);
    expect([1, 2, 3].map(unreachable)).toEqual([[], [], ["target_failing warning"]]);
    expect(ofTarget({ trouble: trouble("store_denied") }, START + 1)).toEqual(["target_failing warning"]);
    expect(ofTarget({ held: null, trouble: trouble("store_timeout") }, START + 1)).toEqual(["target_failing warning"]);
  });

  it("that fails is critical in the second half of what its own readers had left", () => {
    const record = { trouble: trouble("store_denied", { since: RENEW }) };
    const middle = RENEW + (DEADLINE - RENEW) / 2;
    expect(ofTarget(record, middle - 1)).toEqual(["target_failing warning"]);
    expect(ofTarget(record, middle)).toEqual(["target_failing critical"]);
  });

  it("says what can be done, until when readers are safe, and when it is tried next", () => {
    const failed = { trouble: trouble("store_denied", { nextTryAt: START + HOUR_MS }) };
    const [condition] = targetConditions(targetView(failed), DAY_MS, START + MINUTE_MS);
    expect(condition?.action).toBe(ERRORS.store_denied.hint.replace("TOKEN", "flow"));
    expect(condition).toMatchObject({ dangerAt: DEADLINE, expAt: EXP, next: "Next try 2026-07-01T09:00:00Z." });
  });

  it("that lacks a newer one says that this was made and verified, and that nothing is to be minted", () => {
    const failed = { trouble: trouble("store_denied", { nextTryAt: START + HOUR_MS }) };
    const desired = { ...issue(), fingerprint: "eeeeeeeeeeeeeeee" as const, acceptedAt: START };
    const view = { ...targetView(failed), desired };
    const [condition] = targetConditions(view, DAY_MS, START + MINUTE_MS);
    expect(condition?.message).toMatch(/^A new one was made and verified at 2026-07-01T08:00:00Z\. Failed once since/);
    expect(condition?.next).toBe("Next try 2026-07-01T09:00:00Z, nothing to mint.");
  });

  it("of a paused token says that nothing is written meanwhile, and how that ends", () => {
    const pause = { since: START, until: null, reason: null, deliveries: false };
    const empty = { held: null, trouble: trouble("store_denied") };
    const nexts = (until: number | null, deliveries = false): readonly string[] =>
      targetConditions(targetView(empty, { pause: { ...pause, until, deliveries } }), 0, START).map(({ next }) => next);
    expect(new Set(nexts(null))).toEqual(new Set(["Nothing while it is paused."]));
    expect(new Set(nexts(DEADLINE))).toEqual(new Set([`Nothing until ${formatInstant(DEADLINE)}: it is paused.`]));
    expect(nexts(null, true)[0]).toMatch(/^Next try/);
    const [expired] = targetConditions(targetView({}, { pause }), DAY_MS, EXP);
    expect(expired).toMatchObject({ reason: "expired", action: "`renewd resume flow`." });
  });

  it("names itself and its token in what is to be done", () => {
    const drift = { fingerprint: "dddddddddddddddd", at: START };
    const [condition] = targetConditions(targetView({ drift, held: null, ownership: "none" }), DAY_MS, START);
    expect(condition?.action).toMatch(/`renewd adopt flow airflow`/);
    expect(condition?.action).not.toMatch(/TOKEN|TARGET/);
  });

  it("is next changed by time alone at its deadline and expiry, or after `repair` while it was never filled", () => {
    const at = [START, DEADLINE, EXP].map((now) => nextTargetConditionAt(targetView(), DAY_MS, now));
    expect(at).toEqual([DEADLINE, EXP, null]);
    const empty = targetView({ held: null });
    expect(nextTargetConditionAt(empty, DAY_MS, START)).toBe(START + DAY_MS);
    expect(nextTargetConditionAt(empty, DAY_MS, START + DAY_MS)).toBeNull();
  });
});
