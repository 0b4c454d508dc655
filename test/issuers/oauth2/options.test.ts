import { generateKeyPairSync } from "node:crypto";
import { decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { oauth2 } from "../../../src/issuers/oauth2/index.ts";
import { benchOf } from "../../support/oauth2/bench.ts";
import { CannedServer } from "../../support/oauth2/canned.ts";
import { clientKey } from "../../support/oauth2/provider.ts";

const least = { issuer: "https://idp.example", client_id: "me", client_secret: { env: "SECRET" } };

/** The paths at which the options are wrong. */
function wrong(given: object): readonly string[] {
  const read = (oauth2.options as z.ZodType).safeParse(given);
  return read.success ? [] : [...new Set(read.error.issues.map((issue) => issue.path.join(".")))].sort();
}

describe("the options of an oauth2 issuer", () => {
  it("need little", () => {
    expect(oauth2.options.parse(least)).toMatchObject({
      auth: "client_secret_basic",
      verify: "auto",
      overlap: "kept",
      timeout: 10_000,
      max_response: 1_048_576,
    });
  });

  it("allow no algorithm by which a public key could be used as a secret", () => {
    const { algorithms } = oauth2.options.parse(least);
    expect(algorithms.filter((each) => /^(none|HS)/.test(each))).toEqual([]);
    expect(wrong({ ...least, algorithms: ["HS256"] })).toEqual(["algorithms.0"]);
    expect(wrong({ ...least, algorithms: ["none"] })).toEqual(["algorithms.0"]);
  });

  it.each([
    ["issuer", { issuer: undefined }],
    ["client_secret", { client_secret: undefined }],
    ["private_key", { private_key: { env: "KEY" } }],
    ["client_secret,private_key", { auth: "private_key_jwt" }],
    ["alg,audience_of_assertion,key_id", { alg: "ES256", key_id: "a", audience_of_assertion: "b" }],
    ["jwks_uri", { token_endpoint: "https://idp.example/token", verify: "jwks" }],
    ["introspection_endpoint", { token_endpoint: "https://idp.example/token", verify: "introspection" }],
    ["client_secret", { client_secret: "a literal" }],
    ["issuer", { issuer: "http://idp.example" }],
    ["issuer", { issuer: "http://127.0.0.1.example" }],
    ["issuer", { issuer: "https://me:secret@idp.example" }],
    ["issuer", { issuer: "https://idp.example?a=b" }],
    ["issuer", { issuer: "https://idp.example/.well-known/openid-configuration" }],
    ["token_endpoint", { token_endpoint: "http://10.0.0.1/token" }],
    ["token_endpoint", { token_endpoint: "https://idp.example/token#a" }],
    ["token_endpoint", { token_endpoint: "/token" }],
  ])("are wrong at %s: %j", (paths, change) => {
    expect(wrong({ ...least, ...change }).join(",")).toBe(paths);
  });

  it.each(["http://127.0.0.1:1/a", "http://localhost:1", "http://[::1]:1", "https://idp.example/a/"])(
    "take the issuer %s",
    (issuer) => expect(wrong({ ...least, issuer })).toEqual([]),
  );

  it("repeat no password of an address", () => {
    const read = (oauth2.options as z.ZodType).safeParse({ ...least, issuer: "https://me:hunter2@idp.example" });
    expect(JSON.stringify(read.error)).not.toContain("hunter2");
  });
});

describe("a request of an oauth2 issuer", () => {
  it.each([
    { scope: ["a b"] },
    { scope: [""] },
    { scope: ['a"'] },
    { resource: "not absolute" },
    { resource: "https://api.example/#a" },
    { parameters: { client_secret: "x" } },
    { parameters: { scope: "x" } },
    { parameters: { grant_type: "password" } },
    { lifetime: "1s" },
    { audience: "" },
  ])("is wrong as %j", (given) => {
    expect(() => oauth2.request.parse(given)).toThrow();
  });

  it("names its audience, or else its resource, as what a token must be for", () => {
    const options = oauth2.options.parse(least);
    const read = (given: object) => oauth2.readRequest(oauth2.request.parse(given), options).audience;
    expect(read({ audience: "api", resource: "urn:x" })).toBe("api");
    expect(read({ resource: "urn:x" })).toBe("urn:x");
    expect(read({})).toBeNull();
  });

  it("is the same token at the issuer when its scopes are edited", () => {
    const options = oauth2.options.parse(least);
    const identity = (given: object) => oauth2.identity(options, oauth2.request.parse(given), "one");
    expect(identity({ scope: ["a"] })).toBe(identity({ scope: ["b"], lifetime: "2h" }));
  });
});

describe("a private key", () => {
  const pemOf = (pair: { privateKey: { export(options: object): string | Buffer } }): string =>
    pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const rsa = pemOf(generateKeyPairSync("rsa", { modulusLength: 2048 }));
  const short = pemOf(generateKeyPairSync("rsa", { modulusLength: 1024 }));
  const ed = pemOf(generateKeyPairSync("ed25519"));
  const p384 = pemOf(generateKeyPairSync("ec", { namedCurve: "P-384" }));
  const bitcoin = pemOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" }));
  const jwk = JSON.stringify({ ...clientKey, alg: "ES256" });

  async function headerBy(key: string, options: object = {}) {
    await using server = await CannedServer.start();
    server.grant();
    await using bench = benchOf({ issuer: server.url, auth: "private_key_jwt", ...options });
    bench.secrets.set("KEY", key);
    await bench.mint();
    return decodeProtectedHeader(server.seen.at(-1)?.form.get("client_assertion") ?? "");
  }

  it.each([
    ["RSA in PEM", rsa, {}, { alg: "RS256" }],
    ["RSA, by another algorithm", rsa, { alg: "PS512" }, { alg: "PS512" }],
    ["Ed25519", ed, {}, { alg: "EdDSA" }],
    ["Ed25519, by its newer name", ed, { alg: "Ed25519" }, { alg: "Ed25519" }],
    ["P-384", p384, {}, { alg: "ES384" }],
    ["P-384, with a name", p384, { key_id: "mine" }, { alg: "ES384", kid: "mine" }],
    ["a JWK, which has a name", jwk, {}, { alg: "ES256", kid: clientKey.kid }],
    ["a JWK, with another name", jwk, { key_id: "mine" }, { alg: "ES256", kid: "mine" }],
  ])("signs: %s", async (_, key, options, header) => {
    expect(await headerBy(key, options)).toEqual({ typ: "JWT", ...header });
  });

  it.each([
    ["no key", "hello", {}],
    ["a public JWK", JSON.stringify({ kty: "EC", crv: "P-256", x: clientKey.x, y: clientKey.y }), {}],
    ["a secret JWK", JSON.stringify({ kty: "oct", k: "c2VjcmV0" }), {}],
    ["too short", short, {}],
    ["of a curve that JWTs have no name for", bitcoin, {}],
    ["of another algorithm's kind", rsa, { alg: "ES256" }],
    ["a JWK for encryption", JSON.stringify({ ...clientKey, alg: "ECDH-ES" }), {}],
  ])("is refused without being repeated: %s", async (_, key, options) => {
    const thrown: unknown = await headerBy(key, options).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "secret_unreadable", sent: false });
    expect(String(thrown)).not.toContain(key.slice(0, 40));
  });
});
