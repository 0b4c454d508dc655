import { afterEach, beforeEach, expect, it } from "vitest";
import { SECOND_MS } from "../../src/core/duration.ts";
import { CannedServer } from "../support/oauth2/canned.ts";
import { encode, makeTokenKey, signJwt, type TokenKey } from "../support/oauth2/jwt.ts";
import { Browser, oidcBench, type OidcBench, type Seen } from "./oidc-bench.ts";
import { call } from "./serving.ts";

const KEY = makeTokenKey("key-1");
const STRANGER = makeTokenKey("key-1");

let server: CannedServer;
beforeEach(async () => {
  server = await CannedServer.start();
  discover();
  server.answers.set("/jwks", { body: { keys: [KEY.jwk] } });
});
afterEach(() => server[Symbol.asyncDispose]());

function discover(change: Readonly<Record<string, unknown>> = {}): void {
  const algorithms = { id_token_signing_alg_values_supported: ["ES256"] };
  server.discover({ authorization_endpoint: `${server.url}/authorize`, ...algorithms, ...change });
}

interface Made {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: TokenKey;
  readonly token?: (signed: string) => string | undefined;
}

/** Signs in with an ID token that is right but for what is given. */
async function signIn(bench: OidcBench, { claims = {}, key = KEY, token = (signed) => signed }: Made): Promise<Seen> {
  const browser = new Browser();
  const begun = await browser.get(`${bench.url}/sign-in/oidc`);
  const asked = new URL(begun.headers.get("location") ?? "").searchParams;
  const now = Math.floor(Date.now() / SECOND_MS);
  const right = { iss: server.url, aud: "renewd", sub: "alice", iat: now, exp: now + 300, nonce: asked.get("nonce") };
  const signed = await signJwt(key, { ...right, groups: ["ops"], ...claims });
  server.answers.set("/token", { body: { access_token: "at", token_type: "Bearer", id_token: token(signed) } });
  const seen = await browser.get(`${bench.settings.redirectUrl}?code=c0de&state=${asked.get("state") ?? ""}`);
  expect(browser.isSignedIn(bench.url)).toBe(seen.status === 200);
  return seen;
}

it("an ID token that is right in everything is taken", async () => {
  await using bench = await oidcBench(server.url);
  expect((await signIn(bench, {})).status).toBe(200);
  const [sent] = server.seen.filter(({ path }) => path === "/token");
  expect(sent?.form.get("code_verifier")).toMatch(/^[0-9a-f]{64}$/);
});

const unsigned = (signed: string): string => `${encode({ alg: "none" })}.${signed.split(".")[1] ?? ""}.`;

it.each<readonly [string, Made]>([
  ["of another sign-in", { claims: { nonce: "another" } }],
  ["without a nonce", { claims: { nonce: undefined } }],
  ["that has expired", { claims: { exp: Math.floor(Date.now() / SECOND_MS) - 3_600 } }],
  ["for another client", { claims: { aud: "another" } }],
  ["for several clients, of which another asked", { claims: { aud: ["renewd", "another"], azp: "another" } }],
  ["of another issuer", { claims: { iss: "https://evil.example" } }],
  ["of nobody", { claims: { sub: undefined } }],
  ["that another key signed", { key: STRANGER }],
  ["that nobody signed", { token: unsigned }],
  ["that is none", { token: () => "not.a.token" }],
  ["that is missing", { token: () => undefined }],
])("an ID token %s is refused", async (_, made) => {
  await using bench = await oidcBench(server.url);
  const seen = await signIn(bench, made);
  expect(seen).toMatchObject({ status: 502, body: expect.stringContaining("cannot be relied on") });
});

it("an ID token that was signed with the client's own secret is refused", async () => {
  discover({ id_token_signing_alg_values_supported: ["HS256", "ES256"] });
  await using bench = await oidcBench(server.url);
  const seen = await signIn(bench, {
    token: (signed) => `${encode({ alg: "HS256" })}.${signed.split(".")[1] ?? ""}.c2ln`,
  });
  expect(seen.status).toBe(502);
});

