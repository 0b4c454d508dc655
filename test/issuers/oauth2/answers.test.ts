import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MintAnswer } from "../../../src/core/ports.ts";
import { benchOf, type ClientBench } from "../../support/oauth2/bench.ts";
import { type Canned, CannedServer, type SeenRequest } from "../../support/oauth2/canned.ts";

let server: CannedServer;
let bench: ClientBench;
beforeEach(async () => {
  server = await CannedServer.start();
  server.grant();
  bench = benchOf({ issuer: server.url, max_response: "64KiB" });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function granted(change: Readonly<Record<string, unknown>>): Promise<MintAnswer> {
  server.grant(change);
  return bench.ask();
}

function answered(canned: Canned): Promise<MintAnswer> {
  server.answers.set("/token", canned);
  return bench.ask();
}

describe("a grant", () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>, number | null]>([
    ["nothing of its expiry", { expires_in: undefined }, null],
    ["null of its expiry", { expires_in: null }, null],
    ["its lifetime as a text", { expires_in: "60" }, 60_000],
    ["its lifetime with a fraction", { expires_in: 59.5 }, 59_500],
    ["that it is over", { expires_in: 0 }, 0],
    ["its type in another case", { token_type: "bearer" }, 3_600_000],
    ["an id_token besides, which nobody judges", { id_token: "not.a.jwt" }, 3_600_000],
  ])("may say %s", async (_, change, livesMs) => {
    const expiresAt = livesMs === null ? null : bench.clock.now() + livesMs;
    expect(await granted(change)).toMatchObject({ outcome: "minted", expiresAt });
  });

  it.each<readonly [string, Readonly<Record<string, unknown>>, object | null]>([
    ["nothing of its scopes, which are those asked for", {}, null],
    ["no scope", { scope: "" }, null],
    ["fewer scopes", { scope: "a" }, { a: [] }],
    ["scopes named like members of every object", { scope: "constructor b" }, { constructor: [], b: [] }],
  ])("may say %s", async (_, change, scopes) => {
    expect(await granted(change)).toMatchObject({ outcome: "minted", scopes });
  });

  it.each([
    ["another type", { token_type: "DPoP" }],
    ["no type", { token_type: undefined }],
    ["no token", { access_token: undefined }],
    ["an empty token", { access_token: "" }],
    ["a token that is a list", { access_token: ["x"] }],
    ["a token with a line break", { access_token: "a\nb" }],
    ["a token without end", { access_token: "x".repeat(65_537) }],
    ["a lifetime below zero", { expires_in: -1 }],
    ["a lifetime that is no number", { expires_in: "soon" }],
    ["scopes that are a list", { scope: ["a"] }],
    ["a scope that would be lost", { scope: "a __proto__" }],
  ])("is not believed with %s: it may have been made", async (_, change) => {
    bench = benchOf({ issuer: server.url });
    expect(await granted(change)).toMatchObject({ outcome: "unknown", error: { code: "issuer_answer_invalid" } });
  });
});

