import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, NEVER_AT, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { Inspection, TokenClaims } from "../../src/core/ports.ts";
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

describe("a token that is what was asked for", () => {
  it("passes with its times and scopes and nothing to remark", () => {
    expect(judge()).toEqual({
      outcome: "pass",
      startAt: START,
      expAt: START + 30 * DAY_MS,
      scopes: claims().scopes,
      warnings: [],
    });
  });

  it("passes as the first one, with none before it", () => expect(judge({}, { previous: null }).outcome).toBe("pass"));

  it("starts at the instant of the request where it does not say", () => {
    expect(judge({ issuedAt: null, notBeforeAt: null })).toMatchObject({ outcome: "pass", startAt: START - SECOND_MS });
  });

  it("ends at the earliest of its own expiry and what the issuer said", () => {
    const early = START + 20 * DAY_MS;
    expect(judge({}, { expiresAt: early })).toMatchObject({ expAt: early });
    expect(judge({ expAt: null }, { expiresAt: early })).toMatchObject({ expAt: early });
    expect(judge({ expAt: early }, { expiresAt: START + 29 * DAY_MS })).toMatchObject({ expAt: early });
  });

  it("may live ten years where no lifetime was asked for, else twice what was", () => {
    expect(judge({ expAt: START + 3_653 * DAY_MS }, { askedLifetimeMs: null }).outcome).toBe("pass");
    expect(judge({ expAt: START + 60 * DAY_MS }).outcome).toBe("pass");
    expect(judge({ expAt: START + 61 * DAY_MS }).outcome).toBe("reject");
  });

  it("that says it began long before it was asked for begins with the request, so that it is not due at once", () => {
    const verdict = judge({ issuedAt: START - 3_000 * DAY_MS, expAt: START + 30 * DAY_MS });
    expect(verdict).toMatchObject({ outcome: "pass", startAt: START - SECOND_MS });
  });

  it("may name other audiences besides, and any where none is declared", () => {
    expect(judge({ audiences: ["other", "flowapi"] }).outcome).toBe("pass");
    expect(judge({ audiences: [] }, { audience: null }).outcome).toBe("pass");
  });

  it("may have any role where none is declared", () => {
    expect(judge({ scopes: { admin: [] } }, { requiredRoles: [], allowedRoles: [], previous: null }).outcome).toBe(
      "pass",
    );
  });
});

