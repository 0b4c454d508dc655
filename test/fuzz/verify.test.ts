import fc from "fast-check";
import { expect } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, NEVER_AT, SECOND_MS } from "../../src/core/duration.ts";
import type { Scopes } from "../../src/core/issue.ts";
import type { TokenClaims } from "../../src/core/ports.ts";
import { type Expectation, verify } from "../../src/core/verify.ts";
import { fuzz } from "./fuzz.ts";
import { length } from "./schedule-arbitraries.ts";

const NOW = Date.UTC(2027, 2, 1);
const name = fc.constantFrom("runner", "viewer", "constructor", "toString", "", "é");
const roles = fc.uniqueArray(name, { maxLength: 3 });
const scopes: fc.Arbitrary<Scopes> = fc.dictionary(
  name,
  fc.uniqueArray(fc.constantFrom("run", "get", "valueOf"), { maxLength: 3 }),
  {
    maxKeys: 4,
  },
);
const near = fc.oneof(
  length(20 * DAY_MS).map((ms) => NOW - ms),
  length(60 * DAY_MS).map((ms) => NOW + ms),
  fc.constantFrom(0, NOW, NEVER_AT),
);
const who = fc.constantFrom("flowbot", "flowbot", "flowbot", "Flowbot", "flowbot ", "", "\u0000");
const claims: fc.Arbitrary<TokenClaims> = fc.record({
  subject: fc.option(who, { freq: 10 }),
  audiences: fc.array(fc.constantFrom("prod", "prod", "test"), { maxLength: 3 }),
  issuedAt: fc.option(fc.oneof(fc.constant(NOW - MINUTE_MS), near), { freq: 6 }),
  notBeforeAt: fc.option(near, { freq: 2 }),
  expAt: fc.option(near, { freq: 10 }),
  scopes: fc.option(scopes, { freq: 8 }),
});
const expectation: fc.Arbitrary<Expectation> = fc
  .record({
    account: fc.constant("flowbot"),
    audience: fc.constantFrom("prod", null),
    requiredRoles: roles,
    more: roles,
    askedLifetimeMs: fc.option(fc.oneof(length(90 * DAY_MS, SECOND_MS), fc.constant(Infinity))),
    endlessMs: fc.option(fc.oneof(length(400 * DAY_MS, SECOND_MS), fc.constant(Infinity)), { freq: 2 }),
    previous: fc.option(fc.record({ expAt: near, scopes })),
    mustGain: fc.boolean(),
    sentAt: fc.constantFrom(NOW - MINUTE_MS, NOW, NOW - HOUR_MS),
    expiresAt: fc.option(near, { freq: 2 }),
    granted: fc.option(scopes, { freq: 2 }),
    answered: fc.boolean(),
  })
  .map(({ more, ...rest }) => ({ ...rest, allowedRoles: [...rest.requiredRoles, ...more] }));

fuzz(
  "a token passes only with the right subject, audience, roles, scopes and times; whatever it says, there is a verdict in words",
  6_000,
  fc.property(claims, expectation, (said, expected) => {
    const verdict = verify({ outcome: "proved", claims: said }, expected, NOW);
    if (verdict.outcome !== "pass") {
      expect(verdict.message).toMatch(/^[^\p{C}]{5,}$/u);
      if (verdict.outcome === "wait") expect(verdict.until).toBeGreaterThan(NOW);
      return;
    }
    const { startAt, expAt } = verdict;
    expect(said.subject).toBe(expected.account);
    if (expected.audience !== null) expect(said.audiences).toContain(expected.audience);
    // What the issuer said of it counts only where it says nothing itself.
    const granted = said.scopes ?? expected.granted ?? {};
    expect(verdict.scopes).toEqual(granted);
    expect(Object.keys(granted)).toEqual(expect.arrayContaining([...expected.requiredRoles]));
    if (expected.allowedRoles.length > 0)
      expect(expected.allowedRoles).toEqual(expect.arrayContaining(Object.keys(granted)));
    expect(Number.isFinite(expAt)).toBe(true);
    expect(expAt).toBeGreaterThan(NOW);
    expect(expAt).toBeLessThanOrEqual(Math.min(said.expAt ?? Infinity, expected.expiresAt ?? Infinity));
    expect(startAt).toBeLessThanOrEqual(NOW);
    expect(Math.max(said.issuedAt ?? 0, said.notBeforeAt ?? 0)).toBeLessThanOrEqual(NOW);
    // Nothing that the issuer says of time makes a fresh token look older than its request, or far longer than asked for.
    if (expected.askedLifetimeMs !== null) {
      expect(startAt).toBeGreaterThanOrEqual(Math.min(expected.sentAt - MINUTE_MS, expected.sentAt));
      expect(expAt - startAt).toBeLessThanOrEqual(2 * expected.askedLifetimeMs + HOUR_MS);
    }
    const saidAt = Math.min(said.expAt ?? Infinity, expected.expiresAt ?? Infinity);
    if (saidAt < NEVER_AT) {
      expect(expAt).toBe(saidAt);
    } else if (expected.endlessMs === Infinity) {
      expect(expAt).toBe(NEVER_AT);
    } else {
      expect(expAt - startAt).toBe(expected.endlessMs);
    }
    if (expected.endlessMs === null) expect(expAt - startAt).toBeLessThanOrEqual(3_653 * DAY_MS);
    const { previous } = expected;
    if (previous === null) return;
    if (expected.mustGain) expect(expAt).toBeGreaterThan(previous.expAt);
    for (const role of expected.requiredRoles.filter((each) => Object.hasOwn(previous.scopes, each)))
      expect(granted[role]).toEqual(expect.arrayContaining([...(previous.scopes[role] ?? [])]));
  }),
);
