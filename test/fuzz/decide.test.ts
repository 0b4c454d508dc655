import fc from "fast-check";
import { expect } from "vitest";
import { decide } from "../../src/core/decide.ts";
import { DAY_MS, HOUR_MS, SECOND_MS } from "../../src/core/duration.ts";
import { ERRORS, type ErrorCode } from "../../src/core/errors.ts";
import { compareIssues, newestOf, supersedes } from "../../src/core/issue.ts";
import type { IssuerCapabilities } from "../../src/core/ports.ts";
import type { TargetRecord } from "../../src/core/records.ts";
import { HEARTBEAT_MS, scheduleOf } from "../../src/core/schedule.ts";
import { decideTarget } from "../../src/core/target.ts";
import { declaredTarget, held, issue, targetRecord, tokenRecord, tokenView, trouble } from "../core/samples.ts";
import { fuzz } from "./fuzz.ts";
import { acceptedDeclared, anyDeclared, length } from "./schedule-arbitraries.ts";
import { type Happening, type Outcome, TokenWalk } from "./token-walk.ts";

const NOW = Date.UTC(2027, 2, 1);
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const code = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]));
const outcome: fc.Arbitrary<Outcome> = fc.record({
  end: fc.constantFrom("made", "made", "refused", "lost", "crashed"),
  code,
  lifeShare: fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 1.5, noNaN: true })),
  u: share,
});
const issuer: fc.Arbitrary<IssuerCapabilities> = fc.record({
  lists: fc.boolean(),
  overlap: fc.constantFrom("kept", "kept", "none"),
  secret: fc.constantFrom("given", "given", "chosen"),
  keeps: fc.boolean(),
});
const work: fc.Arbitrary<Happening> = outcome.map((each) => ({ kind: "work", outcome: each }));
const otherRoles = fc.constantFrom(["runner", "viewer"], ["runner"], []);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 12, arbitrary: work },
  { weight: 2, arbitrary: length(40 * DAY_MS).map((ms): Happening => ({ kind: "pass", ms })) },
  fc.constant<Happening>({ kind: "wish" }),
  fc.option(length(3 * DAY_MS)).map((ms): Happening => ({ kind: "pause", ms })),
  fc.constant<Happening>({ kind: "resume" }),
  fc.constant<Happening>({ kind: "discard" }),
  fc.tuple(anyDeclared, otherRoles).map(([{ declared, pace }, roles]): Happening => ({
    kind: "reload",
    declared: { declared: { ...declared, request: { ...declared.request, roles } }, pace },
  })),
  fc.boolean().map((trusted): Happening => ({ kind: "clock", trusted })),
);

fuzz(
  "whatever happens to a token, each decision has its reason, waits for something that comes, and asks no failing issuer too often",
  600,
  fc.property(anyDeclared, issuer, fc.array(happening, { maxLength: 60 }), ({ declared, pace }, able, happenings) => {
    const walk = new TokenWalk({ declared, pace }, NOW, able);
    for (const each of happenings) walk.play(each);
    walk.decided();
  }),
);

const failing: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(outcome, fc.constantFrom("refused", "lost" as const))
      .map(([each, end]): Happening => ({ kind: "work", outcome: { ...each, end } })),
  },
  fc.integer({ min: 0, max: HOUR_MS }).map((ms): Happening => ({ kind: "pass", ms })),
);

fuzz(
  "an issuer that only ever fails is asked twelve times an hour at most, for as long as that lasts",
  120,
  fc.property(
    anyDeclared,
    fc.constantFrom("given", "chosen"),
    fc.array(failing, { minLength: 20, maxLength: 60 }),
    ({ declared, pace }, secret, happenings) => {
      const able = { lists: secret === "given", overlap: "kept", secret, keeps: true } as const;
      const walk = new TokenWalk({ declared, pace }, NOW, able);
      for (const each of happenings) walk.play(each);
    },
  ),
);

fuzz(
  "left alone with a good issuer, a token of accepted settings is renewed once per issue, in a window, before `latest`",
  150,
  fc.property(acceptedDeclared, fc.array(share, { minLength: 1, maxLength: 12 }), (declared, draws) => {
    fc.pre(declared.declared.request.lifetimeMs < 40 * DAY_MS);
    const walk = new TokenWalk(declared, NOW, { lists: true, overlap: "kept", secret: "given", keeps: true });
    for (const u of draws) {
      const { desired } = walk.record;
      const before = walk.renewals;
      const made: Happening = { kind: "work", outcome: { end: "made", code: "bug", lifeShare: 1, u } };
      walk.play(made);
      walk.play(made);
      expect(walk.renewals).toBe(before + 1);
      expect(walk.record.mint).toBeNull();
      if (desired === null) continue;
      const { renewAt, latestAt } = scheduleOf(desired, declared.pace);
      expect(walk.now).toBeGreaterThanOrEqual(renewAt);
      expect(walk.now).toBeLessThanOrEqual(latestAt);
    }
  }),
);

