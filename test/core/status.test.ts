import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../../src/core/duration.ts";
import type { TargetRecord } from "../../src/core/records.ts";
import { renewalAt, tokenStatus, type TargetStatus, type TokenStatus } from "../../src/core/status.ts";
import {
  DEADLINE,
  declaredTarget,
  EXP,
  held,
  issue,
  LATEST,
  mint,
  RENEW,
  START,
  targetRecord,
  tokenView,
  trouble,
  type ViewOver,
} from "./samples.ts";

const statusOf = (record: ViewOver["record"], now: number): TokenStatus =>
  tokenStatus(tokenView({ record: record ?? {} }), [targetRecord({ observedAt: now })], now);

function targetOf(record: Partial<TargetRecord>, now = START): TargetStatus {
  const [target] = tokenStatus(tokenView(), [targetRecord({ observedAt: now, ...record })], now).targets;
  if (target === undefined) throw new TypeError("it has one target");
  return target;
}

const failed = { trouble: trouble("issuer_unreachable", { since: RENEW, nextTryAt: EXP }) };
const quarantined = {
  ...issue({ startAt: RENEW, expAt: RENEW + 30 * DAY_MS }),
  check: "roles",
  message: "no",
  at: RENEW,
  validAt: RENEW,
} as const;

describe("the state of a token", () => {
  it.each<[TokenStatus["state"], boolean, ViewOver["record"], number]>([
    ["ok", true, {}, START],
    ["due", true, {}, RENEW],
    ["first", true, { desired: null }, START],
    ["renewing", true, { mint: mint() }, RENEW],
    ["in_doubt", true, { mint: mint() }, mint().settleAt],
    ["verifying", true, { mint: mint({ fresh: issue() }) }, RENEW],
    ["failing", true, failed, RENEW],
    ["failing", false, { trouble: trouble("sign_in_refused") }, RENEW],
    ["quarantined", false, { quarantined }, RENEW],
    ["paused", true, { pause: { since: START, until: null, reason: null, deliveries: false } }, RENEW],
    ["due", true, { pause: { since: START, until: RENEW, reason: null, deliveries: false } }, RENEW],
    ["late", false, failed, LATEST],
    ["late", false, {}, DEADLINE],
    ["late", false, { pause: { since: START, until: null, reason: null, deliveries: false } }, DEADLINE],
    ["expired", false, { quarantined }, EXP],
  ])("is %s (well: %s)", (state, _, record, now) => expect(statusOf(record, now).state).toBe(state));

  it.each<[string, boolean, ViewOver["record"], number]>([
    ["is not due", true, {}, START],
    ["is being renewed", true, { mint: mint() }, RENEW],
    ["failed once in passing", true, failed, RENEW],
    ["has gained scopes", true, { desired: issue({ warnings: [{ kind: "scopes_gained", scopes: ["a"] }] }) }, START],
    ["cannot be renewed without a person", false, { trouble: trouble("sign_in_refused") }, RENEW],
    ["is quarantined", false, { quarantined }, RENEW],
    [
      "is paused past its deadline",
      false,
      { pause: { since: START, until: null, reason: null, deliveries: false } },
      DEADLINE,
    ],
  ])("that %s: is it well? %s", (_, ok, record, now) => expect(statusOf(record, now).ok).toBe(ok));
});

describe("the state of a target", () => {
  const delivery = { fingerprint: issue().fingerprint, at: START } as const;

  it.each<[TargetStatus["state"], boolean, Partial<TargetRecord>, number]>([
    ["ok", true, {}, START],
    ["empty", true, { held: null }, START],
    ["behind", true, { held: held({ fingerprint: "bbbbbbbbbbbbbbbb", startAt: START - DAY_MS }) }, START],
    ["confirming", true, { delivery: { ...delivery, phase: "written" } }, START],
    ["notifying", true, { delivery: { ...delivery, phase: "confirmed" } }, START],
    ["failing", true, { trouble: trouble("store_unreachable") }, START],
    ["drift", false, { drift: { fingerprint: null, at: START } }, START],
    ["not_owned", false, { held: null, ownership: "none", drift: { fingerprint: null, at: START } }, START],
    ["late", false, { held: null }, START + DAY_MS],
    ["late", false, {}, DEADLINE],
    ["expired", false, {}, EXP],
  ])("is %s (well: %s)", (state, ok, record, now) => expect(targetOf(record, now)).toMatchObject({ state, ok }));

  it("is withdrawn while it holds what was rolled back, failing or not", () => {
    const ahead = held({ fingerprint: "bbbbbbbbbbbbbbbb", startAt: RENEW });
    const view = tokenView({ record: { withdrawn: [ahead.fingerprint] } });
    const failing = trouble("store_unreachable");
    const targets = [targetRecord({ held: ahead, trouble: failing, observedAt: START })];
    const [target] = tokenStatus(view, targets, START).targets;
    expect(target).toMatchObject({ state: "withdrawn", advice: { reason: expect.stringContaining("rolled back") } });
  });

  it("makes its token not well, however well that is itself", () => {
    const targets = [targetRecord({ ownership: "none", held: null, drift: { fingerprint: null, at: START } })];
    expect(tokenStatus(tokenView(), targets, START)).toMatchObject({ state: "undelivered", ok: false });
  });
});

