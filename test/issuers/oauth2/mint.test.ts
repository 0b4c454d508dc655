import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../support/fake-clock.ts";
import { benchOf, governDates, never } from "../../support/oauth2/bench.ts";
import { CannedServer } from "../../support/oauth2/canned.ts";
import { AUDIENCE, clientKey, makeKey, OidcServer, TTL_SECONDS } from "../../support/oauth2/provider.ts";

const clock = new FakeClock();
const AUTHS = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

describe("a grant by oidc-provider", () => {
  let server: OidcServer;
  let dates: Disposable;
  beforeEach(async () => {
    dates = governDates(clock);
    server = new OidcServer();
    await server.start();
  });
  afterEach(async () => {
    dates[Symbol.dispose]();
    await server.close();
  });

  it.each(AUTHS)("is an opaque token to a client that signs in by %s", async (auth) => {
    await using bench = benchOf({ issuer: server.url, auth }, clock);
    const answer = await bench.ask(bench.request({ scope: ["write", "read"] }));
    expect(answer).toMatchObject({
      outcome: "minted",
      issuerId: null,
      expiresAt: clock.now() + TTL_SECONDS * 1_000,
      scopes: { read: [], write: [] },
    });
    const { token } = answer as Extract<typeof answer, { outcome: "minted" }>;
    expect(await server.knows(token.reveal())).toBe(true);
    expect(await bench.issuer.inspect(token, never)).toEqual({ outcome: "opaque" });
  });

  it.each(AUTHS)("is a JWT, proved by the server's keys, for a resource and %s", async (auth) => {
    await using bench = benchOf({ issuer: server.url, auth }, clock);
    const request = bench.request({ resource: AUDIENCE, scope: ["write", "read"] });
    expect(request.audience).toBe(AUDIENCE);
    const token = await bench.mint(request);
    expect(await bench.issuer.inspect(token, never)).toEqual({
      outcome: "proved",
      claims: {
        subject: `renewd-${auth}`,
        audiences: [AUDIENCE],
        issuedAt: clock.now(),
        notBeforeAt: null,
        expAt: clock.now() + TTL_SECONDS * 1_000,
        scopes: { read: [], write: [] },
      },
    });
  });

  it("is proved by new keys as soon as they have rested for a minute", async () => {
    await using bench = benchOf({ issuer: server.url }, clock);
    const request = bench.request({ resource: AUDIENCE });
    const old = await bench.mint(request);
    expect(await bench.issuer.inspect(old, never)).toMatchObject({ outcome: "proved" });
    server.rotateKeys();
    const fresh = await bench.mint(request);
    expect(await bench.issuer.inspect(fresh, never)).toMatchObject({
      outcome: "unknown",
      error: { code: "key_unreachable" },
    });
    await clock.advance(60_000);
    expect(await bench.issuer.inspect(fresh, never)).toMatchObject({ outcome: "proved" });
    await clock.advance(60_000);
    expect(await bench.issuer.inspect(old, never)).toMatchObject({ outcome: "refuted", check: "signature" });
  });

  it.each([
    ["client_refused", { auth: "client_secret_basic" }, { SECRET: "a wrong one" }, {}],
    ["client_refused", { auth: "client_secret_post" }, { SECRET: "a wrong one" }, {}],
    ["client_refused", { auth: "private_key_jwt" }, { KEY: JSON.stringify(makeKey("client-1")) }, {}],
    ["client_refused", { auth: "private_key_jwt", audience_of_assertion: "https://else.example" }, {}, {}],
    ["client_refused", { client_id: "nobody" }, {}, {}],
    ["roles_not_held", {}, {}, { scope: ["admin"] }],
  ])("is refused for certain, as %s, to %j with %j", async (code, options, secrets, request) => {
    await using bench = benchOf({ issuer: server.url, ...options }, clock);
    for (const [name, text] of Object.entries(secrets)) bench.secrets.set(name, text);
    const answer = await bench.ask(bench.request(request));
    expect(answer).toMatchObject({ outcome: "refused", error: { code } });
    expect(server.made).toBe(0);
  });

  it("is refused when our clock is far off, for the assertion goes by our clock alone", async () => {
    const behind = new FakeClock(clock.now() - 600_000);
    await using bench = benchOf({ issuer: server.url, auth: "private_key_jwt" }, behind);
    expect(await bench.ask()).toMatchObject({ outcome: "refused", error: { code: "client_refused" } });
  });

  it("is asked for with a secret that is read anew each time", async () => {
    await using bench = benchOf({ issuer: server.url }, clock);
    await bench.mint();
    bench.secrets.set("SECRET", "changed");
    expect(await bench.ask()).toMatchObject({ outcome: "refused" });
    bench.secrets.delete("SECRET");
    expect(await bench.ask()).toMatchObject({ outcome: "refused", error: { code: "secret_unreadable", sent: false } });
  });
});

describe("what goes out", () => {
  it("is one form, with what the request says", async () => {
    await using server = await CannedServer.start();
    server.grant();
    await using bench = benchOf({ issuer: server.url, auth: "client_secret_post", client_id: "me" });
    const given = { scope: ["b", "a", "b"], audience: "api", resource: "urn:x", parameters: { tenant: "t" } };
    await bench.mint(bench.request(given));
    const form = Object.fromEntries(server.seen.at(-1)?.form ?? []);
    expect(form).toEqual({
      grant_type: "client_credentials",
      scope: "a b",
      audience: "api",
      resource: "urn:x",
      tenant: "t",
      client_id: "me",
      client_secret: bench.secrets.get("SECRET"),
    });
  });

  it("leaves out what is not given, and never names the secret in a header of the other methods", async () => {
    await using server = await CannedServer.start();
    server.grant();
    await using bench = benchOf({ issuer: server.url, auth: "private_key_jwt" });
    await bench.mint(bench.request({ scope: [] }));
    const { form, headers } = server.seen.at(-1) ?? expect.fail("nothing was sent");
    expect([...form.keys()].sort()).toEqual(["client_assertion", "client_assertion_type", "client_id", "grant_type"]);
    expect(headers.authorization).toBeUndefined();
  });

  it("is an assertion for the issuer, good for one use and a short while", async () => {
    await using server = await CannedServer.start();
    server.grant();
    await using bench = benchOf({ issuer: server.url, auth: "private_key_jwt" });
    await bench.mint();
    await bench.mint();
    const assertions = server.seen.flatMap(({ form }) => form.get("client_assertion") ?? []);
    const now = Math.floor(bench.clock.now() / 1_000);
    const [one, other] = assertions.map((each) => decodeJwt(each));
    expect(decodeProtectedHeader(assertions[0] ?? "")).toEqual({ alg: "ES256", typ: "JWT", kid: clientKey.kid });
    const expected = { iss: "renewd-private_key_jwt", sub: "renewd-private_key_jwt", aud: server.url };
    expect(one).toEqual({ ...expected, jti: one?.jti, iat: now, exp: now + 120 });
    expect(one?.jti).toMatch(/^[0-9a-f]{32}$/);
    expect(other?.jti).not.toBe(one?.jti);
  });
});
