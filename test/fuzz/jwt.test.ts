import { createVerify, generateKeyPairSync, type KeyObject } from "node:crypto";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { CompactSign } from "jose";
import { expect, test } from "vitest";
import type { Inspection } from "../../src/core/ports.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { inspect } from "../../src/issuers/flowauth/inspect.ts";
import { PublicKeys } from "../../src/issuers/flowauth/keys.ts";
import { makeSigningKey, packClaims, signPayload, signToken } from "../support/flowauth/jwt.ts";
import { fuzz } from "./fuzz.ts";

const never = new AbortController().signal;
const ours = makeSigningKey();
const theirs = makeSigningKey();
const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const keys = new PublicKeys([{ env: "KEY" }], () => Promise.resolve(new SecretText(ours.publicPem)));
const ISSUED_AT = Date.parse("2026-11-22T01:19:03Z");

const subjectOf = (index: number): string => `flowbot-${index}`;
const valid: readonly string[] = await Promise.all(
  [0, 1, 2].map((index) =>
    signToken(ours, {
      subject: subjectOf(index),
      audience: "prod",
      issuedAt: ISSUED_AT,
      expAt: ISSUED_AT + 86_400_000,
      scopes: { runner: ["run", "get_result"], viewer: [] },
    }),
  ),
);
const payloads = new Set(valid.map((token) => bytesOf(token.split(".")[1]).toString("hex")));

function bytesOf(part: string | undefined): Buffer {
  return Buffer.from(part ?? "", "base64url");
}

function look(token: string): Promise<Inspection> {
  return inspect(keys, new SecretText(token), never);
}

/** Signed by our key over just these words, as OpenSSL sees it. */
function isSigned(token: string): boolean {
  const [header, payload, signature] = token.split(".");
  const verifier = createVerify("RSA-SHA256").update(`${header}.${payload}`);
  return verifier.verify(ours.publicPem, bytesOf(signature));
}

/** One of the three outcomes with words that say nothing of the token; proved only what our key signed. */
async function judge(token: string): Promise<Inspection> {
  const inspection = await look(token);
  if (inspection.outcome === "proved") {
    expect(token.split(".")).toHaveLength(3);
    expect(isSigned(token)).toBe(true);
    return inspection;
  }
  // The key is at hand, so it can always be told.
  expect(inspection.outcome).toBe("refuted");
  if (inspection.outcome !== "refuted") return inspection;
  expect(inspection.message).toMatch(/^[ -~]{5,200}$/);
  expect(token.length > 40 && inspection.message.includes(token.slice(8, 40))).toBe(false);
  return inspection;
}

fuzz(
  "no text at all makes the reader throw, and none is proved",
  1_500,
  fc.asyncProperty(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc
        .array(fc.string({ unit: fc.constantFrom(..."AeyJ0-_=+/. \n\u0000é") }), { maxLength: 5 })
        .map((all) => all.join(".")),
      fc.array(fc.json(), { minLength: 3, maxLength: 3 }).map((all) => all.map(encode).join(".")),
      fc.json().map((payload) => `${encode('{"alg":"RS256"}')}.${encode(payload)}.AAAA`),
    ),
    async (token) => {
      expect((await judge(token)).outcome).toBe("refuted");
    },
  ),
);

type Spoil = (token: string) => string;

/** At least three, whatever was done to it before. */
function partsOf(token: string): readonly string[] {
  const parts = token.split(".");
  return [...parts, ...Array.from({ length: Math.max(0, 3 - parts.length) }, () => "")];
}

const PIECES = [".", "=", "\n", " ", "A", "-", "é", "\u0000", "..", "eyJhbGciOiJub25lIn0"];
const part = fc.nat({ max: 2 });
const onPart =
  (index: number, change: (text: string) => string): Spoil =>
  (token) =>
    partsOf(token)
      .with(index, change(partsOf(token)[index] ?? ""))
      .join(".");
const spoil: fc.Arbitrary<Spoil> = fc.oneof(
  // One bit of one part.
  fc.tuple(part, fc.nat(), fc.nat({ max: 7 })).map(([index, at, bit]) =>
    onPart(index, (text) => {
      const bytes = bytesOf(text);
      const place = at % Math.max(1, bytes.length);
      bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
      return bytes.toString("base64url");
    }),
  ),
  // Another character, or one more or less.
  fc.tuple(fc.nat(), fc.constantFrom("", ...PIECES), fc.nat({ max: 2 })).map(([at, piece, count]): Spoil => (token) => {
    const place = at % (token.length + 1);
    return token.slice(0, place) + piece + token.slice(place + count);
  }),
  // A part of another good token.
  fc
    .tuple(part, part, fc.constantFrom(...valid))
    .map(([index, from, other]) => onPart(index, () => other.split(".")[from] ?? "")),
  fc.tuple(part, part).map(([a, b]): Spoil => (token) => {
    const parts = partsOf(token);
    return parts
      .with(a, parts[b] ?? "")
      .with(b, parts[a] ?? "")
      .join(".");
  }),
  // Another header over the same signature.
  fc
    .record({
      alg: fc.constantFrom("RS256", "none", "None", "HS256", "RS384", "PS256", "ES256", "", null, ["RS256"], 256),
      kid: fc.constantFrom(undefined, "../../../dev/null", "k", 1),
      crit: fc.constantFrom(undefined, ["b64"], ["exp"], [], "b64"),
      b64: fc.constantFrom(undefined, false, true),
      jwk: fc.constantFrom(undefined, { kty: "RSA", e: "AQAB", n: "AAAA" }),
      jku: fc.constantFrom(undefined, "http://127.0.0.1:1/keys"),
      zip: fc.constantFrom(undefined, "DEF"),
    })
    .map((header) => onPart(0, () => encode(JSON.stringify(header)))),
);