describe("a token that is well itself", () => {
  const declared = { targets: ["a", "b"].map((label) => declaredTarget({ label })) };
  const older = held({ fingerprint: "bbbbbbbbbbbbbbbb", startAt: START - DAY_MS });
  const shown = (...targets: readonly Partial<TargetRecord>[]): TokenStatus => {
    const records = ["a", "b"].map((label, index) => targetRecord({ label, observedAt: START, ...targets[index] }));
    return tokenStatus(tokenView({ declared }), records, START);
  };

  it("is delivered in part when some target holds it and another does not, and says which", () => {
    expect(shown({}, {}).state).toBe("ok");
    const part = shown({}, { held: older });
    expect(part.state).toBe("delivered_in_part");
    expect(part.advice?.reason).toBe("1 of 2 targets hold the newest token; not yet b.");
    expect(shown({ held: null }, {}).advice?.reason).toContain("not yet a.");
  });

  it("is undelivered when none holds it, or when all do and something else is left to do", () => {
    expect(shown({ held: older }, { held: null }).state).toBe("undelivered");
    const left = { delivery: { phase: "confirmed", fingerprint: issue().fingerprint, at: START } } as const;
    expect(shown(left, {}).state).toBe("undelivered");
  });
});

describe("advice", () => {
  const severe = { lists: false, overlap: "none", secret: "given", keeps: true } as const;
  const rolledBack = { since: START, until: null, reason: "rolled back from bbbb", deliveries: true };

  it.each<[TokenStatus["state"], ViewOver, number, RegExp, RegExp]>([
    ["quarantined", { record: { quarantined } }, RENEW, /is quarantined: no \(roles\)/, /renewd accept flow/],
    ["in_doubt", { record: { mint: mint() } }, mint().settleAt, /was lost/, /looks for what it made/],
    ["failing", { record: { trouble: trouble("token_absent") } }, RENEW, /token_absent/, /make one by hand/],
    ["failing", { record: failed }, RENEW, /issuer_unreachable/, /^Nothing yet\. If it goes on: Check the issuer/],
    [
      "paused",
      { record: { pause: rolledBack } },
      START,
      /rolled back from bbbb; targets are put right/,
      /resume TOKEN/,
    ],
    ["late", {}, LATEST, /Not renewed yet/, /renewd plan/],
    ["due", {}, RENEW, /time to renew/, /Nothing/],
  ])("for %s: why, and what a person does", (state, over, now, why, you) => {
    const { advice, ...status } = tokenStatus(tokenView(over), [targetRecord({ observedAt: now })], now);
    expect(status.state).toBe(state);
    expect(advice?.reason).toMatch(why);
    expect(advice?.you).toMatch(you);
  });

  it("for a token that waits for a person names the verb", () => {
    const view = tokenView({ record: { mint: mint() }, issuer: severe });
    const status = tokenStatus(view, [targetRecord()], mint().settleAt);
    expect(status).toMatchObject({ state: "waiting_for_person", ok: false });
    expect(status.advice?.you).toContain("renewd discard flow");
  });

  it.each<[TargetStatus["state"], Partial<TargetRecord>, RegExp, RegExp]>([
    ["drift", { drift: { fingerprint: null, at: START } }, /Somebody else wrote it/, /other writer/],
    [
      "not_owned",
      { held: null, ownership: "none", drift: { fingerprint: null, at: START } },
      /not ours/,
      /renewd adopt/,
    ],
    ["failing", { trouble: trouble("store_unreachable") }, /store_unreachable/, /Nothing yet/],
    ["failing", { trouble: trouble("store_denied") }, /store_denied/, /grant or mend what the message names/],
    ["empty", { held: null }, /No token of ours/, /Nothing/],
    ["behind", { held: held({ fingerprint: "bbbbbbbbbbbbbbbb", startAt: START - 1 }) }, /older/, /Nothing/],
  ])("for a target that is %s: why, and what a person does", (state, record, why, you) => {
    const target = targetOf(record);
    expect(target.state).toBe(state);
    expect(target.advice?.reason).toMatch(why);
    expect(target.advice?.you).toMatch(you);
  });

  it("of a token that is well itself is what the gravest of its targets needs, not to do nothing", () => {
    const declared = { targets: ["a", "b", "c"].map((label) => declaredTarget({ label })) };
    const older = held({ fingerprint: "bbbbbbbbbbbbbbbb", startAt: START - DAY_MS, expAt: START + DAY_MS });
    const [a, b, c] = [
      targetRecord({ label: "a", drift: { fingerprint: null, at: START } }),
      targetRecord({ label: "b", held: older, trouble: trouble("store_quota") }),
      targetRecord({ label: "c", held: older }),
    ];
    const adviceAt = (now: number): TokenStatus["advice"] =>
      tokenStatus(tokenView({ declared }), [a, b, c], now).advice;
    expect(adviceAt(START)?.you).toBe("a: Find the other writer, or it will do so again.");
    expect(adviceAt(older.expAt)?.you).toMatch(/^b: The store is full .* Then `renewd renew flow` tries at once\.$/);
    const behind = targetOf({ held: older, lastDrift: { fingerprint: null, at: START } });
    expect([behind.state, behind.advice?.you]).toEqual(["behind", "Find the other writer, or it will do so again."]);
  });

  it("and what is told of the token count what its targets hold", () => {
    const older = held({ fingerprint: "bbbbbbbbbbbbbbbb", startAt: START - DAY_MS, expAt: RENEW });
    const view = tokenView({ record: { trouble: trouble("token_absent") } });
    expect(tokenStatus(view, [targetRecord({ held: older })], RENEW).conditions[0]).toMatchObject({ expAt: RENEW });
  });

  it("is null where all is well", () => {
    expect(statusOf({}, START).advice).toBeNull();
    expect(targetOf({}).advice).toBeNull();
  });
});

