import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SecretText } from "../../../src/core/secret-text.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { benchOf, type ClientBench, governDates, never } from "../../support/oauth2/bench.ts";
import { CannedServer } from "../../support/oauth2/canned.ts";
import { OidcServer } from "../../support/oauth2/provider.ts";

const token = new SecretText("an-opaque-token");

describe("a token that the server is asked about", () => {
  let server: CannedServer;
  let bench: ClientBench;
  beforeEach(async () => {
    server = await CannedServer.start();
    bench = benchOf({ issuer: server.url, client_id: "me", introspection_endpoint: `${server.url}/introspect` });
  });
  afterEach(async () => {
    await bench[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const look = (body: unknown, status = 200) => {
    server.answers.set("/introspect", { status, body });
    return bench.issuer.inspect(token, never);
  };

  it("is proved with what the server says, and sent in the body alone", async () => {
    const said = { active: true, client_id: "me", sub: "service", aud: "api", iat: 1, exp: 2, scope: "a", nbf: null };
    expect(await look({ ...said, iss: server.url })).toEqual({
      outcome: "proved",
      claims: {
        subject: "me",
        audiences: ["api"],
        issuedAt: 1_000,
        notBeforeAt: null,
        expAt: 2_000,
        scopes: { a: [] },
      },
    });
    const { path, headers, form } = server.seen.at(-1) ?? expect.fail("nothing was asked");
    expect(path).toBe("/introspect");
    expect(form.get("token")).toBe(token.reveal());
    expect(headers.authorization).toMatch(/^Basic /);
  });

  it("is proved though the server says no more than that it is active", async () => {
    const claims = { subject: null, audiences: [], issuedAt: null, notBeforeAt: null, expAt: null, scopes: null };
    expect(await look({ active: true })).toEqual({ outcome: "proved", claims });
  });

  it("is refuted when it is not active, or another issuer's", async () => {
    expect(await look({ active: false })).toMatchObject({ outcome: "refuted", check: "active" });
    expect(await look({ active: true, iss: "https://else.example" })).toMatchObject({
      outcome: "refuted",
      check: "form",
    });
  });

  it.each([
    [200, { active: "yes" }],
    [200, {}],
    [200, "<h1>hello</h1>"],
    [401, { error: "invalid_client" }],
    [403, { error: "access_denied" }],
    [404, ""],
    [503, ""],
  ])("is neither proved nor refuted by the answer %i %j", async (status, body) => {
    expect(await look(body, status)).toMatchObject({ outcome: "unknown", error: { code: "key_unreachable" } });
  });

  it("is told to nobody in the words of an error", async () => {
    const inspection = await look({ error: "invalid_request", error_description: `what is ${token.reveal()}?` }, 400);
    if (inspection.outcome !== "unknown") return expect.fail(inspection.outcome);
    expect(inspection.error.message).toContain("what is [redacted]?");
  });
});

describe("a token that is retired", () => {
  const clock = new FakeClock();

  it("is ended at oidc-provider, and no other", async () => {
    const dates = governDates(clock);
    const server = new OidcServer();
    await server.start();
    await using bench = benchOf({ issuer: server.url }, clock);
    const [old, other] = [await bench.mint(), await bench.mint()];
    await bench.issuer.retire?.({ issuerId: null, token: old }, never);
    await bench.issuer.retire?.({ issuerId: null, token: old }, never);
    expect(await server.knows(old.reveal())).toBe(false);
    expect(await server.knows(other.reveal())).toBe(true);
    await server.close();
    dates[Symbol.dispose]();
  });

  it("is not where the server has no place for that, and it is said so", async () => {
    await using server = await CannedServer.start();
    await using bench = benchOf({ issuer: server.url }, clock);
    const retired = bench.issuer.retire?.({ issuerId: null, token }, never);
    await expect(retired).rejects.toMatchObject({ code: "request_refused", message: /revocation_endpoint/ });
  });

  it("cannot be where the settings name no place for that", async () => {
    await using bench = benchOf({ token_endpoint: "https://idp.example/token" });
    expect(bench.issuer.retire).toBeNull();
    await using able = benchOf({
      token_endpoint: "https://idp.example/token",
      revocation_endpoint: "https://idp.example/revoke",
    });
    expect(able.issuer.retire).not.toBeNull();
  });

  it.each([
    ["request_refused", { status: 400, body: { error: "unsupported_token_type" } }],
    ["issuer_throttled", { status: 503, body: "", headers: { "retry-after": "5" } }],
    ["issuer_answer_invalid", { status: 404, body: "" }],
  ])("is not, as %s says, when the server answers %j", async (code, canned) => {
    await using server = await CannedServer.start();
    server.discover({ revocation_endpoint: `${server.url}/revoke` });
    server.answers.set("/revoke", canned);
    await using bench = benchOf({ issuer: server.url }, clock);
    await expect(bench.issuer.retire?.({ issuerId: null, token }, never)).rejects.toMatchObject({ code });
  });
});