describe("a refusal", () => {
  const json = (status: number, error: unknown, headers = {}): Canned => ({ status, headers, body: { error } });

  it.each([
    ["refused", "client_refused", json(401, "invalid_client", { "www-authenticate": 'Basic realm="x"' })],
    ["refused", "client_refused", json(400, "invalid_client")],
    ["refused", "roles_not_held", json(400, "invalid_scope")],
    ["refused", "request_refused", json(400, "unauthorized_client")],
    ["refused", "request_refused", json(400, "unsupported_grant_type")],
    ["refused", "request_refused", json(400, "invalid_target")],
    ["refused", "request_refused", json(403, "access_denied")],
    ["refused", "issuer_throttled", { status: 429, body: "slow down", headers: { "retry-after": "7" } }],
    ["refused", "issuer_redirected", { status: 302, body: "", headers: { location: "https://elsewhere.example/" } }],
    ["refused", "issuer_redirected", { status: 307, body: "", headers: { location: "/token2" } }],
    ["unknown", "issuer_throttled", { status: 503, body: "", headers: { "retry-after": "7" } }],
    ["unknown", "issuer_error", json(500, "server_error")],
    ["unknown", "issuer_error", json(400, "server_error")],
    ["unknown", "issuer_error", json(400, "temporarily_unavailable")],
    ["unknown", "issuer_answer_invalid", { status: 401, body: "<h1>a proxy's page</h1>" }],
    ["unknown", "issuer_answer_invalid", { status: 400, body: { message: "no error" } }],
    ["unknown", "issuer_answer_invalid", json(400, "")],
    ["unknown", "issuer_answer_invalid", json(400, 7)],
    ["unknown", "request_refused", json(408, "invalid_request")],
    ["unknown", "issuer_answer_invalid", { status: 204, body: "" }],
    ["unknown", "issuer_answer_invalid", { status: 201, body: { access_token: "abc", token_type: "Bearer" } }],
    ["unknown", "issuer_answer_invalid", { status: 304, body: "" }],
    ["unknown", "issuer_answer_invalid", { status: 700, body: "" }],
    ["unknown", "issuer_answer_invalid", { body: "<h1>Welcome</h1>" }],
    ["unknown", "issuer_answer_invalid", { body: [] }],
    ["unknown", "issuer_answer_too_large", { body: "x".repeat(70_000) }],
    ["unknown", "issuer_answer_too_large", { status: 400, body: "x".repeat(70_000) }],
    ["unknown", "issuer_unreachable", { body: "half of it", cut: true }],
  ] as const)("is %s, as %s: %j", async (outcome, code, canned) => {
    expect(await answered(canned)).toMatchObject({ outcome, error: { code } });
    expect(server.seen.map((each) => each.path)).not.toContain("/token2");
  });

  it("may have headers in strange letters", async () => {
    const headers = { "retry-after": "sp\u00e4ter", "content-type": "text/h\u00fcbsch" };
    expect(await answered({ status: 429, body: {}, headers })).toMatchObject({ error: { code: "issuer_throttled" } });
  });

  it("tells when to come back", async () => {
    const answer = await answered({ status: 429, body: {}, headers: { "retry-after": "7" } });
    expect(answer).toMatchObject({ error: { retryAfterMs: 7_000 } });
  });

  it.each(["client_secret_basic", "client_secret_post", "private_key_jwt"])(
    "repeats nothing secret, though the server does (%s)",
    async (auth) => {
      await using own = benchOf({ issuer: server.url, auth, client_id: "me" });
      own.secrets.set("SECRET", "s3/+ret:1");
      const echoes = await echoesOf(own);
      expect(echoes.length).toBeGreaterThan(2);
      for (const [echo, secrets] of echoes) {
        server.answers.set("/token", (seen) => {
          const words = echo(seen);
          return { status: 400, body: { error: words, error_description: `you said ${words}` } };
        });
        const answer = await own.ask();
        if (answer.outcome !== "refused") return expect.fail(answer.outcome);
        expect(answer.error.message).toContain("[redacted]");
        for (const secret of secrets) expect(answer.error.message).not.toContain(secret);
      }
    },
  );
});

type Echo = (seen: SeenRequest) => string;

/** Every form in which a request shows a secret, as a server may repeat it. */
async function echoesOf({ ask }: ClientBench): Promise<readonly (readonly [Echo, readonly string[]])[]> {
  await ask();
  const { headers, form } = server.seen.at(-1) ?? expect.fail("nothing was sent");
  const basic = (seen: SeenRequest): string => (seen.headers.authorization ?? "").slice("Basic ".length);
  const plain = (seen: SeenRequest): string => Buffer.from(basic(seen), "base64").toString();
  if (headers.authorization !== undefined) {
    const hidden = ["s3/+ret", "s3%2F%2Bret", Buffer.from("me:s3").toString("base64").slice(0, 6)];
    return [basic, plain, (seen: SeenRequest) => decodeURIComponent(plain(seen))].map((echo) => [echo, hidden]);
  }
  const name = form.has("client_secret") ? "client_secret" : "client_assertion";
  const value = (seen: SeenRequest): string => seen.form.get(name) ?? "";
  const hidden = name === "client_secret" ? ["s3/+ret", "s3%2F%2Bret"] : ["eyJhbGciOiJ", "MEUCI"];
  const encoded = (seen: SeenRequest): string => new URLSearchParams({ [name]: value(seen) }).toString();
  return [value, encoded, (seen: SeenRequest) => `${name}: "${value(seen)}"`].map((echo) => [echo, hidden]);
}

it("asks nothing in an order to extend, which has no meaning here", async () => {
  const order = { ...bench.order(), kind: "extend" } as const;
  const answer = await bench.issuer.request(order, new AbortController().signal);
  expect(answer).toMatchObject({ outcome: "refused", error: expect.any(TypeError) });
  expect(server.seen).toEqual([]);
});
