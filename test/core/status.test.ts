import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../../src/core/duration.ts";
import type { TargetRecord } from "../../src/core/records.ts";
import { tokenStatus, type TargetStatus, type TokenStatus } from "../../src/core/status.ts";
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

describe("the state of a token", () => {
  const failed = { trouble: trouble("issuer_unreachable", { since: RENEW, nextTryAt: EXP }) };
  const quarantined = { ...issue(), check: "roles", message: "no", at: RENEW } as const;

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
    ["paused", true, { pause: { since: START, until: null, reason: null } }, RENEW],
    ["due", true, { pause: { since: START, until: RENEW, reason: null } }, RENEW],
    ["late", false, failed, LATEST],
    ["late", false, {}, DEADLINE],
    ["late", false, { pause: { since: START, until: null, reason: null } }, DEADLINE],
    ["expired", false, { quarantined }, EXP],
  ])("is %s (well: %s)", (state, _, record, now) => expect(statusOf(record, now).state).toBe(state));

  it.each<[string, boolean, ViewOver["record"], number]>([
    ["is not due", true, {}, START],
    ["is being renewed", true, { mint: mint() }, RENEW],
    ["failed once in passing", true, failed, RENEW],
    ["has gained scopes", true, { desired: issue({ warnings: [{ kind: "scopes_gained", scopes: ["a"] }] }) }, START],
    ["cannot be renewed without a person", false, { trouble: trouble("sign_in_refused") }, RENEW],
    ["is quarantined", false, { quarantined }, RENEW],
    ["is paused past its deadline", false, { pause: { since: START, until: null, reason: null } }, DEADLINE],
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

  it("makes its token not well, however well that is itself", () => {
    const targets = [targetRecord({ ownership: "none", held: null, drift: { fingerprint: null, at: START } })];
    expect(tokenStatus(tokenView(), targets, START)).toMatchObject({ state: "undelivered", ok: false });
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
