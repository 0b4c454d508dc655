import { describe, expect, it } from "vitest";
import { decide } from "../../src/core/decide.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { AcceptedIssue, RetiringIssue, TargetRecord, TokenRecord, Trouble } from "../../src/core/records.ts";
import { givenUp, hasExpired, nextRetirement } from "../../src/core/retirement.ts";
import {
  declaredTarget,
  declaredToken,
  EXP,
  held,
  issue,
  mint,
  RENEW,
  START,
  targetRecord,
  tokenView,
  trouble,
  type ViewOver,
} from "./samples.ts";

const NEWER: AcceptedIssue = issue({
  fingerprint: "bbbbbbbbbbbbbbbb",
  issuerId: "8",
  startAt: RENEW,
  expAt: RENEW + 30 * DAY_MS,
  acceptedAt: RENEW,
});
const SINCE = RENEW + 5 * MINUTE_MS;
/** 6 h of hold, 15 min of propagation, and the leeway of a minute. */
const NEED_MS = 6 * HOUR_MS + 16 * MINUTE_MS;
const RETIRES = { ...declaredToken().request, retire: true };
const slow = declaredTarget({ label: "slow", holdMs: 2 * DAY_MS });

const holdsNewer = (over: Partial<TargetRecord> = {}): TargetRecord =>
  targetRecord({ held: held({ ...NEWER, sinceAt: SINCE, provedAt: SINCE }), ...over });

interface Case {
  readonly record?: Partial<Pick<TokenRecord, "desired" | "previous" | "retiring">>;
  readonly targets?: readonly TargetRecord[];
  readonly declared?: Partial<ReturnType<typeof declaredToken>>;
  readonly steadySince?: number;
}

function next({ record, targets = [holdsNewer()], declared, steadySince = START }: Case = {}): readonly unknown[] {
  const all = { desired: NEWER, previous: issue(), retiring: [], ...record };
  const { request } = { request: RETIRES, ...declared };
  const found = nextRetirement(declaredToken({ ...declared, request }), all, targets, steadySince, RENEW + DAY_MS);
  return found === null ? [] : [found.issue.fingerprint, found.at];
}
const at = (over: Case = {}): unknown => next(over)[1] ?? null;
const older = (letter: string, why: Trouble | null = null, over: Partial<AcceptedIssue> = {}): RetiringIssue => {
  const { fingerprint, issuerId, startAt, expAt, u } = issue({ fingerprint: letter.repeat(16), ...over });
  return { fingerprint, issuerId, startAt, expAt, u, trouble: why };
};
const ENDLESS = { request: { ...RETIRES, lifetimeMs: Infinity } };

describe("the token before the newest may be ended", () => {
  it("when its target's last reader has gone over: hold, propagation and leeway after the newest was proved there", () => {
    expect(at()).toBe(SINCE + NEED_MS);
  });

  it("when the slowest target's has", () => {
    const targets = [holdsNewer(), holdsNewer({ label: "slow" })];
    expect(at({ declared: { targets: [declaredTarget(), slow] }, targets })).toBe(SINCE + NEED_MS + 42 * HOUR_MS);
  });

  it("not before the newest was accepted, whatever a target was seen to hold before", () => {
    const early = [holdsNewer({ held: held({ ...NEWER, sinceAt: START }) })];
    expect(at({ targets: early })).toBe(RENEW);
  });

  it("although a target is no longer declared, whose readers the state tells of", () => {
    expect(at({ targets: [holdsNewer(), targetRecord({ label: "gone" })] })).toBe(SINCE + NEED_MS);
  });

  it.each<[string, Case]>([
    ["unless the settings say so", { declared: { request: { ...RETIRES, retire: false } } }],
    ["where there is none", { record: { previous: null } }],
    ["where nothing is in use", { record: { desired: null } }],
    ["where somebody else made it", { record: { previous: issue({ origin: "adopted" }) } }],
    ["where it expires before anyway", { record: { previous: issue({ expAt: SINCE + NEED_MS }) } }],
    ["while a target holds the old one", { targets: [targetRecord()] }],
    ["while a target was never filled", { targets: [holdsNewer({ held: null })] }],
    ["while a declared target has no record", { declared: { targets: [declaredTarget(), slow] } }],
    [
      "while a hook is still to be told",
      { targets: [holdsNewer({ delivery: { phase: "confirmed", fingerprint: NEWER.fingerprint, at: SINCE } })] },
    ],
    [
      "while a target was not yet proved to hold the newest as it was extended",
      { record: { desired: { ...NEWER, expAt: NEWER.expAt + DAY_MS } } },
    ],
  ])("never %s", (_, over) => expect(at(over)).toBeNull());
});

