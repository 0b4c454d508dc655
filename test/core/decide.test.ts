import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, paceOf, retryFrom, rolesDiffer, type TokenDecision, type TokenView } from "../../src/core/decide.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Window } from "../../src/core/policy.ts";
import type { Trouble } from "../../src/core/records.ts";
import { HEARTBEAT_MS, scheduleOf } from "../../src/core/schedule.ts";
import {
  DEADLINE,
  declaredToken,
  EXP,
  issue,
  LATEST,
  mint,
  RENEW,
  START,
  tokenRecord,
  tokenView,
  trouble,
  type ViewOver,
} from "./samples.ts";

const words = (text: string): string => expect.stringContaining(text) as string;

/** Open for an hour from every `everyMs` after START + `offsetMs`. */
function openEvery(everyMs: number, offsetMs: number, forMs = HOUR_MS): Window {
  const matches = (at: number): boolean => {
    const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
    return minute >= START && (minute - START - offsetMs) % everyMs === 0;
  };
  return { opens: "test", forMs, timezone: "UTC", matches, mayMatch: () => true };
}

const withWindow = (window: Window, over: ViewOver = {}): TokenView =>
  tokenView({ ...over, declared: { policy: { ...declaredToken().policy, windows: [window] }, ...over.declared } });

describe("with nothing under way", () => {
  it("the first token is made or adopted at once, whatever the windows", () => {
    const decision = decide(withWindow(openEvery(400 * DAY_MS, -1), { record: { desired: null } }), START);
    expect(decision).toEqual({
      do: "renew",
      cause: "first",
      urgent: true,
      windowOverridden: false,
      reason: words("no verified token"),
    });
  });

  it("waits for renew_at, and says when that is", () => {
    expect(decide(tokenView(), START)).toEqual({
      do: "wait",
      until: RENEW,
      reason: "due 2026-07-21T08:00:00Z, 20 d from now",
    });
    expect(decide(tokenView(), RENEW - 1).do).toBe("wait");
  });

  it("is due at renew_at, urgent from `latest` on, and stays due past deadline and expiry", () => {
    expect(decide(tokenView(), RENEW)).toMatchObject({ do: "renew", cause: "due", urgent: false });
    expect(decide(tokenView(), RENEW).reason).toBe("due since 2026-07-21T08:00:00Z");
    expect(decide(tokenView(), LATEST - 1)).toMatchObject({ do: "renew", urgent: false });
    for (const now of [LATEST, DEADLINE, EXP, EXP + 400 * DAY_MS]) {
      expect(decide(tokenView(), now)).toMatchObject({ do: "renew", cause: "due", urgent: true });
    }
  });

  it("a person's wish is done now, whatever schedule and windows say", () => {
    const record = { wish: { at: START, lifetimeMs: null, anew: false } };
    const decision = decide(withWindow(openEvery(400 * DAY_MS, -1), { record }), START + HOUR_MS);
    expect(decision).toMatchObject({ do: "renew", cause: "person", reason: words("person") });
  });

  it("other roles in the settings make it due now where it may be minted anew, and only there", () => {
    const request = { ...declaredToken().request, roles: ["admin", "runner"] };
    const decision = decide(tokenView({ declared: { create: true, request } }), START);
    expect(decision).toMatchObject({ do: "renew", cause: "roles", reason: words("roles") });
    expect(decide(tokenView({ declared: { create: false, request } }), START).do).toBe("wait");
  });
});

