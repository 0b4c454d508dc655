import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Inspection } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { benchOf, type ClientBench, never } from "../../support/oauth2/bench.ts";
import { CannedServer } from "../../support/oauth2/canned.ts";
import { encode, makeTokenKey, signJwt, type TokenKey } from "../../support/oauth2/jwt.ts";

const key = makeTokenKey("one");
const other = makeTokenKey("two");
const nameless = makeTokenKey(undefined);
const secondNameless = makeTokenKey(undefined);
const rsa = makeTokenKey("rsa", "RS256");
const weak = makeTokenKey("weak", "RS256", 1024);
const stranger = makeTokenKey("stranger");

let server: CannedServer;
let bench: ClientBench;
let good: Readonly<Record<string, unknown>>;

beforeEach(async () => {
  server = await CannedServer.start();
  bench = benchOf({ issuer: server.url, client_id: "me" });
  const iat = 1_700_000_000;
  good = { iss: server.url, sub: "service", client_id: "me", aud: "api", iat, nbf: iat, exp: iat + 60, scope: "a b" };
  publish(key);
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function publish(...keys: readonly TokenKey[]): void {
  server.answers.set("/jwks", { body: { keys: keys.map(({ jwk }) => jwk) } });
}

function look(token: string): Promise<Inspection> {
  return bench.issuer.inspect(new SecretText(token), never);
}

async function lookAt(change: object, by = key, header = {}): Promise<Inspection> {
  return look(await signJwt(by, { ...good, ...change }, header));
}

describe("a JWT of the issuer", () => {
  it("is proved with all it says, though it expired long ago", async () => {
    expect(await lookAt({})).toEqual({
      outcome: "proved",
      claims: {
        subject: "me",
        audiences: ["api"],
        issuedAt: 1_700_000_000_000,
        notBeforeAt: 1_700_000_000_000,
        expAt: 1_700_000_060_000,
        scopes: { a: [], b: [] },
      },
    });
  });

  it.each([
    ["of the type of RFC 9068", {}, { typ: "at+jwt" }, {}],
    ["of the type JWT", {}, { typ: "JWT" }, {}],
    ["with several audiences", { aud: ["x", "y"] }, {}, { audiences: ["x", "y"] }],
    ["without an audience", { aud: undefined }, {}, { audiences: [] }],
    ["without an expiry", { exp: undefined }, {}, { expAt: null }],
    ["with dates that have fractions", { iat: 1.5 }, {}, { issuedAt: 1_500 }],
    ["without scopes", { scope: undefined }, {}, { scopes: null }],
    ["with scopes in a list", { scope: ["c"] }, {}, { scopes: { c: [] } }],
    ["with scopes as `scp`", { scope: undefined, scp: ["c", "d"] }, {}, { scopes: { c: [], d: [] } }],
    ["with scopes as one text in `scp`", { scope: undefined, scp: "c d" }, {}, { scopes: { c: [], d: [] } }],
    ["that names its client as `azp`", { client_id: undefined, azp: "me2" }, {}, { subject: "me2" }],
    ["that names its client as `cid`", { client_id: undefined, cid: "me3" }, {}, { subject: "me3" }],
    ["that names its client as `appid`", { client_id: undefined, appid: "me4" }, {}, { subject: "me4" }],
    ["that names its subject alone", { client_id: undefined }, {}, { subject: "service" }],
    ["that names nobody", { client_id: undefined, sub: undefined }, {}, { subject: null }],
    ["of another client", { client_id: "else" }, {}, { subject: "else" }],
  ])("is proved: %s", async (_, change, header, claims) => {
    expect(await lookAt(change, key, header)).toMatchObject({ outcome: "proved", claims });
  });

  it("is held to its subject where the settings name one", async () => {
    await using named = benchOf({ issuer: server.url, subject: "service" });
    expect(named.issuer.account).toBe("service");
    const token = new SecretText(await signJwt(key, good));
    expect(await named.issuer.inspect(token, never)).toMatchObject({ claims: { subject: "service" } });
    const unnamed = new SecretText(await signJwt(key, { ...good, sub: undefined }));
    expect(await named.issuer.inspect(unnamed, never)).toMatchObject({ claims: { subject: null } });
  });

  it.each([
    ["RSA", rsa, [key, rsa]],
    ["no name, among keys without names", nameless, [secondNameless, nameless]],
    ["no name, and is the only one", nameless, [nameless]],
    ["the name of another", key, [{ ...other, jwk: { ...other.jwk, kid: "one" } }, key]],
  ] as const)("is proved by a key that has %s", async (_, by, keys) => {
    publish(...keys);
    expect(await lookAt({}, by)).toMatchObject({ outcome: "proved" });
  });
});

describe("what is not a JWT of the issuer", () => {
  it.each([
    ["another issuer's", { iss: "https://else.example" }],
    ["of no issuer", { iss: undefined }],
    ["with an issuer that only looks like it", { iss: "http://127.0.0.1" }],
    ["with a subject that is a number", { sub: 7 }],
    ["with an expiry that is a text", { exp: "soon" }],
    ["with an expiry beyond all years", { exp: 1e15 }],
    ["with a scope that would be lost", { scope: "a __proto__" }],
  ])("is refuted for its form: %s", async (_, change) => {
    expect(await lookAt(change)).toMatchObject({ outcome: "refuted", check: "form" });
  });

  it.each([
    ["not JSON", "text", {}],
    ["a list", "[]", {}],
    ["not to be understood", "{}", { crit: ["exp"], exp: 1 }],
  ])("is refuted for its form: %s", async (_, payload, header) => {
    const token = await signJwt(key, payload, header).catch(
      async () => `${encode({ alg: "ES256", kid: "one", ...header })}.${encode({})}.c2ln`,
    );
    expect(await look(token)).toMatchObject({ outcome: "refuted", check: "form" });
  });

  it("is refuted for its algorithm: none, or HMAC with what everybody knows", async () => {
    const none = `${encode({ alg: "none" })}.${encode(good)}.`;
    expect(await look(none)).toMatchObject({ outcome: "refuted", check: "algorithm" });
    publish(rsa);
    const pem = rsa.publicKey.export({ type: "spki", format: "pem" });
    for (const secret of [pem, JSON.stringify(rsa.jwk)]) {
      const signed = `${encode({ alg: "HS256", kid: "rsa" })}.${encode(good)}`;
      const mac = createHmac("sha256", secret).update(signed).digest("base64url");
      expect(await look(`${signed}.${mac}`)).toMatchObject({ outcome: "refuted", check: "algorithm" });
    }
  });

  it("is refuted for its algorithm where the settings allow others only", async () => {
    await using strict = benchOf({ issuer: server.url, algorithms: ["RS256"] });
    const token = new SecretText(await signJwt(key, good));
    expect(await strict.issuer.inspect(token, never)).toMatchObject({ outcome: "refuted", check: "algorithm" });
  });

  it.each([
    ["of a stranger", stranger, {}],
    ["of a stranger, under a name of the issuer's", stranger, { kid: "one" }],
    ["of a stranger, who brings the key", stranger, { jwk: stranger.jwk }],
    ["of a stranger, who says where the key is", stranger, { jku: "http://127.0.0.1/jwks" }],
    ["of a stranger, without a name", stranger, { kid: undefined }],
  ])("is refuted for its signature: %s", async (_, by, header) => {
    expect(await lookAt({}, by, header)).toMatchObject({ outcome: "refuted", check: "signature" });
    expect(server.count("/jwks")).toBe(1);
  });

  it("is refuted for its signature where the issuer publishes no key at all, or only secret ones", async () => {
    publish();
    expect(await lookAt({})).toMatchObject({ outcome: "refuted", check: "signature" });
    await using again = benchOf({ issuer: server.url });
    server.answers.set("/jwks", { body: { keys: [{ kty: "oct", k: "c2VjcmV0", kid: "one" }] } });
    const token = new SecretText(await signJwt(key, good));
    expect(await again.issuer.inspect(token, never)).toMatchObject({ outcome: "refuted", check: "signature" });
  });

  it.each(["", "two words", "ü", "x".repeat(65_537), "line\nbreak"])("is refuted as no token: %j", async (text) => {
    expect(await look(text)).toMatchObject({ outcome: "refuted", check: "form" });
    expect(server.seen).toEqual([]);
  });
});

describe("the issuer's keys", () => {
  it("are kept for an hour, and then read again", async () => {
    await lookAt({});
    await bench.clock.advance(3_599_000);
    await lookAt({});
    expect(server.count("/jwks")).toBe(1);
    await bench.clock.advance(1_000);
    await lookAt({});
    expect(server.count("/jwks")).toBe(2);
  });

  it("are read once for all who wait for them", async () => {
    await Promise.all([lookAt({}), lookAt({}), lookAt({})]);
    expect(server.count("/jwks")).toBe(1);
  });

  it("are read again for an unknown name, and at most once a minute whatever is shown", async () => {
    await lookAt({});
    publish(key, other);
    expect(await lookAt({}, other)).toMatchObject({ outcome: "unknown", error: { code: "key_unreachable" } });
    expect(await lookAt({}, stranger)).toMatchObject({ outcome: "unknown" });
    expect(await lookAt({}, nameless)).toMatchObject({ outcome: "unknown" });
    expect(await lookAt({}, stranger, { kid: "one" })).toMatchObject({ outcome: "refuted", check: "signature" });
    expect(server.count("/jwks")).toBe(1);
    await bench.clock.advance(60_000);
    expect(await lookAt({}, other)).toMatchObject({ outcome: "proved" });
    expect(server.count("/jwks")).toBe(2);
  });

  it("are read again when a new one has an old name", async () => {
    await lookAt({});
    await bench.clock.advance(60_000);
    const again = { ...other, jwk: { ...other.jwk, kid: "one" } };
    publish(again);
    expect(await lookAt({}, again)).toMatchObject({ outcome: "proved" });
  });

  it.each([
    ["are away", { status: 503, body: "" }],
    ["come with an error", { status: 500, body: { keys: [key.jwk] } }],
    ["have moved", { status: 302, body: "", headers: { location: "/jwks2" } }],
    ["are a page", { body: "<h1>hello</h1>" }],
    ["are no set", { body: { keys: "none" } }],
    ["are too many", { body: { keys: Array.from({ length: 101 }, () => ({ kty: "EC" })) } }],
    ["are too large", { body: "x".repeat(1_048_577) }],
    ["cannot be used", { body: { keys: [{ ...key.jwk, x: "AA" }] } }],
  ])("may be out of reach, and then nothing is known: they %s", async (_, canned) => {
    server.answers.set("/jwks", canned);
    expect(await lookAt({})).toMatchObject({ outcome: "unknown", error: { code: "key_unreachable" } });
  });

  it("are of no use when they are too short", async () => {
    publish(weak);
    const signed = `${encode({ alg: "RS256", kid: "weak" })}.${encode(good)}.c2lnbmF0dXJl`;
    expect(await look(signed)).toMatchObject({ outcome: "unknown", error: { code: "key_unreachable" } });
  });
});

describe("how a token is verified", () => {
  it("is not at all with `none`, whatever it is", async () => {
    await using lax = benchOf({ issuer: server.url, verify: "none" });
    const token = new SecretText(await signJwt(key, good));
    expect(await lax.issuer.inspect(token, never)).toEqual({ outcome: "opaque" });
    expect(server.seen).toEqual([]);
  });

  it("is not at all where it says nothing and nobody was named to ask, without a call", async () => {
    server.discover({ introspection_endpoint: `${server.url}/introspect` });
    expect(await look("an-opaque-token")).toEqual({ outcome: "opaque" });
    expect(await look("looks.like.one")).toEqual({ outcome: "opaque" });
    expect(server.seen).toEqual([]);
  });

  it("is not at all for a JWT of a server that publishes no keys", async () => {
    server.discover({ jwks_uri: undefined });
    expect(await lookAt({})).toEqual({ outcome: "opaque" });
  });

  it("waits while nobody can say whether there are keys", async () => {
    server.answers.set("/.well-known/openid-configuration", { status: 503, body: "" });
    expect(await lookAt({})).toMatchObject({ outcome: "unknown", error: { code: "key_unreachable" } });
  });

  it("is by keys alone with `jwks`, and waits where there are none", async () => {
    await using strict = benchOf({ issuer: server.url, verify: "jwks" });
    const opaque = new SecretText("an-opaque-token");
    expect(await strict.issuer.inspect(opaque, never)).toMatchObject({ outcome: "refuted", check: "form" });
    server.discover({ jwks_uri: undefined });
    await strict.clock.advance(3_600_000);
    const token = new SecretText(await signJwt(key, good));
    expect(await strict.issuer.inspect(token, never)).toMatchObject({ outcome: "unknown" });
  });

  it("is by given keys, whoever the issuer says it is, where the settings name none", async () => {
    const options = { token_endpoint: `${server.url}/token`, jwks_uri: `${server.url}/jwks` };
    await using given = benchOf(options);
    const token = new SecretText(await signJwt(key, { ...good, iss: "anybody" }));
    expect(await given.issuer.inspect(token, never)).toMatchObject({ outcome: "proved" });
    await using named = benchOf({ ...options, issuer: "https://idp.example/" });
    expect(await named.issuer.inspect(token, never)).toMatchObject({ outcome: "refuted", check: "form" });
    expect(server.count("/.well-known/openid-configuration")).toBe(0);
  });
});