describe("what is shown of a token", () => {
  it("is its names, what it is and was, its schedule, and what happens next by itself", () => {
    const previous = issue({ fingerprint: "bbbbbbbbbbbbbbbb", issuerId: "6", origin: "adopted" });
    const status = statusOf({ previous, lastSuccessAt: START }, START);
    expect(status).toMatchObject({
      token: "flow",
      name: "airflow-flowapi",
      issuer: "flowauth",
      next: { action: "wait", at: RENEW, reason: expect.stringContaining("due") as string },
      newest: { fingerprint: issue().fingerprint, roles: ["runner", "viewer"], origin: "minted" },
      previous: { fingerprint: "bbbbbbbbbbbbbbbb", issuerId: "6", origin: "adopted" },
      schedule: { renewAt: RENEW, deadlineAt: DEADLINE },
      lastSuccessAt: START,
      targets: [
        { target: "airflow", store: "aws", deadlineAt: DEADLINE, next: { action: "wait", at: START + HOUR_MS } },
      ],
    });
    expect(statusOf({}, RENEW).next).toMatchObject({ action: "renew", at: null });
    expect(statusOf({ desired: null }, START)).toMatchObject({ newest: null, previous: null, schedule: null });
  });

  it("has its targets in the order of the settings, and only those that are declared", () => {
    const targets = ["b", "a"].map((label) => declaredTarget({ label }));
    const view = tokenView({ declared: { targets } });
    const records = ["a", "b", "gone"].map((label) => targetRecord({ label }));
    expect(tokenStatus(view, records, START).targets.map(({ target }) => target)).toEqual(["b", "a"]);
  });
});

describe("when the renewal can start", () => {
  const schedule = { renewAt: 100, latestAt: 300, floorAt: 0, deadlineAt: 400 };

  it("is by the schedule where there are no windows, else at the first opening after that", () => {
    expect(renewalAt({ schedule: null, windows: [] })).toBeNull();
    expect(renewalAt({ schedule, windows: [] })).toBe(100);
    expect(renewalAt({ schedule, windows: [{ opensAt: 200, closesAt: 250 }] })).toBe(200);
    expect(renewalAt({ schedule, windows: [{ opensAt: 50, closesAt: 250 }] })).toBe(100);
  });
});
