/** Tokens that a hostile issuer may answer with, and what has to become of each. */
import { gzipSync } from "node:zlib";
import type { Check } from "../../src/core/records.ts";
import { packClaims } from "../support/flowauth/jwt.ts";
import {
  forge,
  type Forgery,
  type Moment,
  otherPublicJwk,
  type Payload,
  SCOPES,
  truePayload,
} from "../support/hostile-tokens.ts";

/** `pass`: it is good. `invalid`: the answer that brings it is refused. Else the check at which it is quarantined. */
export type Fate = "pass" | "invalid" | Check;

export interface TokenCase {
  readonly name: string;
  readonly make: (moment: Moment) => string;
  readonly fate: Fate;
  /** Where only the list tells of it: `foreign`, unless it cannot even be read (`ignored`). */
  readonly listed: "foreign" | "ignored" | "not asked";
}

const HOUR = 3_600;

function token(name: string, fate: Fate, make: TokenCase["make"], listed?: TokenCase["listed"]): TokenCase {
  return { name, make, fate, listed: listed ?? (fate === "pass" ? "not asked" : "foreign") };
}

function forged(name: string, fate: Fate, forgery: Forgery, listed?: TokenCase["listed"]): TokenCase {
  return token(name, fate, (moment) => forge(moment, forgery), listed);
}

function claims(name: string, fate: Fate, of: (moment: Moment) => Payload, listed?: TokenCase["listed"]): TokenCase {
  return token(name, fate, (moment) => forge(moment, { payload: of(moment) }), listed);
}

function raw(name: string, fate: Fate, of: (json: string) => string, listed?: TokenCase["listed"]): TokenCase {
  return token(name, fate, (moment) => forge(moment, { payloadText: of(JSON.stringify(truePayload(moment))) }), listed);
}

const packed = (text: string): string => gzipSync(text).toString("base64");
const scopes =
  (value: unknown): (() => Payload) =>
  () => ({ user_claims: packClaims(value) });

export const HEADERS: readonly TokenCase[] = [
  forged("alg none, without a signature", "invalid", { header: { alg: "none" }, by: "none" }),
  forged("alg none with a signature", "algorithm", { header: { alg: "none" } }),
  forged("alg nOnE", "algorithm", { header: { alg: "nOnE" } }),
  forged("alg missing", "algorithm", { headerText: '{"typ":"JWT"}' }),
  forged("alg a list", "algorithm", { header: { alg: ["RS256"] } }),
  forged("HS256 with the public key as secret", "algorithm", { header: { alg: "HS256" }, by: "mac" }),
  forged("RS256 in the header and HMAC by the public key", "signature", { by: "mac" }),
  forged("ES256", "algorithm", { header: { alg: "ES256" }, by: "ec" }),
  forged("RS256 in the header and an EC signature", "signature", { by: "ec" }),
  forged("RS512", "algorithm", { header: { alg: "RS512" }, by: "sha512" }),
  forged("PS256", "algorithm", { header: { alg: "PS256" }, by: "pss" }),
  forged("RS256 in the header and PSS padding", "signature", { by: "pss" }),
  forged("alg twice, the last one none", "algorithm", { headerText: '{"alg":"RS256","alg":"none"}' }),
  forged("another key", "signature", { by: "other" }),
  forged("another key under a wrong kid", "signature", { header: { kid: "2019" }, by: "other" }),
  forged("another key, brought along as jwk", "signature", { header: { jwk: otherPublicJwk }, by: "other" }),
  token("another key, said to lie at jku", "signature", (moment) => elsewhere(moment, "jku", "other")),
  token("another key, said to lie at x5u", "signature", (moment) => elsewhere(moment, "x5u", "other")),
  token("our key and a jku", "pass", (moment) => elsewhere(moment, "jku", "true")),
  forged("our key and a wrong kid", "pass", { header: { kid: "2019" } }),
  forged("our key and a kid that climbs", "pass", { header: { kid: "../../../../dev/null" } }),
  forged("our key and a strange typ", "pass", { header: { typ: "at+jwt" } }),
  forged("a critical extension", "form", { header: { crit: ["x-strange"], "x-strange": 1 } }),
  forged("crit that names nothing", "form", { header: { crit: [] } }),
  forged("crit b64, so that the payload stands plain", "form", { header: { crit: ["b64"], b64: false } }),
  forged("a header that is no JSON", "form", { headerText: "alg=RS256" }),
  forged("a header that is a list", "form", { headerText: '["RS256"]' }),
];