describe("those that wait to be ended", () => {
  const gone = SINCE + NEED_MS;
  const waiting = (...retiring: readonly RetiringIssue[]): Case => ({ record: { retiring } });

  it("go before the previous one, oldest first, as soon as nobody uses what came before the newest", () => {
    const [a, b] = [older("c"), older("d")];
    expect(next(waiting(a, b))).toEqual([a.fingerprint, gone]);
    expect(next(waiting())).toEqual([issue().fingerprint, gone]);
  });

  it("count no time of which the clock may have leapt", () => {
    expect(next({ ...waiting(older("c")), steadySince: SINCE + HOUR_MS })[1]).toBe(gone + HOUR_MS);
  });

  it("and fail wait by themselves: another is tried meanwhile, though not at once", () => {
    const failed = trouble("issuer_error", { last: { code: "issuer_error", message: "no", at: gone - MINUTE_MS } });
    const [a, b] = [older("c", { ...failed, nextTryAt: gone + HOUR_MS }), older("d")];
    const now = gone;
    const all = { desired: NEWER, previous: null, retiring: [a, b] };
    const found = nextRetirement(declaredToken({ request: RETIRES }), all, [holdsNewer()], START, now);
    expect(found).toEqual({ issue: b, at: gone + 4 * MINUTE_MS });
  });

  it("are done with when they expire, whatever holds them up, unless that end is only reckoned", () => {
    const a = older("c", null, { expAt: SINCE + MINUTE_MS });
    const blind = { ...waiting(a), targets: [targetRecord()] };
    expect(next({ ...blind, record: { retiring: [a], previous: null } })).toEqual([a.fingerprint, a.expAt]);
    expect(hasExpired(declaredToken({ request: RETIRES }), a, a.expAt)).toBe(true);
    expect(hasExpired(declaredToken({ request: RETIRES }), a, a.expAt - 1)).toBe(false);
    expect(next({ ...blind, declared: ENDLESS })).toEqual([]);
    expect(next({ ...waiting(a), declared: ENDLESS })).toEqual([a.fingerprint, gone]);
    expect(hasExpired(declaredToken(ENDLESS), a, a.expAt + DAY_MS)).toBe(false);
    const { policy } = declaredToken();
    const reckoned = { ...waiting(a), declared: { policy: { ...policy, renewEveryMs: DAY_MS } } };
    expect(next(reckoned)).toEqual([a.fingerprint, gone]);
  });

  it("are at most 20: beyond that the oldest are given up, and all where the settings ask for it no more", () => {
    const retiring = [..."bcdefghijklmnopqrstu"].map((letter) => older(letter));
    const declared = declaredToken({ request: RETIRES });
    const record = { desired: NEWER, previous: issue(), retiring };
    expect(givenUp(declared, record)).toEqual([retiring[0]]);
    expect(givenUp(declared, { ...record, previous: null })).toEqual([]);
    expect(givenUp(declared, { ...record, previous: issue({ origin: "adopted" }) })).toEqual([]);
    expect(givenUp(declaredToken(), record)).toEqual(retiring);
  });
});

describe("what is decided of it", () => {
  const SOON = RENEW + HOUR_MS;
  const doneAt = (over: ViewOver, now: number): string =>
    decide(tokenView({ retireAt: SOON, ...over, record: { desired: NEWER, previous: issue(), ...over.record } }), now)
      .do;

  it("it is waited for, and done from then on", () => {
    const view = tokenView({ retireAt: SOON, record: { desired: NEWER, previous: issue() } });
    expect(decide(view, SOON - 1)).toMatchObject({ do: "wait", until: SOON });
    expect(decide(view, SOON)).toMatchObject({ do: "retire" });
  });

  it("a renewal that is due, an open request and a pause come first", () => {
    const due = RENEW + 20 * DAY_MS;
    expect(doneAt({}, due)).toBe("renew");
    expect(doneAt({ record: { wish: { at: SOON, lifetimeMs: null, anew: false } } }, SOON)).toBe("renew");
    expect(doneAt({ record: { mint: mint({ sentAt: SOON, settleAt: SOON + MINUTE_MS }) } }, SOON + 1)).toBe("settle");
    expect(doneAt({ record: { pause: { since: SOON, until: null, reason: null, deliveries: false } } }, SOON)).toBe(
      "wait",
    );
  });

  it("a wait for something nearer stays as it is", () => {
    const view = tokenView({ retireAt: EXP + 40 * DAY_MS, record: { desired: NEWER, previous: issue() } });
    const decision = decide(view, SOON);
    expect(decision).toMatchObject({ do: "wait" });
    expect(decision).toEqual(decide({ ...view, retireAt: null }, SOON));
  });
});
