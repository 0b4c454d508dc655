import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MintAnswer } from "../../../src/core/ports.ts";
import { benchOf, type ClientBench, never } from "../../support/oauth2/bench.ts";
import { HostileFront } from "../../support/hostile-front.ts";
import { CannedServer } from "../../support/oauth2/canned.ts";
import { makeCertificate } from "../../support/tls-certificate.ts";

const OIDC = "/.well-known/openid-configuration";
const OAUTH = "/.well-known/oauth-authorization-server";

let server: CannedServer;
let bench: ClientBench;
beforeEach(async () => {
  server = await CannedServer.start();
  server.grant();
  bench = benchOf({ issuer: server.url });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function paths(): readonly string[] {
  return server.seen.map((each) => each.path);
}

async function expectUnsent(answer: Promise<MintAnswer>, code: string): Promise<void> {
  expect(await answer).toMatchObject({ outcome: "refused", error: { code, sent: false } });
  expect(paths()).not.toContain("/token");
}

describe("discovery", () => {
  it("is kept for an hour", async () => {
    await bench.mint();
    await bench.clock.advance(3_599_999);
    await bench.mint();
    expect(paths()).toEqual([OIDC, "/token", "/token"]);
    await bench.clock.advance(1);
    await bench.mint();
    expect(server.count(OIDC)).toBe(2);
  });

  it("is made once for all who wait for it", async () => {
    await Promise.all([bench.mint(), bench.mint(), bench.mint()]);
    expect(server.count(OIDC)).toBe(1);
  });

  it.each([
    ["is not there", { status: 404, body: "" }],
    ["is forbidden", { status: 403, body: {} }],
    ["is a page", { body: "<h1>Welcome</h1>" }],
    ["is a redirect", { status: 302, body: "", headers: { location: "https://elsewhere.example" } }],
    ["is a list", { body: [] }],
  ])("looks at the place of RFC 8414 when that of OpenID Connect %s", async (_, canned) => {
    server.answers.set(OAUTH, server.answers.get(OIDC) ?? expect.fail("no document"));
    server.answers.set(OIDC, canned);
    await bench.mint();
    expect(paths()).toEqual([OIDC, OAUTH, "/token"]);
  });

  it("follows the rules of both for an issuer with a path", async () => {
    const issuer = `${server.url}/realms/one`;
    await using other = benchOf({ issuer });
    server.answers.set(`${OAUTH}/realms/one`, { body: { issuer, token_endpoint: `${server.url}/token` } });
    await other.mint();
    expect(paths()).toEqual([`/realms/one${OIDC}`, `${OAUTH}/realms/one`, "/token"]);
  });

  it("takes an issuer whose name ends in a slash", async () => {
    const issuer = `${server.url}/`;
    await using other = benchOf({ issuer });
    server.discover({ issuer });
    await other.mint();
    server.discover();
    await other.clock.advance(3_600_000);
    await other.mint();
  });

  it.each([
    ["issuer_answer_invalid", { status: 404, body: "" }],
    ["issuer_answer_invalid", { body: "<h1>Welcome</h1>" }],
    ["issuer_redirected", { status: 302, body: "", headers: { location: "/token" } }],
    ["issuer_error", { status: 500, body: "" }],
    ["issuer_throttled", { status: 429, body: "" }],
    ["issuer_throttled", { status: 503, body: "", headers: { "retry-after": "5" } }],
    ["issuer_answer_too_large", { body: "x".repeat(1_048_577) }],
    ["issuer_unreachable", { body: "half of it", cut: true }],
  ])("fails as %s, with nothing asked for, where it is answered by %j", async (code, canned) => {
    server.answers.set(OIDC, canned);
    await expectUnsent(bench.ask(), code);
    await expect(bench.issuer.probe([], never)).rejects.toMatchObject({ code });
  });

  it.each([
    ["another issuer's", { issuer: "https://else.example" }],
    ["of an issuer below", { issuer: "http://127.0.0.1/below" }],
    ["of no issuer", { issuer: undefined }],
    ["of an issuer that is no address", { issuer: "me" }],
    ["with a line break in an address", { token_endpoint: "http://127.0.0.1/to\nken" }],
    ["without a token endpoint", { token_endpoint: undefined }],
    ["with a token endpoint that is a number", { token_endpoint: 7 }],
    ["that would send the secret in the clear", { token_endpoint: "http://idp.example/token" }],
    ["with a key address of another kind", { jwks_uri: "file:///etc/passwd" }],
    ["with a user in an address", { revocation_endpoint: "https://me:secret@idp.example/" }],
  ])("believes no document %s", async (_, change) => {
    server.discover(change);
    await expectUnsent(bench.ask(), "issuer_answer_invalid");
  });

  it("believes no other document once one was another issuer's", async () => {
    server.answers.set(OAUTH, server.answers.get(OIDC) ?? expect.fail("no document"));
    server.discover({ issuer: "https://else.example" });
    await expectUnsent(bench.ask(), "issuer_answer_invalid");
    expect(paths()).toEqual([OIDC]);
  });

  it("waits for a server that is down, and asks it at one place only", async () => {
    server.answers.set(OAUTH, server.answers.get(OIDC) ?? expect.fail("no document"));
    for (const status of [429, 500, 503]) {
      server.answers.set(OIDC, { status, body: "" });
      expect(await bench.ask()).toMatchObject({ outcome: "refused" });
    }
    expect(server.count(OAUTH)).toBe(0);
  });

  it("gives way to the endpoints of the settings", async () => {
    await using other = benchOf({ issuer: server.url, revocation_endpoint: `${server.url}/mine` });
    server.discover({ revocation_endpoint: `${server.url}/theirs` });
    server.answers.set("/mine", { body: "" });
    await other.issuer.retire?.({ issuerId: null, token: await other.mint() }, never);
    expect(paths()).toEqual([OIDC, "/token", "/mine"]);
  });

  it("goes by TLS, with a private authority, and is led to no plain address", async () => {
    const certificate = makeCertificate("localhost");
    const front = new HostileFront({ backend: () => server.url, callOf: (_, path) => path, now: () => 0, certificate });
    await front.start();
    await using tls = benchOf({ issuer: front.url, ca: { file: "authority" } });
    tls.secrets.set("authority", certificate.cert);
    const ends = { issuer: front.url, jwks_uri: undefined };
    server.discover({ ...ends, token_endpoint: `${front.url}/token` });
    expect(await tls.ask()).toMatchObject({ outcome: "minted" });
    expect(tls.asked).toMatchObject([{ ca: certificate.cert, timeoutMs: 5_000, maxResponseBytes: 1_048_576 }]);
    await tls.clock.advance(3_600_000);
    server.discover({ ...ends, token_endpoint: `${server.url}/token` });
    expect(await tls.ask()).toMatchObject({ outcome: "refused", error: { code: "issuer_answer_invalid" } });
    await front.close();
  });

  it("is made anew when the token endpoint is gone", async () => {
    await bench.mint();
    server.answers.delete("/token");
    expect(await bench.ask()).toMatchObject({ outcome: "unknown" });
    server.discover({ token_endpoint: `${server.url}/token2` });
    server.answers.set("/token2", { body: { access_token: "abc", token_type: "Bearer" } });
    await bench.mint();
    expect(server.count(OIDC)).toBe(2);
  });

  it("does not hold up a caller who gave up, nor end for those who did not", async () => {
    const ender = new AbortController();
    const given = bench.issuer.request(bench.order(), ender.signal);
    const other = bench.ask();
    ender.abort();
    expect(await given).toMatchObject({ outcome: "refused", error: { code: "issuer_timeout", sent: false } });
    expect(await other).toMatchObject({ outcome: "minted" });
  });
});

it("begins anew for who comes after all others gave up", async () => {
  const ender = new AbortController();
  const given = bench.issuer.request(bench.order(), ender.signal);
  ender.abort();
  await given;
  expect(await bench.ask()).toMatchObject({ outcome: "minted" });
});

describe("a probe", () => {
  const probe = (given: ClientBench, more: object = {}) => given.issuer.probe([given.request(more)], never);

  it("tells of the endpoint and the keys, and asks for no token", async () => {
    server.answers.set("/jwks", { body: { keys: [{ kty: "EC" }] } });
    const lines = await probe(bench);
    expect(lines.join("\n")).toMatch(/renewd-client_secret_basic.*\n.*discovered.*\n1 key\(s\)/s);
    expect(paths()).toEqual([OIDC, "/jwks"]);
  });

  it("tells what the server does not name among what it supports", async () => {
    server.discover({
      jwks_uri: undefined,
      scopes_supported: ["read"],
      grant_types_supported: ["authorization_code"],
      token_endpoint_auth_methods_supported: ["none"],
    });
    const lines = (await probe(bench, { scope: ["read", "write"] })).join("\n");
    for (const missing of ["grant client_credentials", "authentication client_secret_basic", "scope write"])
      expect(lines).toContain(missing);
    expect(lines).not.toContain("scope read");
  });

  it("fails where the keys cannot be read, or the secret", async () => {
    await expect(probe(bench)).rejects.toMatchObject({ code: "key_unreachable" });
    bench.secrets.delete("SECRET");
    await expect(probe(bench)).rejects.toMatchObject({ code: "secret_unreadable" });
  });

  it("says that tokens go unverified, or are asked about", async () => {
    await using lax = benchOf({ issuer: server.url, verify: "none" });
    expect((await probe(lax)).at(-1)).toContain("not verified");
    server.discover({ jwks_uri: undefined });
    await using asking = benchOf({ issuer: server.url, introspection_endpoint: "https://asked.example/i" });
    expect((await probe(asking)).at(-1)).toContain("asked.example");
  });
});