export const SHAPES: readonly TokenCase[] = [
  token("an empty signature", "invalid", (moment) => forge(moment, { by: "none" })),
  token("two dots more", "invalid", (moment) => `${forge(moment)}..`, "ignored"),
  token("five parts, as if encrypted", "invalid", (moment) => `${forge(moment)}.AAAA.AAAA`, "ignored"),
  token("only two parts", "invalid", (moment) => forge(moment).split(".").slice(0, 2).join("."), "ignored"),
  token("padding", "invalid", (moment) => `${forge(moment)}==`),
  token("a newline behind it", "invalid", (moment) => `${forge(moment)}\n`),
  token("a space before it", "invalid", (moment) => ` ${forge(moment)}`),
  token("a line break within", "invalid", (moment) => forge(moment).replace(".", ".\r\n")),
  token("a NUL within", "invalid", (moment) => forge(moment).replace(".", ".\0"), "ignored"),
  token("the other base64 alphabet", "invalid", (moment) => `${forge(moment).slice(0, -2)}+/`),
  token("Bearer before it", "invalid", (moment) => `Bearer ${forge(moment)}`),
  token("a header injected behind it", "invalid", (moment) => `${forge(moment)}\r\nX-Evil: 1`),
  token("more than 64 KiB", "invalid", (moment) => forge(moment, { payload: { fill: "x".repeat(70_000) } })),
  token("a signature cut short", "signature", (moment) => forge(moment).slice(0, -4)),
  token("a signature with more behind it", "signature", (moment) => `${forge(moment)}AAAA`),
  token("one letter of the payload changed", "signature", (moment) => withOtherScopes(forge(moment))),
];

export const TIMES: readonly TokenCase[] = [
  claims("exp before that of the one in use", "progress", ({ oldExp }) => ({ exp: oldExp - 1 }), "not asked"),
  claims("exp equal to that of the one in use", "progress", ({ oldExp }) => ({ exp: oldExp }), "not asked"),
  claims("exp one second later than the one in use", "pass", ({ oldExp }) => ({ exp: oldExp + 1 })),
  claims("exp past already", "expiry", ({ now }) => ({ exp: now - HOUR, iat: now - 2 * HOUR }), "ignored"),
  claims("exp now", "expiry", ({ now }) => ({ exp: now }), "ignored"),
  claims("exp in ten thousand years", "form", () => ({ exp: 253_402_300_800 }), "ignored"),
  claims("exp in the year 9999", "expiry", () => ({ exp: 253_402_300_799 })),
  claims("exp three times as far as asked", "expiry", ({ now }) => ({ exp: now + 90 * HOUR }), "not asked"),
  claims("exp 1e308", "form", () => ({ exp: 1e308 }), "ignored"),
  claims("exp negative", "form", () => ({ exp: -1 }), "ignored"),
  claims("exp zero", "expiry", () => ({ exp: 0 }), "ignored"),
  claims("exp a text", "form", ({ now }) => ({ exp: String(now + 30 * HOUR) }), "ignored"),
  claims("exp a list", "form", ({ now }) => ({ exp: [now + 30 * HOUR] }), "ignored"),
  claims("exp null", "expiry", () => ({ exp: null }), "ignored"),
  claims("exp missing", "expiry", () => ({ exp: undefined }), "ignored"),
  claims("exp with a fraction", "pass", ({ now }) => ({ exp: now + 30 * HOUR + 0.5 })),
  raw("exp 1e999", "form", (json) => json.replace(/"exp":\d+/, '"exp":1e999'), "ignored"),
  claims("nbf beyond its exp", "expiry", ({ now }) => ({ nbf: now + 31 * HOUR })),
  claims("nbf in ten hours", "expiry", ({ now }) => ({ nbf: now + 10 * HOUR })),
  claims("iat in ten hours", "expiry", ({ now }) => ({ iat: now + 10 * HOUR, exp: now + 40 * HOUR })),
  claims("iat before 1970", "form", () => ({ iat: -1 }), "ignored"),
  claims("iat long ago, so that it looks due", "pass", ({ now }) => ({ iat: now - 25 * HOUR })),
];

