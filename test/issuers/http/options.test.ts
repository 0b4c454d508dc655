import { describe, expect, it } from "vitest";
import { z } from "zod";
import { http } from "../../../src/issuers/http/index.ts";
import { bureauByPublishedKey, bureauOptions, githubOptions, gitlabMint, gitlabOptions } from "./settings.ts";

const URL = "https://issuer.example.org";
const least = {
  url: URL,
  overlap: "kept",
  secrets: { key: { file: "/run/secrets/key" } },
  request: { path: "/tokens", headers: { "X-Api-Key": "{{secrets.key}}" } },
  answer: { token: "/token", expires_at: "/expires_at" },
  verify: { type: "opaque" },
};
const asking = { type: "request", path: "/me", headers: { Authorization: "Bearer {{token}}" } };

/** Path -> words, of each problem. */
function problems(options: unknown): Readonly<Record<string, string>> {
  const read = http.options.parse.bind(http.options);
  try {
    read(options);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return Object.fromEntries(error.issues.map((issue) => [issue.path.join("."), issue.message]));
  }
  return expect.fail("it was accepted");
}

const withRequest = (request: object): unknown => ({ ...least, request: { ...least.request, ...request } });

describe("the options of http", () => {
  it("need an address, what a renewal does to the old token, a request, its answer and a proof; the rest has defaults", () => {
    expect(http.options.parse(least)).toEqual({
      ...least,
      request: { ...least.request, method: "POST", refused: [] },
      answer: { ...least.answer, success: [200, 201] },
      timeout: 10_000,
      max_response: 1_048_576,
    });
    for (const key of ["url", "overlap", "request", "answer", "verify"]) {
      expect(problems({ ...least, [key]: undefined })).toHaveProperty([key]);
    }
  });

  it("take every issuer that these tests know", () => {
    for (const options of [gitlabOptions, githubOptions, bureauOptions, bureauByPublishedKey]) {
      expect(http.options.parse(options(URL))).toMatchObject({ url: URL });
    }
    expect(http.options.parse({ ...gitlabOptions(URL), ...gitlabMint })).toHaveProperty("mint");
  });

  it.each<[object, string, string]>([
    [{ path: "/{{nmae}}" }, "request.path", "unknown placeholder {{nmae}}; known here are name, comment, expires_at"],
    [{ headers: { "X-A": "{{token}}" } }, "request.headers.X-A", "unknown placeholder {{token}}"],
    [
      { body: { a: ["{{secrets.other}}"] } },
      "request.body.a.0",
      "{{secrets.other}}, which is not declared; declare it",
    ],
    [{ body: { a: "{{secrets.}}" } }, "request.body.a", "{{secrets.}}"],
    [{ body: { a: "{{secrets.NAME}}" } }, "request.body.a", "unknown placeholder"],
    [{ body: { a: "{{jwt}}" } }, "request.body.a", "which is not declared; declare `jwt`"],
    [{ body: { a: "{{name}" } }, "request.body.a", "has {{ without }}"],
    [{ body: { "{{name}}": 1 } }, "request.body", "only values are filled in"],
    [{ body: { a: "of {{roles_object}}" } }, "request.body.a", "must be a whole value"],
    [{ path: "/{{roles_object}}" }, "request.path", "must be a whole value"],
    [{ path: "/{{secrets.key}}" }, "request.path", "holds a secret"],
    [{ path: "/?token={{current.token}}" }, "request.path", "holds a secret"],
    [{ path: "tokens" }, "request.path", "does not begin with /"],
    [{ path: "https://evil.example.org/" }, "request.path", "does not begin with /"],
    [{ path: "/a b" }, "request.path", "cannot stand in an address"],
    [{ path: "/a#b" }, "request.path", "cannot stand in an address"],
    [{ path: "/a/../b" }, "request.path", "holds . or .. as a step"],
    [{ path: "/a/%2E%2e" }, "request.path", "holds . or .. as a step"],
    [{ headers: { "X-A": "a\nb" } }, "request.headers.X-A", "cannot carry"],
    [{ headers: { Host: "x" } }, "request.headers.Host", "set by renewd itself"],
    [{ headers: { "X-A": "1", "x-a": "2" } }, "request.headers.x-a", "is there twice"],
    [{ headers: { authorization: "Bearer canary" } }, "request.headers.authorization", "holds a secret as it is"],
    [{ headers: { "a b": "1" } }, "request.headers.a b", ""],
    [{ method: "GET", body: {} }, "request.body", "cannot be sent with GET"],
    [{ body: "x".repeat(70_000) }, "request.body", "is not JSON of at most"],
    [{ refused: [200] }, "request.refused.0", ""],
    [{ pth: "/" }, "request", ""],
  ])("refuse the request %j at %s", (request, path, words) => {
    const found = problems(withRequest(request));
    expect(found).toHaveProperty([path]);
    expect(found[path]).toContain(words);
    expect(JSON.stringify(found)).not.toContain("canary");
  });

  it.each<[object, string, string]>([
    [{ mint: { path: "/first" } }, "mint", "is never used"],
    [{ request: { path: "/{{current.id}}" }, mint: { path: "/{{current.id}}" } }, "mint.path", "unknown placeholder"],
    [{ verify: { ...asking, headers: {} } }, "verify", "does not say where the token goes"],
    [{ verify: { ...asking, path: "/{{token}}" } }, "verify.path", "holds a secret"],
    [
      { verify: { ...asking, headers: { Authorization: "{{current.token}}" } } },
      "verify.headers.Authorization",
      "unknown",
    ],
    [{ verify: { ...asking, prefix: "" } }, "verify.prefix", "is not a text of 1 to 64 printable characters"],
    [{ verify: { ...asking, prefix: "two words" } }, "verify.prefix", "without spaces"],
    [{ verify: { type: "jwt" } }, "verify", "needs either"],
    [{ verify: { type: "jwt", jwks_uri: `${URL}/keys`, public_keys: [{ file: "k" }] } }, "verify", "needs either"],
    [{ verify: { type: "jwt", jwks_uri: `${URL}/keys`, algorithms: ["HS256"] } }, "verify.algorithms.0", ""],
    [{ verify: { type: "jwt", jwks_uri: "file:///keys" } }, "verify.jwks_uri", ""],
    [{ verify: { type: "guess" } }, "verify.type", "is none of opaque, jwt, request"],
    [{ account: "robot" }, "account", "cannot be checked"],
    [{ account: "robot", verify: asking }, "account", "cannot be checked"],
    [{ answer: { token: "token" } }, "answer.token", "is not a JSON pointer"],
    [{ answer: { token: "/token", success: [404] } }, "answer.success.0", ""],
    [{ jwt: { key: { file: "k" }, claims: { exp: 1 } } }, "jwt.claims.exp", "is set by renewd"],
    [{ jwt: { key: { file: "k" }, algorithm: "HS256" } }, "jwt.algorithm", ""],
    [{ secrets: { key: "canary" } }, "secrets.key", "never a literal"],
    [{ secrets: { "a.b": { env: "A" } } }, "secrets.a.b", ""],
    [{ overlap: "none", revoke: { path: "/end" } }, "revoke", "is never used"],
    [{ revoke: { path: "/{{current.id}}" } }, "revoke.path", "known here are token, id, jwt, secrets.NAME"],
    [{ probe: { path: "/{{name}}" } }, "probe.path", "unknown placeholder"],
    [{ probe: { path: "/", method: "POST" } }, "probe.method", ""],
    [{ overlap: "maybe" }, "overlap", ""],
    [{ url: "https://user:canary@issuer.example.org" }, "url", "without user"],
  ])("refuse %j at %s", (wrong, path, words) => {
    const found = problems({ ...least, ...wrong });
    expect(found).toHaveProperty([path]);
    expect(found[path]).toContain(words);
    expect(JSON.stringify(found)).not.toContain("canary");
  });

  it("can be told to an editor as JSON Schema", () => {
    const json = z.toJSONSchema(http.options as unknown as z.ZodType, { io: "input", unrepresentable: "any" });
    expect(json).toMatchObject({ type: "object", additionalProperties: false });
    // It is put into a larger schema, where its own references would lead nowhere.
    expect(JSON.stringify(json)).not.toContain("$ref");
  });
});