fuzz(
  "however a good token is spoilt, it is proved only while its signature is right and its payload unchanged",
  2_500,
  fc.asyncProperty(
    fc.constantFrom(...valid),
    fc.array(spoil, { minLength: 1, maxLength: 3 }),
    async (token, spoils) => {
      const spoilt = spoils.reduce((text, each) => each(text), token);
      const inspection = await judge(spoilt);
      if (inspection.outcome !== "proved") return;
      expect(payloads.has(bytesOf(spoilt.split(".")[1]).toString("hex"))).toBe(true);
      expect(inspection.claims).toMatchObject({
        audiences: ["prod"],
        issuedAt: ISSUED_AT,
        scopes: { runner: ["run", "get_result"], viewer: [] },
      });
    },
  ),
);

const hmac = new TextEncoder().encode(ours.publicPem);
const FORGERS: readonly (readonly [alg: string, key: KeyObject | Uint8Array])[] = [
  ["HS256", hmac],
  ["HS384", hmac],
  ["HS512", hmac],
  ["RS256", theirs.privateKey],
  ["RS384", ours.privateKey],
  ["RS512", ours.privateKey],
  ["PS256", ours.privateKey],
  ["ES256", elliptic],
];

fuzz(
  "a token signed by another key or algorithm is refuted, whatever its header says afterwards",
  150,
  fc.asyncProperty(
    fc.constantFrom(...FORGERS),
    fc.constantFrom(...valid),
    fc.constantFrom("RS256", "none", undefined),
    async ([alg, key], token, claimed) => {
      const header = claimed === undefined ? { alg } : { alg, typ: "JWT", kid: "a" };
      const forged = await new CompactSign(bytesOf(token.split(".")[1])).setProtectedHeader(header).sign(key);
      const renamed =
        claimed === undefined ? forged : forged.replace(/^[^.]+/, encode(JSON.stringify({ alg: claimed })));
      expect(await judge(renamed)).toMatchObject({
        outcome: "refuted",
        check: claimed === "RS256" ? "signature" : expect.any(String),
      });
    },
  ),
);

const NAMES = ["runner", "viewer", "", "constructor", "toString", "hasOwnProperty", "é\u0000", "a.b"];
const scopesValue = fc.oneof(
  fc.dictionary(fc.constantFrom(...NAMES), fc.array(fc.string(), { maxLength: 3 })),
  fc.jsonValue(),
);
const claim = fc.oneof(
  fc.constantFrom(undefined, null, 0, -1, 1.5, 1e9, 1e15, 1e300, "1", "", true, [], ["prod", 1], ["prod", "a"], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

fuzz(
  "claims of any type are refuted by form or read as what they are: instants of real dates, lists of text",
  400,
  fc.asyncProperty(
    fc.record({ sub: claim, aud: claim, iat: claim, nbf: claim, exp: claim }),
    fc.oneof(
      { weight: 4, arbitrary: scopesValue.map((value) => ({ packed: packClaims(value), value })) },
      { weight: 1, arbitrary: claim.map((value) => ({ packed: value, value: undefined })) },
    ),
    async (claims, { packed, value }) => {
      const inspection = await judge(await signPayload(ours, { ...claims, user_claims: packed }));
      if (inspection.outcome !== "proved") {
        expect(inspection).toMatchObject({ check: "form" });
        return;
      }
      const { claims: read } = inspection;
      expect(read.subject).toBe(claims.sub ?? null);
      expect(read.audiences).toEqual([claims.aud ?? []].flat());
      for (const [at, seconds] of [
        [read.issuedAt, claims.iat],
        [read.notBeforeAt, claims.nbf],
        [read.expAt, claims.exp],
      ]) {
        expect(at === null || (Number.isSafeInteger(at) && !Number.isNaN(new Date(Number(at)).getTime()))).toBe(true);
        expect(at).toBe(typeof seconds === "number" ? Math.floor(seconds * 1000) : null);
      }
      if (value !== undefined) expect(read.scopes).toEqual(value);
    },
  ),
);

/** Texts that unpack to much more than they are, or nest deeper than a stack. */
const BOMBS: readonly (readonly [name: string, make: () => string])[] = [
  ["30 MB of one scope", () => `{"runner":["${"x".repeat(30_000_000)}"]}`],
  ["a list in a list and so on", () => "[".repeat(900_000)],
  ["as many lists, closed", () => `${"[".repeat(400_000)}${"]".repeat(400_000)}`],
  ["an object in an object and so on", () => `${'{"a":'.repeat(150_000)}1${"}".repeat(150_000)}`],
  [
    "a quarter of a million empty scopes",
    () => `{"runner":[${Array.from({ length: 250_000 }, () => '""').join(",")}]}`,
  ],
];

test.each(BOMBS)("packed claims of %s are unpacked to 1 MiB at most", async (_, make) => {
  const text = make();
  for (const packed of [gzipSync(text), gzipSync(gzipSync(text))].map((bytes) => bytes.toString("base64"))) {
    const inspection = await judge(await signPayload(ours, { sub: "a", exp: 1, user_claims: packed }));
    if (inspection.outcome === "proved") expect(text.length).toBeLessThanOrEqual(1024 * 1024);
  }
});

test("payloads that nest as deep as a token may be long are refuted", async () => {
  for (const payload of [
    "[".repeat(40_000),
    '{"a":'.repeat(8_000),
    `{"user_claims":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
  ]) {
    const token = await new CompactSign(Buffer.from(payload))
      .setProtectedHeader({ alg: "RS256" })
      .sign(ours.privateKey);
    expect(await look(token)).toMatchObject({ outcome: "refuted", check: "form" });
  }
});

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}