fuzz(
  "a stored instant that a leaping clock wrote puts no token to sleep",
  1_000,
  fc.property(length(400 * DAY_MS), length(4_000 * DAY_MS), fc.array(length(DAY_MS)), (awayMs, aheadMs, calls) => {
    const now = NOW + awayMs;
    const failed = trouble("issuer_timeout", { nextTryAt: now + aheadMs, since: now + aheadMs });
    const record = tokenRecord({
      desired: null,
      trouble: { ...failed, last: { ...failed.last, at: now + aheadMs } },
      calls: calls.map((ms) => now + ms),
    });
    const decision = decide(
      { ...tokenView(), issuer: { lists: true, overlap: "kept", secret: "given", keeps: true }, record },
      now,
    );
    if (decision.do === "wait") expect(decision.until - now).toBeLessThanOrEqual(2 * HOUR_MS);
  }),
);

const someIssue = fc
  .tuple(
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: 1, max: 60 }),
    fc.option(fc.constantFrom("7", "9", "10", "x")),
  )
  .map(([day, lifeDays, issuerId]) => {
    const startAt = NOW + day * DAY_MS;
    const fingerprint = `${day}/${issuerId ?? ""}`.padEnd(16, "0");
    return issue({ fingerprint, startAt, expAt: startAt + lifeDays * DAY_MS, issuerId });
  });
const instantNear = fc.integer({ min: NOW - 10 * DAY_MS, max: NOW + 70 * DAY_MS });
const someTarget: fc.Arbitrary<TargetRecord> = fc
  .record({
    inIt: fc.option(someIssue),
    phase: fc.constantFrom("written", "confirmed", null),
    deliveryOf: someIssue,
    at: instantNear,
    observedAt: fc.option(instantNear),
    failedAt: fc.option(instantNear),
    nextTryMs: length(3 * DAY_MS),
    calls: fc.array(instantNear, { maxLength: 12 }),
  })
  .map(({ inIt, phase, deliveryOf, at, observedAt, failedAt, nextTryMs, calls }) =>
    targetRecord({
      held: inIt === null ? null : held(inIt),
      delivery: phase === null ? null : { phase, fingerprint: deliveryOf.fingerprint, at },
      observedAt,
      trouble: failedAt === null ? null : trouble("store_timeout", { nextTryAt: failedAt + nextTryMs }),
      calls,
    }),
  );

fuzz(
  "a target is never given an older token than it holds, and waits only for something that comes",
  4_000,
  fc.property(
    fc.option(someIssue),
    someTarget,
    fc.option(fc.option(instantNear), { nil: undefined }),
    fc.tuple(length(DAY_MS), length(HOUR_MS), length(DAY_MS, SECOND_MS)),
    fc.tuple(instantNear, fc.boolean(), fc.array(someIssue, { maxLength: 2 })),
    (desired, record, pausedUntil, [holdMs, propagationMs, observeMs], [now, deliveries, rolledBack]) => {
      const pause = pausedUntil === undefined ? null : { since: NOW, until: pausedUntil, reason: null, deliveries };
      const declared = declaredTarget({ holdMs, propagationMs, observeMs });
      const withdrawn = rolledBack.map((each) => each.fingerprint);
      const view = { declared, record, desired, pause, withdrawn };
      const decision = decideTarget(view, now);
      expect(decideTarget(JSON.parse(JSON.stringify(view)) as typeof view, now)).toEqual(decision);
      if (decision.do === "wait") {
        expect(decision.until).toBeGreaterThan(now);
        const longest = Math.max(observeMs, propagationMs, 2 * HOUR_MS, (pause?.until ?? now + HEARTBEAT_MS) - now);
        expect(decision.until - now).toBeLessThanOrEqual(longest);
      }
      if (decision.do === "deliver") {
        if (desired === null) throw new Error("delivers nothing");
        const seen = record.held;
        const isOver = seen === null || seen.expAt <= now || withdrawn.includes(seen.fingerprint);
        expect(isOver || (record.held !== null && compareIssues(desired, record.held) > 0)).toBe(true);
        expect(desired.expAt).toBeGreaterThan(now);
      }
      if (decision.do === "confirm" || decision.do === "notify")
        expect(record.delivery?.fingerprint).toBe(desired?.fingerprint);
    },
  ),
);

fuzz(
  "issues have one order: by start, then by id, and the newest supersedes all others",
  1_000,
  fc.property(fc.array(someIssue, { minLength: 1, maxLength: 6 }), (issues) => {
    const newest = newestOf(issues);
    for (const a of issues) {
      expect(newest !== undefined && compareIssues(newest, a) >= 0).toBe(true);
      expect(supersedes(a, a)).toBe(false);
      for (const b of issues) {
        expect(Math.sign(compareIssues(a, b))).toBe(0 - Math.sign(compareIssues(b, a)));
        for (const c of issues) {
          if (supersedes(a, b) && supersedes(b, c)) expect(supersedes(a, c)).toBe(true);
        }
      }
    }
  }),
);