describe("outside its windows", () => {
  // Open for an hour every 7 days: on the 14th, the 21st and the 28th day, before `latest` on the 29th.
  const weekly = openEvery(7 * DAY_MS, 0);

  it("a renewal that is not due yet waits for the first opening after renew_at", () => {
    expect(decide(withWindow(weekly), START)).toMatchObject({ do: "wait", until: START + 21 * DAY_MS });
  });

  it("a due renewal waits for the next opening, and says so", () => {
    expect(decide(withWindow(weekly), RENEW + HOUR_MS)).toEqual({
      do: "wait",
      until: START + 21 * DAY_MS,
      reason: "due, but outside its windows until 2026-07-22T08:00:00Z",
    });
    expect(decide(withWindow(weekly), START + 21 * DAY_MS)).toMatchObject({ do: "renew", windowOverridden: false });
    expect(decide(withWindow(weekly), START + 21 * DAY_MS + HOUR_MS)).toMatchObject({ until: START + 28 * DAY_MS });
  });

  it("waits for `latest` where none opens before, then overrides, loudly", () => {
    const never = withWindow(openEvery(400 * DAY_MS, -1));
    expect(decide(never, START)).toMatchObject({ do: "wait", until: LATEST });
    expect(decide(never, RENEW)).toMatchObject({ do: "wait", until: LATEST });
    expect(decide(never, LATEST)).toEqual({
      do: "renew",
      cause: "due",
      urgent: true,
      windowOverridden: true,
      reason: words("overridden"),
    });
  });

  it("overrides nothing while the clock cannot be trusted, but looks again soon", () => {
    const view = withWindow(openEvery(400 * DAY_MS, -1), { clockTrusted: false });
    expect(decide(view, LATEST)).toEqual({ do: "wait", until: LATEST + MINUTE_MS, reason: words("trusted") });
  });

  it("renews inside an open window though the clock cannot be trusted", () => {
    const view = withWindow(openEvery(7 * DAY_MS, 0), { clockTrusted: false });
    expect(decide(view, START + 21 * DAY_MS)).toMatchObject({ do: "renew", windowOverridden: false });
  });

  it("a renewal that began inside and failed is tried again: windows gate only the start", () => {
    const began = START + 21 * DAY_MS + HOUR_MS - MINUTE_MS;
    const failed = trouble("issuer_unreachable", { since: began, nextTryAt: began + 2 * MINUTE_MS });
    const view = withWindow(weekly, { record: { trouble: failed } });
    expect(decide(view, began + 2 * MINUTE_MS)).toMatchObject({ do: "renew" });
  });
});

describe("paused by a person", () => {
  const paused = (until: number | null, over: ViewOver["record"] = {}): TokenView =>
    tokenView({ record: { pause: { since: START, until, reason: "audit", deliveries: false }, ...over } });

  it("nothing starts, and nothing under way goes on, until its end", () => {
    for (const record of [
      {},
      { mint: mint() },
      { mint: mint({ fresh: issue() }) },
      { wish: { at: 0, lifetimeMs: 1, anew: false } },
    ]) {
      const decision = decide(paused(RENEW + DAY_MS, record), RENEW);
      expect(decision).toEqual({ do: "wait", until: RENEW + DAY_MS, reason: "paused by a person: audit" });
    }
  });

  it("without an end waits for the next heartbeat and looks again", () => {
    expect(decide(paused(null), RENEW)).toMatchObject({ do: "wait", until: RENEW + HEARTBEAT_MS });
  });

  it("goes on at its end by itself", () => {
    expect(decide(paused(RENEW), RENEW).do).toBe("renew");
  });
});

