import { gzipSync } from "node:zlib";
import { CompactSign } from "jose";
import { describe, expect, it } from "vitest";
import type { Inspection } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { inspect } from "../../../src/issuers/flowauth/inspect.ts";
import { parsePublicKey, PublicKeys } from "../../../src/issuers/flowauth/keys.ts";
import { makeSigningKey, packClaims, signPayload, signToken } from "../../support/flowauth/jwt.ts";
import { RenewdError } from "../../../src/core/errors.ts";

const never = new AbortController().signal;
const key = makeSigningKey();
const oldKey = makeSigningKey();
const at = Date.parse("2026-11-22T01:19:03Z");
const good = {
  subject: "flowbot",
  audience: "SRV_A",
  issuedAt: at,
  expAt: at + 86_400_000,
  scopes: { reader: ["get_result"] },
};

/** Keys by the text that `{ env }` holds; a missing one cannot be read. */
function keysOf(...texts: readonly (string | null)[]): PublicKeys {
  return new PublicKeys(
    texts.map((_, index) => ({ env: String(index) })),
    async (ref) => {
      const text = "env" in ref ? texts[Number(ref.env)] : null;
      if (text == null) throw new RenewdError("secret_unreadable", "the file /k.pem does not exist");
      return new SecretText(text);
    },
  );
}

function look(token: string, keys = keysOf(key.publicPem)): Promise<Inspection> {
  return inspect(keys, new SecretText(token), never);
}

async function lookAtPayload(change: Record<string, unknown>): Promise<Inspection> {
  const payload = {
    sub: "flowbot",
    aud: "SRV_A",
    iat: 1,
    nbf: 1,
    exp: 2,
    user_claims: packClaims(good.scopes),
    ...change,
  };
  return look(await signPayload(key, payload));
}

describe("what a proved token says", () => {
  it("is its subject, audience, dates in ms and its scopes by role", async () => {
    expect(await look(await signToken(key, good))).toEqual({
      outcome: "proved",
      claims: {
        subject: "flowbot",
        audiences: ["SRV_A"],
        issuedAt: at,
        notBeforeAt: at,
        expAt: at + 86_400_000,
        scopes: { reader: ["get_result"] },
      },
    });
  });

  it("is read from FlowAuth's own packing", async () => {
    const user_claims = "H4sIAAdDAmsC/6pWKkpNTEktUrJSiFZKTy2JL0otLs0pUYqtBQAAAP//AwBGVkeYGgAAAA==\n";
    expect(await lookAtPayload({ user_claims })).toMatchObject({ claims: { scopes: { reader: ["get_result"] } } });
  });

  it("may be hundreds of scopes", async () => {
    const scopes = { runner: Array.from({ length: 800 }, (_, index) => `run&aggregation_unit=admin${index}`) };
    expect(await look(await signToken(key, { ...good, scopes }))).toMatchObject({ claims: { scopes } });
  });

  it("is nothing where a claim is absent, and every audience where there are several", async () => {
    const absent = { sub: undefined, aud: undefined, iat: undefined, nbf: null, exp: undefined };
    expect(await lookAtPayload(absent)).toMatchObject({
      claims: { subject: null, audiences: [], issuedAt: null, notBeforeAt: null, expAt: null },
    });
    expect(await lookAtPayload({ aud: ["a", "b"] })).toMatchObject({ claims: { audiences: ["a", "b"] } });
  });

  it.each([
    ["user_claims absent", { user_claims: undefined }],
    ["user_claims not packed", { user_claims: '{"reader":[]}' }],
    ["user_claims not JSON", { user_claims: gzipSync("nonsense").toString("base64") }],
    ["user_claims without lists", { user_claims: packClaims({ reader: "get_result" }) }],
    ["a role called __proto__", { user_claims: gzipSync('{"a":["b"],"__proto__":["c"]}').toString("base64") }],
    ["user_claims a list", { user_claims: packClaims(["reader"]) }],
    ["user_claims that unpack to more than 1 MiB", { user_claims: packClaims({ reader: ["x".repeat(1_100_000)] }) }],
    ["exp a text", { exp: "2027" }],
    ["exp beyond all dates", { exp: 1e300 }],
    ["iat negative", { iat: -1 }],
    ["aud a number", { aud: 1 }],
    ["sub an object", { sub: {} }],
  ])("is refuted by form with %s", async (_, change) => {
    expect(await lookAtPayload(change)).toMatchObject({ outcome: "refuted", check: "form" });
  });
});