describe("a token is rejected", () => {
  it.each(["form", "algorithm", "signature"] as const)("for its %s, as its inspection found it", (check) => {
    const inspection: Inspection = { outcome: "refuted", check, message: "not ours" };
    expect(verify(inspection, expected(), NOW)).toEqual(rejected(check, "not ours"));
  });

  it.each([
    ["another subject", { subject: "mallory" }, {}, rejected("subject", `"mallory", not "flowbot"`)],
    ["no subject", { subject: null }, {}, rejected("subject", "absent")],
    ["another audience", { audiences: ["test"] }, {}, rejected("audience", `"test", not "flowapi"`)],
    ["no audience", { audiences: [] }, {}, rejected("audience", "absent")],
    ["no expiry", { expAt: null }, {}, rejected("expiry", "no expiry")],
    ["an expiry that is past", { expAt: NOW }, {}, rejected("expiry", "expired")],
    ["no life at all", { issuedAt: NOW + 9, expAt: NOW + 9 }, {}, rejected("expiry", "before it begins")],
    ["an expiry not after its nbf", { notBeforeAt: START + 30 * DAY_MS }, {}, rejected("expiry", "before it begins")],
    ["a life far over what was asked for", { expAt: START + 3_654 * DAY_MS }, {}, rejected("expiry", "far longer")],
    ["a begin in two hours", { notBeforeAt: NOW + 2 * HOUR_MS }, {}, rejected("expiry", "not valid before")],
    ["a missing role", { scopes: { runner: ["run"] } }, {}, rejected("roles", `lacks the role "viewer"`)],
    [
      "a role that nobody asked for",
      { scopes: { ...claims().scopes, admin: ["all"] } },
      {},
      rejected("roles", `"admin", which was not asked for`),
    ],
    ["a scope lost", { scopes: { runner: ["run"], viewer: ["get"] } }, {}, rejected("scopes", "viewer:list")],
    [
      "nothing gained",
      { expAt: START + 10 * DAY_MS },
      { askedLifetimeMs: null },
      rejected("progress", "no longer than the token in use", "no_progress"),
    ],
  ])("for %s", (_, token, wanted, verdict) => expect(judge(token, wanted)).toEqual(verdict));

  it("with what it says of itself, where it is proved and has an end: a person may overrule a judgement", () => {
    const scopes = { runner: ["run"] };
    const read = { startAt: START, validAt: NOW + MINUTE_MS, expAt: START + 30 * DAY_MS, scopes };
    expect(judge({ scopes, notBeforeAt: NOW + MINUTE_MS })).toMatchObject({ check: "roles", claims: read });
    expect(judge({ expAt: null })).toMatchObject({ check: "expiry", claims: null });
    const refuted = { outcome: "refuted", check: "signature", message: "not ours" } as const;
    expect(verify(refuted, expected(), NOW)).toMatchObject({ claims: null });
  });

  it("may gain nothing where that is no use of it: an adoption, a change of roles", () => {
    expect(judge({ expAt: START + 5 * DAY_MS }, { mustGain: false, askedLifetimeMs: null }).outcome).toBe("pass");
  });

  it("by the first check that fails, in a fixed order", () => {
    const faults: readonly [string, Partial<TokenClaims>][] = [
      ["subject", { subject: "mallory" }],
      ["audience", { audiences: [] }],
      ["expiry", { expAt: NOW - 1 }],
      ["roles", { scopes: {} }],
    ];
    for (let from = 0; from < faults.length; from += 1) {
      const token = Object.assign({}, ...faults.slice(from).map(([, fault]) => fault)) as Partial<TokenClaims>;
      expect(judge(token)).toMatchObject({ outcome: "reject", check: faults[from]?.[0] });
    }
  });

  it("rather than waited for, when it is both not valid yet and wrong", () => {
    expect(judge({ notBeforeAt: NOW + HOUR_MS, subject: "mallory" })).toMatchObject({ outcome: "reject" });
  });

  it("in words that are short and hold no control characters, whatever the claims say", () => {
    const verdict = judge({ subject: `\u001b[31m\n${"x".repeat(5_000)}` });
    expect(verdict).toMatchObject({ outcome: "reject", check: "subject" });
    const message = verdict.outcome === "reject" ? verdict.message : "";
    expect(message.length).toBeLessThan(200);
    // oxlint-disable-next-line no-control-regex
    expect(message).not.toMatch(/[\u0000-\u001f]/);
  });

  it("naming three of many lost scopes and how many more", () => {
    const three = { expAt: START, scopes: { runner: ["a", "b", "c"], viewer: [] } };
    const few = judge({ scopes: { runner: [], viewer: [] } }, { previous: three });
    expect(few).toEqual(rejected("scopes", `"runner:a", "runner:b", "runner:c" of the token`));
    const many = Array.from({ length: 10 }, (_, index) => `s${index}`);
    const before = { expAt: START, scopes: { runner: many, viewer: [] } };
    const verdict = judge({ scopes: { runner: [], viewer: [] } }, { previous: before });
    expect(verdict).toEqual(rejected("scopes", `"runner:s0", "runner:s1", "runner:s2" and 7 more`));
  });

  it("for a scope lost also where no roles are declared", () => {
    const before = { expAt: START + DAY_MS, scopes: { "": ["read", "write"] } };
    const wanted = { requiredRoles: [], allowedRoles: [], previous: before };
    expect(judge({ scopes: { "": ["read"] } }, wanted)).toMatchObject({ outcome: "reject", check: "scopes" });
  });
});

describe("a token is waited for", () => {
  it("until its nbf, or its iat where that is later", () => {
    expect(judge({ notBeforeAt: NOW + HOUR_MS })).toMatchObject({
      outcome: "wait",
      code: "not_yet_valid",
      until: NOW + HOUR_MS,
      message: "not valid before 2026-07-01T09:01:00Z, 1 h from now by our clock",
    });
    expect(judge({ issuedAt: NOW + HOUR_MS, notBeforeAt: null })).toMatchObject({ until: NOW + HOUR_MS });
    expect(judge({ notBeforeAt: NOW }).outcome).toBe("pass");
  });

  it("while the key is out of reach: nothing is known to be wrong with it", () => {
    const inspection: Inspection = { outcome: "unknown", error: new RenewdError("key_unreachable", "no route") };
    expect(verify(inspection, expected(), NOW)).toEqual({
      outcome: "wait",
      code: "key_unreachable",
      until: null,
      message: "no route",
    });
  });
});