describe("after failures", () => {
  const failed = trouble("issuer_unreachable", {
    last: { code: "issuer_unreachable", message: "no route", at: RENEW },
  });
  const backingOff = { trouble: { ...failed, nextTryAt: RENEW + HOUR_MS } };

  it("waits for the next try, and says that it failed before", () => {
    expect(decide(tokenView({ record: backingOff }), RENEW)).toEqual({
      do: "wait",
      until: RENEW + HOUR_MS,
      reason: words("failed before, next try 2026-07-21T09:00:00Z"),
    });
    expect(decide(tokenView({ record: backingOff }), RENEW + HOUR_MS).do).toBe("renew");
  });

  it("a wish made since is tried at once, one made before is not", () => {
    const wish = (at: number): TokenDecision =>
      decide(tokenView({ record: { ...backingOff, wish: { at, lifetimeMs: null, anew: false } } }), RENEW + MINUTE_MS);
    expect(wish(RENEW + 1)).toMatchObject({ do: "renew", cause: "person" });
    expect(wish(RENEW)).toMatchObject({ do: "wait", until: RENEW + HOUR_MS });
  });

  it("a wish for one from nothing is granted, whether or not there is one, and whatever the settings let be made", () => {
    const wish = { at: RENEW + 1, lifetimeMs: null, anew: true };
    for (const desired of [issue(), null]) {
      const decision = decide(tokenView({ record: { ...backingOff, desired, wish } }), RENEW + MINUTE_MS);
      expect(decision).toMatchObject({ do: "renew", cause: "anew", urgent: desired === null });
    }
  });

  it("a wish made since is tried at once for the very first token too", () => {
    const record = { ...backingOff, desired: null, wish: { at: RENEW + 1, lifetimeMs: null, anew: false } };
    expect(decide(tokenView({ record }), RENEW + MINUTE_MS)).toMatchObject({ do: "renew" });
  });

  it("a next try further off than any backoff was written by a clock that leapt, and is now", () => {
    const next = (nextTryAt: number): TokenDecision =>
      decide(tokenView({ record: { trouble: trouble("issuer_unreachable", { nextTryAt }) } }), RENEW);
    expect(next(RENEW + 2 * HOUR_MS)).toMatchObject({ do: "wait", until: RENEW + 2 * HOUR_MS });
    expect(next(RENEW + 2 * HOUR_MS + 1).do).toBe("renew");
  });

  it("waits out the hour's calls when two more would be too many", () => {
    const calls = (count: number): readonly number[] =>
      Array.from({ length: count }, (_, index) => RENEW - 100 + index);
    const now = RENEW;
    expect(retryFrom(failed, calls(10), now)).toBeUndefined();
    expect(retryFrom(failed, calls(11), now)).toBe(RENEW - 100 + HOUR_MS);
    expect(retryFrom(failed, calls(12), now)).toBe(RENEW - 99 + HOUR_MS);
    expect(retryFrom(null, calls(12), now)).toBeUndefined();
  });
});

