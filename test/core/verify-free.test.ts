/** What verification makes of tokens where settings or issuer leave more open than FlowAuth does. */
import { describe, expect, it } from "vitest";
import { DAY_MS, MINUTE_MS, NEVER_AT, SECOND_MS } from "../../src/core/duration.ts";
import type { TokenClaims } from "../../src/core/ports.ts";
import { type Expectation, verify, type Verdict } from "../../src/core/verify.ts";
import { START } from "./samples.ts";

const NOW = START + MINUTE_MS;

const claims = (over: Partial<TokenClaims> = {}): TokenClaims => ({
  subject: "flowbot",
  audiences: ["flowapi"],
  issuedAt: START,
  notBeforeAt: START,
  expAt: START + 30 * DAY_MS,
  scopes: { runner: ["run"], viewer: ["get", "list"] },
  ...over,
});

const expected = (over: Partial<Expectation> = {}): Expectation => ({
  account: "flowbot",
  audience: "flowapi",
  requiredRoles: ["runner", "viewer"],
  allowedRoles: ["runner", "viewer"],
  askedLifetimeMs: 30 * DAY_MS,
  endlessMs: null,
  previous: { expAt: START + 10 * DAY_MS, scopes: { runner: ["run"], viewer: ["get", "list"] } },
  mustGain: true,
  sentAt: START - SECOND_MS,
  expiresAt: null,
  granted: null,
  answered: true,
  ...over,
});

const judge = (token: Partial<TokenClaims> = {}, wanted: Partial<Expectation> = {}, now = NOW): Verdict =>
  verify({ outcome: "proved", claims: claims(token) }, expected(wanted), now);

/** What it says of itself is another test's. */
const rejected = (check: string, words: string, code = "token_rejected"): object => ({
  outcome: "reject",
  code,
  check,
  message: expect.stringContaining(words) as string,
  claims: expect.toSatisfy(() => true) as unknown,
});

describe("scopes that are role names, where the settings name none", () => {
  const free = { requiredRoles: [], allowedRoles: [], previous: { expAt: START, scopes: { read: [], write: [] } } };

  it("may not be lost", () => {
    expect(judge({ scopes: { read: [] } }, free)).toEqual(rejected("roles", 'it lacks "write" of the token in use'));
  });

  it("are told when they are gained", () => {
    expect(judge({ scopes: { read: [], write: [], admin: [] } }, free)).toMatchObject({
      outcome: "pass",
      warnings: [{ kind: "scopes_gained", scopes: ["admin"] }],
    });
  });
});

it("a token without an end that was made longer ago than `renew_every` is due when it is found, not past", () => {
  const found = { askedLifetimeMs: null, endlessMs: 10 * DAY_MS, previous: null, answered: false, mustGain: false };
  const verdict = judge({ issuedAt: START - 60 * DAY_MS, notBeforeAt: null, expAt: NEVER_AT }, found);
  expect(verdict).toMatchObject({ outcome: "pass", expAt: NOW + MINUTE_MS });
});