describe("a token passes with a warning", () => {
  it("when it may do more than the one before, even in a role that was there", () => {
    const verdict = judge({ scopes: { runner: ["run", "stop"], viewer: ["get", "list"] } });
    expect(verdict).toMatchObject({ outcome: "pass", warnings: [{ kind: "scopes_gained", scopes: ["runner:stop"] }] });
  });

  it("when it has a role that was neither held before nor required, but not for one that the settings ask for now", () => {
    const previous = { expAt: START + DAY_MS, scopes: { runner: ["run"] } };
    expect(judge({}, { previous })).toMatchObject({ outcome: "pass", warnings: [] });
    expect(judge({}, { previous, requiredRoles: ["runner"] })).toMatchObject({
      warnings: [{ kind: "scopes_gained", scopes: ["viewer:get", "viewer:list"] }],
    });
  });

  it("when it lives shorter than asked, by more than rounding", () => {
    const capped = judge({ expAt: START + 29 * DAY_MS });
    expect(capped).toMatchObject({
      outcome: "pass",
      warnings: [{ kind: "lifetime_capped", askedMs: 30 * DAY_MS, issuedMs: 29 * DAY_MS }],
    });
  });

  it("not for the two minutes that rounding and the refused exact maximum can cost", () => {
    const asked = 30 * DAY_MS;
    const shorter = (ms: number): Verdict => judge({ expAt: START + asked - ms });
    expect(shorter(2 * MINUTE_MS)).toMatchObject({ outcome: "pass", warnings: [] });
    expect(shorter(2 * MINUTE_MS + 1)).toMatchObject({ warnings: [{ kind: "lifetime_capped" }] });
  });

  it("not for what rounding to whole minutes costs a life of minutes: a quarter of it at the most", () => {
    const short = (ms: number): Verdict =>
      judge({ expAt: START + 2 * MINUTE_MS - ms }, { askedLifetimeMs: 2 * MINUTE_MS, previous: null }, START);
    expect(short(30 * SECOND_MS)).toMatchObject({ outcome: "pass", warnings: [] });
    expect(short(30 * SECOND_MS + 1)).toMatchObject({ warnings: [{ kind: "lifetime_capped" }] });
  });

  it("not when nothing was asked: what was found lives as long as it does", () => {
    expect(judge({ expAt: START + 11 * DAY_MS }, { askedLifetimeMs: null })).toMatchObject({ warnings: [] });
  });
});

describe("a token that names nobody", () => {
  it("passes where nobody is to be named, and not where somebody is", () => {
    expect(judge({ subject: null }, { account: null }).outcome).toBe("pass");
    expect(judge({ subject: "mallory" }, { account: null }).outcome).toBe("pass");
    expect(judge({ subject: null })).toEqual(rejected("subject", "its subject is absent"));
  });
});

describe("a token without an end", () => {
  const said = { expAt: NEVER_AT };

  it("is refused where an end was asked for, whoever says that there is none", () => {
    expect(judge(said)).toEqual(rejected("expiry", "it has no expiry"));
    expect(judge({ expAt: null }, { expiresAt: NEVER_AT })).toEqual(rejected("expiry", "it has no expiry"));
  });

  it("is reckoned to live as long as `renew_every` says, from its start", () => {
    const endless = { endlessMs: 90 * DAY_MS, askedLifetimeMs: Infinity };
    expect(judge(said, endless)).toMatchObject({ outcome: "pass", expAt: START + 90 * DAY_MS, warnings: [] });
    expect(judge({ expAt: null, issuedAt: null, notBeforeAt: null }, endless)).toMatchObject({
      startAt: START - SECOND_MS,
      expAt: START - SECOND_MS + 90 * DAY_MS,
    });
  });

  it("has its own end all the same where anybody says one", () => {
    const endless = { endlessMs: 90 * DAY_MS, askedLifetimeMs: Infinity };
    expect(judge({}, endless)).toMatchObject({ expAt: START + 30 * DAY_MS, warnings: [] });
    expect(judge(said, { ...endless, expiresAt: START + 20 * DAY_MS })).toMatchObject({ expAt: START + 20 * DAY_MS });
  });

  it("may have none where none was asked for, whether or not anybody says so", () => {
    const endless = { endlessMs: Infinity, askedLifetimeMs: Infinity };
    expect(judge(said, endless)).toMatchObject({ outcome: "pass", startAt: START, expAt: NEVER_AT, warnings: [] });
    expect(judge({ expAt: null }, { ...endless, expiresAt: NEVER_AT })).toMatchObject({ expAt: NEVER_AT });
    expect(judge({ expAt: null }, endless)).toMatchObject({ outcome: "pass", expAt: NEVER_AT });
  });

  it("is refused where a person asked for a short one", () => {
    const short = { endlessMs: Infinity, askedLifetimeMs: DAY_MS };
    expect(judge(said, short)).toEqual(rejected("expiry", "far longer than was asked for"));
  });

  it("is no gain over another without one", () => {
    const endless = { endlessMs: Infinity, askedLifetimeMs: Infinity, previous: { expAt: NEVER_AT, scopes: {} } };
    expect(judge(said, endless)).toEqual(rejected("progress", "no longer than the token in use", "no_progress"));
  });

  it("may live longer than ten years where `renew_every` is", () => {
    const years = (count: number): number => START + count * 366 * DAY_MS;
    const endless = { endlessMs: 20 * 366 * DAY_MS, askedLifetimeMs: Infinity };
    expect(judge({ expAt: years(19) }, endless).outcome).toBe("pass");
    expect(judge({ expAt: years(21) }, endless)).toEqual(rejected("expiry", "far longer"));
  });
});