it("cookies go over TLS alone where people call renewd over TLS", async () => {
  await using bench = await oidcBench(server.url, { redirectUrl: "https://localhost/sign-in/oidc/callback" });
  const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    call(new URL(path, bench.url), "GET", { host: "localhost", ...headers }, undefined);
  const begun = await get("/sign-in/oidc");
  const [kept = ""] = begun.headers["set-cookie"] ?? [];
  expect(kept).toMatch(/^__Host-renewd_sign_in=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  const asked = new URL(String(begun.headers["location"])).searchParams;
  const now = Math.floor(Date.now() / SECOND_MS);
  const right = { iss: server.url, aud: "renewd", sub: "alice", iat: now, exp: now + 300, nonce: asked.get("nonce") };
  const signed = await signJwt(KEY, { ...right, groups: ["ops"] });
  server.answers.set("/token", { body: { access_token: "at", token_type: "Bearer", id_token: signed } });
  const callback = `/sign-in/oidc/callback?code=c0de&state=${asked.get("state") ?? ""}`;
  const seen = await get(callback, { cookie: kept.split(";")[0] ?? "" });
  const session = seen.headers["set-cookie"]?.at(-1) ?? "";
  expect(session).toMatch(
    /^__Host-renewd_session=[0-9a-f]{64}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  expect((await get("/", { cookie: session.split(";")[0] ?? "" })).body).toBe("operator");
});

it("a claim within a claim counts where it is a text or a list of texts, and nowhere else", async () => {
  await using bench = await oidcBench(server.url, { claim: "realm_access.roles" });
  expect((await signIn(bench, { claims: { realm_access: { roles: ["ops"] } } })).status).toBe(200);
  expect((await signIn(bench, { claims: { realm_access: "ops" } })).status).toBe(403);
  expect((await signIn(bench, { claims: { realm_access: { roles: { 0: "ops" } } } })).status).toBe(403);
  expect(
    (await signIn(bench, { claims: { "realm_access.roles": "others", realm_access: { roles: ["ops"] } } })).status,
  ).toBe(403);
});

it.each([
  [
    { error: "invalid_client", error_description: "no <such> client" },
    401,
    502,
    "refused renewd itself: invalid_client",
  ],
  [
    { error: "invalid_client", error_description: "this: eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln" },
    401,
    502,
    "refused renewd itself: invalid_client: this: [redacted]",
  ],
  [{ error: "invalid_grant" }, 400, 400, "does not take the answer any more: invalid_grant"],
  ["<html>", 500, 502, "cannot be relied on"],
])("a refusal of the code is told: %j", async (body, status, shown, words) => {
  await using bench = await oidcBench(server.url);
  const browser = new Browser();
  const begun = await browser.get(`${bench.url}/sign-in/oidc`);
  const state = new URL(begun.headers.get("location") ?? "").searchParams.get("state") ?? "";
  server.answers.set("/token", { status, body });
  const seen = await browser.get(`${bench.settings.redirectUrl}?code=c0de&state=${state}`);
  expect(seen).toMatchObject({ status: shown, body: expect.stringContaining(words) });
  expect(seen.body).not.toContain("<such>");
  expect(seen.body).not.toContain("c0de");
});

it("a provider that cannot be reached is told of, and asked anew the next time", async () => {
  await using bench = await oidcBench(server.url);
  server.answers.set("/.well-known/openid-configuration", { status: 503, body: "<h1>down</h1>" });
  const browser = new Browser();
  const down = await browser.get(`${bench.url}/sign-in/oidc`);
  expect(down).toMatchObject({ status: 502, body: expect.stringContaining("renewd dashboard") });
  discover();
  expect((await browser.get(`${bench.url}/sign-in/oidc`)).status).toBe(303);
  await using gone = await oidcBench("http://127.0.0.1:1");
  expect(await browser.get(`${gone.url}/sign-in/oidc`)).toMatchObject({
    status: 502,
    body: expect.stringContaining("could not be asked"),
  });
});

it.each([
  ["is another issuer's", { issuer: "https://evil.example" }],
  ["has no authorization endpoint", { authorization_endpoint: undefined }],
  ["sends people into the clear", { authorization_endpoint: "http://evil.example/authorize" }],
  ["has a script for an endpoint", { authorization_endpoint: "javascript:alert(1)" }],
  ["sends the secret into the clear", { token_endpoint: "http://evil.example/token" }],
  ["sends what it tells of people into the clear", { userinfo_endpoint: "http://evil.example/me" }],
  ["is larger than anything reasonable", { filler: "x".repeat(2 * 1024 * 1024) }],
])("a discovery document that %s is refused", async (_, change) => {
  discover(change);
  await using bench = await oidcBench(server.url);
  const seen = await new Browser().get(`${bench.url}/sign-in/oidc`);
  expect(seen.status).toBe(502);
  expect(seen.headers.get("location")).toBeNull();
});

it("what the provider publishes is read once an hour", async () => {
  await using bench = await oidcBench(server.url);
  const browser = new Browser();
  await Promise.all([1, 2].map(() => browser.get(`${bench.url}/sign-in/oidc`)));
  expect(server.count("/.well-known/openid-configuration")).toBe(1);
  await bench.clock.advance(3_600 * SECOND_MS);
  await browser.get(`${bench.url}/sign-in/oidc`);
  expect(server.count("/.well-known/openid-configuration")).toBe(2);
});

it("a client's secret that cannot be read is said to be one, by its place alone", async () => {
  await using bench = await oidcBench(server.url);
  bench.secrets.clear();
  const seen = await signIn(bench, {});
  expect(seen).toMatchObject({ status: 502, body: expect.stringContaining("secret_unreadable") });
});