describe("the proof", () => {
  it("may come from any of several keys, while one replaces another", async () => {
    const token = await signToken(oldKey, good);
    expect(await look(token, keysOf(key.publicPem, oldKey.publicPem))).toMatchObject({ outcome: "proved" });
    expect(await look(token, keysOf(key.publicPem))).toMatchObject({ outcome: "refuted", check: "signature" });
  });

  it("is not missed because another key cannot be read; without it nothing is proved either way", async () => {
    const token = await signToken(oldKey, good);
    expect(await look(token, keysOf(null, oldKey.publicPem))).toMatchObject({ outcome: "proved" });
    expect(await look(token, keysOf(null, key.publicPem))).toMatchObject({
      outcome: "unknown",
      error: { code: "key_unreachable", message: expect.stringContaining("/k.pem does not exist") as string },
    });
  });

  it("reads the key anew each time", async () => {
    let pem = oldKey.publicPem;
    const keys = new PublicKeys([{ env: "K" }], async () => new SecretText(pem));
    const token = await signToken(key, good);
    expect(await look(token, keys)).toMatchObject({ outcome: "refuted" });
    pem = key.publicPem;
    expect(await look(token, keys)).toMatchObject({ outcome: "proved" });
  });

  it.each([
    ["an unsigned token", () => "eyJhbGciOiJub25lIn0.e30.", "algorithm"],
    ["a token signed with the public key as a password", macToken, "algorithm"],
    ["three words", () => "a.b.c", "form"],
    ["a token cut short", (token: string) => token.split(".").slice(0, 2).join("."), "form"],
    ["a token with a line break in it", (token: string) => token.replace(".", ".\n"), "form"],
    ["a token with a line break after it", (token: string) => `${token}\n`, "form"],
    ["a token of more than 64 KiB", (token: string) => token + "A".repeat(70_000), "form"],
    ["a token that demands what nobody understands", criticalToken, "form"],
    ["a signature too long", (token: string) => `${token}AAAA`, "signature"],
  ] as const)("fails for %s", async (_, make, check) => {
    const token = await make(await signToken(key, good));
    expect(await look(token)).toMatchObject({ outcome: "refuted", check });
  });

  it("says nothing of the token in its message", async () => {
    const inspection = await look(`eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"canary":1}').toString("base64url")}.AAAA`);
    expect(JSON.stringify(inspection)).not.toMatch(/canary|eyJ/);
  });
});

describe("a public key", () => {
  it("is PEM, or base64 of PEM as FlowAPI takes it", () => {
    const packed = Buffer.from(key.publicPem).toString("base64").replace(/.{76}/g, "$&\n");
    expect(parsePublicKey(packed).equals(parsePublicKey(key.publicPem))).toBe(true);
  });

  it.each([
    ["a private key", key.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), "private key"],
    ["nonsense", "nonsense", "neither"],
    ["too short a key", makeSigningKey(1024).publicPem, "2048"],
  ])("is not %s", (_, text, words) => {
    expect(() => parsePublicKey(text)).toThrow(
      expect.objectContaining({ code: "key_unreachable", message: expect.stringContaining(words) as string }),
    );
  });
});

async function macToken(): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify({ sub: "flowbot" }));
  return new CompactSign(bytes).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(key.publicPem));
}

async function criticalToken(): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify({ sub: "flowbot" }));
  const header = { alg: "RS256", crit: ["x-strange"], "x-strange": true };
  return new CompactSign(bytes).setProtectedHeader(header).sign(key.privateKey, { crit: { "x-strange": true } });
}