describe("what a token may do, where it does not say so itself", () => {
  const silent = { scopes: null };

  it("is what its issuer said with it, held against the settings like its own words", () => {
    const granted = { runner: [], viewer: [] };
    const plain = { previous: null, granted };
    expect(judge(silent, plain)).toMatchObject({ outcome: "pass", scopes: granted });
    expect(judge(silent, { ...plain, granted: { runner: [] } })).toEqual(rejected("roles", 'lacks the role "viewer"'));
    expect(judge(silent, { ...plain, granted: { ...granted, admin: [] } })).toEqual(rejected("roles", '"admin"'));
  });

  it("counts for nothing where it does say so", () => {
    expect(judge({}, { granted: { admin: [] } })).toMatchObject({ outcome: "pass", scopes: claims().scopes });
  });

  it("is unknown where nobody says it: enough only where no role is required", () => {
    expect(judge(silent, { previous: null })).toEqual(rejected("roles", "neither it nor its issuer says"));
    const free = { previous: null, requiredRoles: [], allowedRoles: [] };
    expect(judge(silent, free)).toMatchObject({ outcome: "pass", scopes: {} });
  });
});

describe("an opaque token", () => {
  const opaque = (wanted: Partial<Expectation> = {}): Verdict =>
    verify({ outcome: "opaque" }, expected({ granted: { runner: [], viewer: [] }, previous: null, ...wanted }), NOW);

  it("is believed to be what was asked for, when it came as the issuer's own answer", () => {
    expect(opaque({ expiresAt: START + 30 * DAY_MS })).toEqual({
      outcome: "pass",
      startAt: START - SECOND_MS,
      expAt: START + 30 * DAY_MS,
      scopes: { runner: [], viewer: [] },
      warnings: [],
    });
  });

  it("is nobody's when it was only found", () => {
    expect(opaque({ expiresAt: START + 30 * DAY_MS, answered: false })).toEqual(
      rejected("form", "says nothing of itself"),
    );
  });

  it("needs an expiry that its issuer told, or `renew_every`", () => {
    expect(opaque()).toEqual(rejected("expiry", "it has no expiry"));
    expect(opaque({ endlessMs: 20 * DAY_MS })).toMatchObject({ expAt: START - SECOND_MS + 20 * DAY_MS });
  });

  it("has to gain, and to have the roles, like any", () => {
    const previous = { expAt: START + 30 * DAY_MS, scopes: {} };
    expect(opaque({ expiresAt: START + 30 * DAY_MS, previous })).toMatchObject({ code: "no_progress" });
    expect(opaque({ expiresAt: START + 30 * DAY_MS, granted: {} })).toEqual(rejected("roles", "lacks the role"));
  });
});

it("a token that its issuer says is not active is not one of ours", () => {
  const refuted: Inspection = { outcome: "refuted", check: "active", message: "the issuer says so" };
  expect(verify(refuted, expected(), NOW)).toEqual(rejected("active", "the issuer says so"));
});

describe("whatever a token says", () => {
  it("a verdict is given, and a pass always lives on, for ten years at most, with every role that is required", () => {
    const instants = fc.option(fc.integer({ min: START - 40 * DAY_MS, max: START + 4_000 * DAY_MS }));
    const tokens = fc.record({
      subject: fc.constantFrom("flowbot", null, "mallory"),
      audiences: fc.subarray(["flowapi", "other"]),
      issuedAt: instants,
      notBeforeAt: instants,
      expAt: instants,
      scopes: fc.dictionary(fc.constantFrom("runner", "viewer", "admin"), fc.subarray(["get", "list", "run"])),
    });
    fc.assert(
      fc.property(tokens, (token) => {
        const verdict = judge(token, { previous: null });
        if (verdict.outcome !== "pass") return;
        expect(verdict.expAt).toBeGreaterThan(NOW);
        expect(verdict.startAt).toBeLessThanOrEqual(NOW);
        expect(verdict.expAt - verdict.startAt).toBeLessThanOrEqual(3_653 * DAY_MS);
        expect(Object.keys(verdict.scopes).sort()).toEqual(["runner", "viewer"]);
        expect(token).toMatchObject({ subject: "flowbot", audiences: expect.arrayContaining(["flowapi"]) as string[] });
      }),
      { numRuns: 2_000 },
    );
  });
});
