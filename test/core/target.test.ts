import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { AcceptedIssue } from "../../src/core/records.ts";
import { decideTarget, targetDeadlineAt } from "../../src/core/target.ts";
import { DEADLINE, declaredTarget, held, issue, RENEW, START, targetRecord, targetView, trouble } from "./samples.ts";

const words = (text: string): string => expect.stringContaining(text) as string;

const newer = (over: Partial<AcceptedIssue> = {}): AcceptedIssue =>
  issue({ fingerprint: "bbbbbbbbbbbbbbbb", issuerId: "8", startAt: RENEW, expAt: RENEW + 30 * DAY_MS, ...over });
/** Looked at just now, so that only what it holds decides. */
const seen = (now: number, over: Parameters<typeof targetRecord>[0] = {}): Parameters<typeof targetRecord>[0] => ({
  observedAt: now,
  ...over,
});

describe("a target", () => {
  it("is looked at first, before anything is written", () => {
    const view = targetView({ held: null, ownership: "none", observedAt: null });
    expect(decideTarget(view, START)).toEqual({ do: "observe", reason: "never looked at yet" });
  });

  it("that holds nothing of ours gets the desired token", () => {
    expect(decideTarget(targetView(seen(START, { held: null })), START)).toEqual({
      do: "deliver",
      reason: "it does not hold our token",
    });
  });

  it("that holds a withdrawn one gets whatever is desired and lives, older or not, long enough or not", () => {
    const ahead = held({ fingerprint: "cccccccccccccccc", issuerId: "9", startAt: RENEW, expAt: RENEW + 30 * DAY_MS });
    const view = targetView(seen(RENEW, { held: ahead }), { withdrawn: [ahead.fingerprint] });
    expect(decideTarget(view, RENEW)).toEqual({ do: "deliver", reason: "what it holds was withdrawn" });
    const { expAt } = issue();
    const at = (now: number): string => decideTarget({ ...view, record: { ...view.record, observedAt: now } }, now).do;
    expect([at(expAt - 1), at(expAt)]).toEqual(["deliver", "wait"]);
    expect(decideTarget({ ...view, withdrawn: ["dddddddddddddddd"] }, RENEW).do).toBe("wait");
    expect(decideTarget({ ...view, desired: null }, RENEW).do).toBe("wait");
  });

  it("of a token that was rolled back is worked on although it is paused", () => {
    const pause = { since: START, until: null, reason: null, deliveries: true };
    expect(decideTarget(targetView(seen(START, { held: null }), { pause }), START).do).toBe("deliver");
    const ordinary = { ...pause, deliveries: false };
    expect(decideTarget(targetView(seen(START, { held: null }), { pause: ordinary }), START).do).toBe("wait");
  });

  it("that holds an older one gets the newer one, though that lives shorter, while it serves", () => {
    const view = targetView(seen(RENEW), { desired: newer({ expAt: RENEW + 5 * DAY_MS }) });
    expect(decideTarget(view, RENEW)).toEqual({ do: "deliver", reason: "a newer token was verified" });
  });

  it("that holds the desired one, or one that supersedes it, is left alone", () => {
    expect(decideTarget(targetView(seen(RENEW)), RENEW)).toEqual({
      do: "wait",
      until: RENEW + HOUR_MS,
      reason: "holds the newest token",
    });
    const ahead = held({ fingerprint: "cccccccccccccccc", issuerId: "9", startAt: RENEW });
    expect(decideTarget(targetView(seen(RENEW, { held: ahead })), RENEW).do).toBe("wait");
  });

  it("waits where there is nothing to deliver yet", () => {
    const view = targetView(seen(START, { held: null }), { desired: null });
    expect(decideTarget(view, START)).toEqual({ do: "wait", until: START + HOUR_MS, reason: "nothing to deliver yet" });
  });

  it("gets a token that is too short for its readers only when that is better than what is there", () => {
    const short = newer({ expAt: RENEW + HOUR_MS });
    const empty = targetView(seen(RENEW, { held: null }), { desired: short });
    expect(decideTarget(empty, RENEW).do).toBe("deliver");
    expect(decideTarget(targetView(seen(RENEW), { desired: short }), RENEW).do).toBe("wait");
    const expired = targetView(seen(short.expAt, { held: null }), { desired: short });
    expect(decideTarget(expired, short.expAt).do).toBe("wait");
  });

  it("is looked at again after its interval, or when that instant lies ahead of a clock that was set back", () => {
    expect(decideTarget(targetView(), START + HOUR_MS - 1)).toMatchObject({ do: "wait", until: START + HOUR_MS });
    expect(decideTarget(targetView(), START + HOUR_MS)).toEqual({ do: "observe", reason: words("time to look") });
    expect(decideTarget(targetView(), START - 1).do).toBe("observe");
  });

  it("that was written is confirmed, then its hook is told, before anything else", () => {
    const { fingerprint } = issue();
    const written = { phase: "written", fingerprint, at: START } as const;
    expect(decideTarget(targetView({ delivery: written, observedAt: null }), START).do).toBe("confirm");
    expect(decideTarget(targetView({ delivery: { ...written, phase: "confirmed" } }), START).do).toBe("notify");
  });

  it("that failed before it was written is looked at as any: what was mended is seen to be mended at once", () => {
    const delivery = { phase: "written", fingerprint: issue().fingerprint, at: START + 1 } as const;
    const failed = trouble("store_denied", { nextTryAt: 0 });
    expect(decideTarget(targetView({ delivery, trouble: failed }), START + 2).do).toBe("confirm");
  });

  it("that fails and was written is looked at once its propagation is over, not again and again", () => {
    const delivery = { phase: "written", fingerprint: issue().fingerprint, at: START } as const;
    const failed = targetView({ delivery, trouble: trouble("store_not_visible", { nextTryAt: 0 }) });
    const visibleAt = START + 15 * MINUTE_MS;
    expect(decideTarget(failed, START)).toMatchObject({ do: "wait", until: visibleAt });
    expect(decideTarget(failed, visibleAt - 1).do).toBe("wait");
    expect(decideTarget(failed, visibleAt).do).toBe("confirm");
    expect(decideTarget(failed, START - 1).do).toBe("confirm");
    expect(decideTarget(targetView({ delivery }), START).do).toBe("confirm");
  });

  it("that still owes an older token jumps to the newest", () => {
    const delivery = { phase: "written", fingerprint: issue().fingerprint, at: RENEW } as const;
    const view = targetView(seen(RENEW, { delivery }), { desired: newer() });
    expect(decideTarget(view, RENEW).do).toBe("deliver");
  });

  it("backs off after a failure, whatever it was about to do", () => {
    const later = trouble("store_unreachable", { nextTryAt: START + HOUR_MS });
    for (const record of [{}, { observedAt: null }, { held: null }]) {
      const view = targetView({ ...record, trouble: later });
      expect(decideTarget(view, START)).toEqual({ do: "wait", until: START + HOUR_MS, reason: words("failed before") });
    }
    expect(decideTarget(targetView({ held: null, trouble: later }), START + HOUR_MS).do).not.toBe("wait");
  });

  it("is not touched while its token is paused", () => {
    const pause = { since: START, until: START + MINUTE_MS, reason: null, deliveries: false };
    const view = targetView({ held: null, observedAt: null }, { pause });
    expect(decideTarget(view, START)).toMatchObject({ do: "wait", until: START + MINUTE_MS, reason: words("paused") });
    expect(decideTarget(view, START + MINUTE_MS).do).toBe("observe");
  });

  it("has a deadline by what it was proved to hold; one that was never filled has none", () => {
    expect(targetDeadlineAt(declaredTarget(), targetRecord())).toBe(DEADLINE);
    expect(targetDeadlineAt(declaredTarget(), targetRecord({ held: null }))).toBeNull();
  });

  it("is never written over with what does not supersede what it holds", () => {
    const issues = fc.record({
      startAt: fc.integer({ min: START, max: START + 3 }),
      issuerId: fc.option(fc.nat(3).map(String)),
      expAt: fc.integer({ min: START, max: START + 60 * DAY_MS }),
    });
    fc.assert(
      fc.property(issues, issues, fc.nat(60 * DAY_MS), (a, b, later) => {
        const now = START + later;
        const view = targetView(seen(now, { held: held(a) }), { desired: issue(b) });
        if (decideTarget(view, now).do !== "deliver") return;
        const supersedes = b.startAt > a.startAt || (b.startAt === a.startAt && b.issuerId !== a.issuerId);
        // What has expired serves nobody: whatever lives is better.
        expect(supersedes || a.expAt <= now).toBe(true);
        expect(b.expAt).toBeGreaterThan(now);
      }),
    );
  });
});