describe("with a mint open", () => {
  const inDoubt = (over: ViewOver["record"] = {}): TokenView => tokenView({ record: { mint: mint(), ...over } });
  const fresh = issue({ fingerprint: "bbbbbbbbbbbbbbbb", issuerId: "8", startAt: RENEW, expAt: RENEW + 30 * DAY_MS });
  const minted = (over: ViewOver["record"] = {}): TokenView =>
    tokenView({ record: { mint: mint({ fresh }), ...over } });

  /** A failure of this mint, not one from before it. */
  const since = (code: "issuer_unreachable" | "key_unreachable", nextTryAt: number): Trouble =>
    trouble(code, { nextTryAt, last: { code, message: "no", at: RENEW } });

  it("looks at once for what a request of unknown answer made, then again when no answer can come any more", () => {
    const settleAt = RENEW + MINUTE_MS;
    const looked = inDoubt({ mint: mint({ lookedAt: RENEW }) });
    expect(decide(inDoubt(), RENEW)).toEqual({ do: "settle", reason: words("look for what it made") });
    expect(decide(looked, settleAt - 1)).toMatchObject({ do: "wait", until: settleAt, reason: words("under way") });
    expect(decide(looked, settleAt)).toEqual({ do: "settle", reason: words("look for what it made") });
  });

  it("waits for a person where the issuer lists none and revokes the old one, as soon as the answer is lost", () => {
    const severe = { lists: false, overlap: "none", secret: "given", keeps: true } as const;
    const at = (now: number, record: ViewOver["record"] = {}, issuer: ViewOver["issuer"] = severe): TokenDecision =>
      decide(tokenView({ record: { mint: mint(), ...record }, issuer: issuer ?? {} }), now);
    const { settleAt, sentAt } = mint();
    const lost = { trouble: since("issuer_unreachable", sentAt) };
    const person = { do: "wait", until: sentAt + HEARTBEAT_MS, reason: words("only a person can tell") };
    expect(at(sentAt, lost)).toEqual(person);
    expect(at(settleAt - 1)).toMatchObject({ do: "wait", until: settleAt, reason: words("under way") });
    expect(at(settleAt)).toEqual({ ...person, until: settleAt + HEARTBEAT_MS });
    expect(at(sentAt, { ...lost, mint: mint({ fresh }) })).toMatchObject({ do: "verify" });
    expect(at(settleAt, lost, { lists: false, overlap: "kept", secret: "given", keeps: true }).do).toBe("settle");
    expect(at(settleAt, lost, { lists: true, overlap: "none", secret: "given", keeps: true }).do).toBe("settle");
  });

  it("looks at once when that instant cannot rightly be so far off", () => {
    const until = (settleAt: number): TokenDecision =>
      decide(inDoubt({ mint: mint({ settleAt, lookedAt: RENEW }) }), RENEW);
    expect(until(RENEW + 2 * HOUR_MS)).toMatchObject({ do: "wait", until: RENEW + 2 * HOUR_MS });
    expect(until(RENEW + 2 * HOUR_MS + 1).do).toBe("settle");
  });

  it("backs off from looking", () => {
    const later = since("issuer_unreachable", RENEW + HOUR_MS);
    expect(decide(inDoubt({ trouble: later }), RENEW + 2 * MINUTE_MS)).toEqual({
      do: "wait",
      until: RENEW + HOUR_MS,
      reason: words("not known whether"),
    });
  });

  it("is held up by its own failures only, not by one from before it was asked for", () => {
    const before = trouble("issuer_unreachable", { nextTryAt: RENEW + HOUR_MS });
    expect(decide(inDoubt({ trouble: before }), RENEW + MINUTE_MS).do).toBe("settle");
    expect(decide(minted({ trouble: before }), RENEW + MINUTE_MS).do).toBe("verify");
  });

  it("never asks again, though wished for and overdue: first it is settled", () => {
    const view = inDoubt({ wish: { at: LATEST, lifetimeMs: null, anew: false } });
    for (const now of [RENEW, LATEST, DEADLINE, EXP]) expect(decide(view, now).do).not.toBe("renew");
  });

  it("verifies the fresh token, in the windows or not", () => {
    expect(decide(minted(), RENEW + 1)).toEqual({ do: "verify", reason: words("waits to be verified") });
    const view = withWindow(openEvery(400 * DAY_MS, -1), { record: { mint: mint({ fresh }) } });
    expect(decide(view, RENEW + 1).do).toBe("verify");
  });

  it("backs off from verifying", () => {
    const later = since("key_unreachable", RENEW + HOUR_MS);
    expect(decide(minted({ trouble: later }), RENEW + 1)).toMatchObject({ do: "wait", reason: words("verified yet") });
  });

  it("gives the fresh token up when it expired, or can serve nobody and is no better than the one in use", () => {
    expect(decide(minted(), fresh.expAt)).toEqual({ do: "outlive", reason: words("expired") });
    const tooLate = fresh.expAt - (6 * HOUR_MS + 16 * MINUTE_MS);
    expect(decide(minted({ desired: issue({ expAt: fresh.expAt }) }), tooLate - 1).do).toBe("verify");
    expect(decide(minted({ desired: issue({ expAt: fresh.expAt }) }), tooLate)).toEqual({
      do: "outlive",
      reason: words("too little life"),
    });
  });

  it("keeps a fresh token that serves nobody for long but is better than what is there", () => {
    expect(decide(minted(), fresh.expAt - HOUR_MS).do).toBe("verify");
    expect(decide(minted({ desired: null }), fresh.expAt - HOUR_MS).do).toBe("verify");
  });
});