export const PARTIES: readonly TokenCase[] = [
  claims("another subject", "subject", () => ({ sub: "admin" })),
  claims("the subject in capitals", "subject", () => ({ sub: "FLOWBOT" })),
  claims("the subject with a NUL", "subject", () => ({ sub: "flowbot\0" })),
  claims("no subject", "subject", () => ({ sub: undefined })),
  claims("a subject that is a list", "form", () => ({ sub: ["flowbot"] })),
  raw("two subjects, the last one another", "subject", (json) => json.replace(/\}$/, ',"sub":"admin"}')),
  raw("two subjects, the last one ours", "pass", (json) => json.replace("{", '{"sub":"admin",')),
  claims("another audience", "audience", () => ({ aud: "flowapi-test" })),
  claims("no audience", "audience", () => ({ aud: undefined })),
  claims("audiences without ours", "audience", () => ({ aud: ["a", "b"] })),
  claims("no audience in a list", "audience", () => ({ aud: [] })),
  claims("our audience among others", "pass", () => ({ aud: ["other", "flowapi-prod"] })),
  claims("an audience that holds ours", "audience", () => ({ aud: "flowapi-prod, flowapi-test" })),
  claims("a list with a number among audiences", "form", () => ({ aud: ["flowapi-prod", 1] })),
  claims("__proto__ as a claim", "pass", () => JSON.parse('{"__proto__":{"polluted":1}}') as Payload),
];

export const POWERS: readonly TokenCase[] = [
  claims("a role missing", "roles", scopes({ runner: SCOPES["runner"] })),
  claims("no role", "roles", scopes({})),
  claims("a role too many", "roles", scopes({ ...SCOPES, admin: ["all"] })),
  claims("a role called constructor too many", "roles", scopes({ ...SCOPES, constructor: ["all"] })),
  claims("a role called __proto__ too many", "form", () => ({
    user_claims: packed(`{"__proto__":["all"],${JSON.stringify(SCOPES).slice(1)}`),
  })),
  claims("a role by another case", "roles", scopes({ Runner: ["run", "get_result"], viewer: ["get_result"] })),
  claims("a scope lost", "scopes", scopes({ runner: ["run"], viewer: ["get_result"] })),
  claims("a scope gained", "pass", scopes({ ...SCOPES, runner: ["run", "get_result", "more"] })),
  claims("scopes that are no list", "form", scopes({ ...SCOPES, runner: "run" })),
  claims("scopes that are numbers", "form", scopes({ ...SCOPES, runner: [1] })),
  claims("roles that are a list", "form", scopes(["runner", "viewer"])),
  claims("roles missing altogether", "form", () => ({ user_claims: undefined })),
  claims("roles unpacked", "form", () => ({ user_claims: SCOPES })),
  claims("roles packed and no JSON", "form", () => ({ user_claims: packed("runner") })),
  claims("roles cut short", "form", () => ({ user_claims: packClaims(SCOPES).slice(0, 40) })),
  claims("a gzip bomb", "form", () => ({ user_claims: packed(JSON.stringify({ runner: ["x".repeat(20_000_000)] })) })),
  claims("100,000 lists in each other", "form", () => ({ user_claims: packed("[".repeat(100_000)) })),
  claims("a role twice, the last time with fewer scopes", "scopes", () => ({
    user_claims: packed('{"runner":["run","get_result"],"viewer":["get_result"],"runner":["run"]}'),
  })),
  claims("a role twice, the first time with more scopes", "pass", () => ({
    user_claims: packed('{"viewer":["all"],"runner":["run","get_result"],"viewer":["get_result"]}'),
  })),
];

function elsewhere(moment: Moment, field: "jku" | "x5u", by: "true" | "other"): string {
  return forge(moment, { header: { [field]: `${moment.trap}/keys` }, by });
}

function withOtherScopes(text: string): string {
  const [head, payload, signature] = text.split(".");
  const claimed = Buffer.from(payload ?? "", "base64url").toString();
  return [head, Buffer.from(claimed.replace("flowbot", "flowboT")).toString("base64url"), signature].join(".");
}