describe("rolesDiffer", () => {
  const differs = (held: readonly string[], wanted: readonly string[]): boolean => {
    const scopes = Object.fromEntries(held.map((role) => [role, []]));
    const request = { ...declaredToken().request, roles: wanted };
    return rolesDiffer(declaredToken({ request }), tokenRecord({ desired: issue({ scopes }) }));
  };

  it.each([
    [["viewer", "runner"], ["runner", "viewer"], false],
    [["runner"], ["runner", "viewer"], true],
    [["runner", "viewer", "admin"], ["runner", "viewer"], true],
    [["anything"], [], false],
  ])("%j held, %j declared: %s", (held, wanted, answer) => expect(differs(held, wanted)).toBe(answer));

  it("says nothing without a token", () => expect(rolesDiffer(declaredToken(), { desired: null })).toBe(false));
});

describe("whatever issue and settings", () => {
  const cases = fc.record({
    lifetime: fc.integer({ min: MINUTE_MS, max: 90 * DAY_MS }),
    u: fc.double({ min: 0, max: 0.999, noNaN: true }),
    share: fc.double({ min: 0.05, max: 0.9, noNaN: true }),
    repairMs: fc.nat(5 * DAY_MS),
    holdMs: fc.nat(2 * DAY_MS),
    minIntervalMs: fc.integer({ min: 1_000, max: DAY_MS }),
    everyMs: fc.integer({ min: 60, max: 10_000 }).map((minutes) => minutes * MINUTE_MS),
    windows: fc.boolean(),
  });

  /** Follows the decision's own `until`, as the sweep does, and answers when the renewal starts. */
  function startOf(view: TokenView, from: number): number {
    let now = from;
    for (let looks = 0; looks < 50; looks += 1) {
      const decision = decide(view, now);
      if (decision.do !== "wait") return now;
      expect(decision.until).toBeGreaterThan(now);
      now = decision.until;
    }
    throw new Error("never decides to renew");
  }

  it("a renewal starts no later than `latest` when it could be on time, never before its floor, and never twice", () => {
    fc.assert(
      fc.property(cases, ({ lifetime, u, share, repairMs, holdMs, minIntervalMs, everyMs, windows }) => {
        const base = declaredToken();
        const declared = declaredToken({
          policy: {
            ...base.policy,
            renewBefore: { share },
            repairMs,
            windows: windows ? [openEvery(everyMs, 0, 10 * MINUTE_MS)] : [],
          },
          targets: base.targets.map((target) => ({ ...target, holdMs })),
        });
        const pace = paceOf(declared, minIntervalMs);
        const viewOf = (startAt: number): TokenView => ({
          declared,
          record: tokenRecord({ desired: issue({ startAt, expAt: startAt + lifetime, u }) }),
          pace,
          clockTrusted: true,
          issuer: { lists: true, overlap: "kept", secret: "given", keeps: true },
          retireAt: null,
        });
        const view = viewOf(START);
        const { latestAt, floorAt, renewAt } = scheduleOf(issue({ expAt: START + lifetime, u }), pace);
        const started = startOf(view, START);
        expect(started).toBeGreaterThanOrEqual(floorAt);
        expect(started).toBeGreaterThanOrEqual(renewAt);
        expect(started).toBeLessThanOrEqual(Math.max(latestAt, floorAt));
        // The issue that this renewal brings is not due itself.
        expect(decide(viewOf(started), started).do).toBe("wait");
        expect(startOf(viewOf(started), started) - started).toBeGreaterThanOrEqual(Math.floor(lifetime / 10));
      }),
      { numRuns: 300 },
    );
  });

  it("the same record at the same instant decides the same", () => {
    const instants = fc.integer({ min: START - DAY_MS, max: EXP + DAY_MS });
    fc.assert(
      fc.property(instants, (now) => {
        const view = tokenView();
        const before = structuredClone(view.record);
        expect(decide(view, now)).toEqual(decide(view, now));
        expect(view.record).toEqual(before);
      }),
    );
  });
});
