import { spawn } from "node:child_process";
import { once } from "node:events";
import { request as secureRequest } from "node:https";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeCertificate } from "../tls-certificate.ts";
import {
  TOKENS,
  ROOT_UUID,
  DAY_MS,
  begin,
  restart,
  call,
  create,
  list,
  inDays,
  clock,
  server,
  admin,
  user,
  type Sent,
} from "./asking.ts";
import { tokenText } from "./server.ts";

beforeEach(() => begin());
afterEach(() => server.close());

describe("routes", () => {
  it.each([
    ["GET", `${TOKENS}/`, 404],
    ["PATCH", `${TOKENS}/zzzzz-gj3su-000000000000001`, 405],
    ["POST", `${TOKENS}/create_system_auth`, 405],
    ["HEAD", `${TOKENS}/current`, 200],
    ["HEAD", TOKENS, 200],
    ["GET", "/arvados/v1/nothing", 404],
  ])("%s %s answers %i", async (method, path, status) => {
    const answer = await call(method, path, server.rootToken);
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.body).toEqual({ errors: ["API endpoint not found"] });
  });

  it("POST becomes another method by `_method` or by X-Http-Method-Override", async () => {
    const byHeader = { headers: { "x-http-method-override": "GET" } };
    expect((await call("POST", `${TOKENS}/current`, user.token, byHeader)).body["owner_uuid"]).toBe(user.uuid);
    const byForm = await call("POST", TOKENS, user.token, { form: { _method: "GET", limit: "1" } });
    expect(byForm.body.items).toHaveLength(1);
    expect(server.calls("current")).toHaveLength(1);
    expect(server.calls("list")).toHaveLength(1);
  });

  it("the configuration and the discovery document need no token, and the limits on tokens are not in them", async () => {
    await restart({ maxTokenLifetimeMs: DAY_MS, issueTrustedTokens: false });
    const { body } = await call("GET", "/arvados/v1/config", null);
    expect(body).toMatchObject({ ClusterID: "zzzzz", Login: { LoginCluster: "" }, API: { MaxItemsPerResponse: 1000 } });
    expect(JSON.stringify(body)).not.toMatch(/MaxTokenLifetime|IssueTrustedTokens/);
    expect((await call("GET", "/discovery/v1/apis/arvados/v1/rest", null)).body["name"]).toBe("arvados");
  });
});

describe("encodings", () => {
  it.each([
    ["JSON, wrapped", { json: { api_client_authorization: { scopes: ["GET /"] } } }],
    ["JSON, bare", { json: { scopes: ["GET /"] } }],
    ["JSON of JSON texts", { json: { api_client_authorization: '{"scopes":["GET /"]}' } }],
    ["form", { form: { api_client_authorization: '{"scopes":["GET /"]}' } }],
  ])("attributes come as %s", async (_, sent) => {
    expect((await call("POST", TOKENS, user.token, sent)).body["scopes"]).toEqual(["GET /"]);
  });

  it("attributes come in the query, too", async () => {
    const query = new URLSearchParams({ api_client_authorization: '{"scopes":["GET /"]}' });
    expect((await call("POST", `${TOKENS}?${query}`, user.token)).body["scopes"]).toEqual(["GET /"]);
  });

  it("a body that is no JSON is a bad request", async () => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${user.token}` };
    const answer = await fetch(server.url + TOKENS, { method: "POST", headers, body: "{" });
    expect(answer.status).toBe(400);
  });
});

describe("credentials", () => {
  it("are taken as Bearer, OAuth2, Basic, parameter and cookie, as v2, with a container behind it, and as v1", async () => {
    const [, , secret = ""] = user.token.split("/");
    const path = `${TOKENS}/current`;
    const headers = (authorization: string): Sent => ({ headers: { authorization } });
    const answers = await Promise.all([
      call("GET", path, user.token),
      call("GET", path, secret),
      call("GET", path, `${user.token}/zzzzz-dz642-containercontai`),
      call("GET", path, null, headers(`OAuth2 ${user.token}`)),
      call("GET", path, null, headers(`Basic ${Buffer.from(`x:${user.token}`).toString("base64")}`)),
      call("GET", `${path}?api_token=${encodeURIComponent(user.token)}`, null),
      call("GET", path, null, {
        headers: { cookie: `arvados_api_token=${Buffer.from(secret).toString("base64url")}` },
      }),
    ]);
    expect(answers.map(({ body }) => body["owner_uuid"])).toEqual(answers.map(() => user.uuid));
  });

  it("that are missing, unknown or of another uuid are all the same", async () => {
    const [, , secret = ""] = user.token.split("/");
    for (const token of [null, "x", "v2/x/y", `v2/zzzzz-gj3su-otherotherother/${secret}`]) {
      const refused = await call("GET", `${TOKENS}/current`, token);
      expect([refused.status, refused.error]).toEqual([
        401,
        expect.stringContaining("401 Unauthorized: Not logged in"),
      ]);
    }
  });
});

describe("scopes", () => {
  const may = async (scopes: readonly string[], method: string, path: string): Promise<boolean> => {
    const answer = await call(method, path, tokenText(server.addRow(user.uuid, { scopes })));
    expect([200, 403]).toContain(answer.status);
    return answer.status === 200;
  };

  it.each([
    ["GET /arvados/v1/containers", "GET", "/arvados/v1/containers", true],
    ["GET /arvados/v1/containers", "GET", "/arvados/v1/containers/", true],
    ["GET /arvados/v1/containers", "GET", "/arvados/v1/containers/zzzzz-dz642-containercontai", false],
    ["GET /arvados/v1/containers/", "GET", "/arvados/v1/containers", false],
    ["GET /arvados/v1/containers/", "GET", "/arvados/v1/containers/zzzzz-dz642-containercontai", true],
    ["GET /", "GET", "/arvados/v1/users/current", true],
    ["GET /", "POST", "/arvados/v1/collections", false],
    ["GET /arvados/v1/containers", "HEAD", "/arvados/v1/containers", true],
    ["POST /arvados/v1/collections", "POST", "/arvados/v1/collections", true],
    ["PATCH /arvados/v1/collections/", "PUT", "/arvados/v1/collections/zzzzz-4zz18-collectioncolle", true],
    ["PUT /arvados/v1/collections/", "PUT", "/arvados/v1/collections/zzzzz-4zz18-collectioncolle", false],
    ["PUT /arvados/v1/containers/", "PUT", "/arvados/v1/containers/zzzzz-dz642-containercontai", true],
    ["PUT /arvados/v1/api_client_authorizations/", "GET", TOKENS, false],
  ])("%s: %s %s is allowed: %s", async (scope, method, path, allowed) => {
    expect(await may([scope], method, path)).toBe(allowed);
  });

  it("say nothing about `current`, which is always allowed", async () => {
    expect(await may([], "GET", `${TOKENS}/current`)).toBe(true);
    expect(await may([], "GET", "/arvados/v1/users/current")).toBe(false);
  });
});

describe("IssueTrustedTokens: false", () => {
  it("leaves everyone `current`, and SystemRootToken creating and listing", async () => {
    await restart({ issueTrustedTokens: false });
    const path = `${TOKENS}/${server.addRow(user.uuid).uuid}`;
    for (const refused of [
      await create({}, admin.token),
      await list({}, user.token),
      await call("GET", path, user.token),
      await call("GET", path, server.rootToken),
      await call("PUT", path, server.rootToken, { json: { expires_at: inDays(1) } }),
      await call("DELETE", path, server.rootToken),
    ]) {
      expect(refused.status).toBe(403);
      expect(refused.error).toContain("Action prohibited by IssueTrustedTokens configuration.");
    }
    expect((await call("GET", `${TOKENS}/current`, user.token)).status).toBe(200);
    expect((await create({ owner_uuid: user.uuid })).status).toBe(200);
    expect((await list({})).status).toBe(200);
  });
});

describe("LoginCluster", () => {
  it("of another cluster creates and lists, and knows no token of ours", async () => {
    await restart({ loginCluster: "yyyyy" });
    expect((await create({})).status).toBe(401);
    expect((await list({})).status).toBe(401);
    expect((await call("GET", `${TOKENS}/current`, server.rootToken)).status).toBe(200);
    expect((await call("GET", "/arvados/v1/config", null)).body["Login"]).toEqual({ LoginCluster: "yyyyy" });
  });
});

describe("logout", () => {
  it("expires the token it comes with, whatever its scopes, and redirects; a dead one changes nothing", async () => {
    const row = server.addRow(user.uuid, { scopes: [] });
    for (let times = 0; times < 2; times += 1) {
      expect((await call("GET", "/logout", tokenText(row))).status).toBe(302);
      expect(server.live()).not.toContain(row);
    }
    expect((await call("GET", "/logout", server.rootToken)).status).toBe(302);
    expect((await call("GET", `${TOKENS}/current`, server.rootToken)).status).toBe(200);
  });
});

describe("errors", () => {
  it("repeat the address with its query, and the caller's request id", async () => {
    const headers = { "x-request-id": "req-callercallercallerca" };
    const filters = encodeURIComponent(JSON.stringify([["api_token", "=", "whisper"]]));
    const refused = await call("GET", `${TOKENS}?filters=${filters}`, "x", { headers });
    expect(refused.error).toMatch(/^\/\/railsapi\.internal\/arvados\/v1\/api_client_authorizations\?filters=.*whisper/);
    expect(refused.error).toMatch(/: 401 Unauthorized: Not logged in \(req-callercallercallerca\)$/);
    expect(refused.headers.get("x-request-id")).toBe("req-callercallercallerca");
    expect((await call("GET", TOKENS, "x")).headers.get("x-request-id")).toMatch(/^req-[0-9a-z]{20}$/);
  });

  it("have an `error_token` where the controller hands Rails' answer through", async () => {
    const { body } = await call("GET", "/arvados/v1/containers", "x");
    expect(body).toEqual({
      errors: [expect.stringMatching(/^Not logged in \(req-\w{20}\)$/)],
      error_token: expect.stringMatching(/^\d+\+[0-9a-f]{8}$/),
    });
  });
});

describe("faults", () => {
  const dead = { owner_uuid: ROOT_UUID, api_token: "s".repeat(50) };
  const made = (): number => server.rows.filter((row) => row.api_token === dead.api_token).length;

  it("fail: the status asked for, and nothing done", async () => {
    server.fail({ on: "create", times: 2, status: 503 });
    expect((await call("GET", TOKENS, server.rootToken)).status).toBe(200);
    expect((await create(dead)).status).toBe(503);
    expect((await create(dead)).status).toBe(503);
    expect(made()).toBe(0);
    expect((await create(dead)).status).toBe(200);
    expect(server.calls("create").map(({ status }) => status)).toEqual([503, 503, 200]);
  });

  it("loseAnswer: done, but the connection is cut; loseRequest: cut and not done", async () => {
    server.loseRequest({ on: "create", times: 1 });
    server.loseAnswer({ on: "create", times: 1 });
    await expect(create(dead)).rejects.toThrow("fetch failed");
    expect(made()).toBe(0);
    await expect(create(dead)).rejects.toThrow("fetch failed");
    expect(made()).toBe(1);
    expect(server.calls("create").map(({ status }) => status)).toEqual([0, 0]);
  });

  it("delay: nothing is done before the clock says so", async () => {
    server.delay({ on: "all", ms: 5_000 });
    const answer = create(dead);
    while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(made()).toBe(0);
    await clock.advance(5_000);
    expect((await answer).status).toBe(200);
  });
});

describe("users", () => {
  it("are seen by themselves, and all by administrators", async () => {
    expect((await call("GET", "/arvados/v1/users/current", admin.token)).body).toMatchObject({
      uuid: admin.uuid,
      is_admin: true,
      is_active: true,
    });
    expect((await call("GET", "/arvados/v1/users", user.token)).body.items).toHaveLength(1);
    expect((await call("GET", "/arvados/v1/users", admin.token)).body.items).toHaveLength(3);
    expect((await call("GET", `/arvados/v1/users/${admin.uuid}`, user.token)).status).toBe(404);
  });
});

describe("https", () => {
  it("is spoken where a certificate is given", async () => {
    await server.close();
    const tls = makeCertificate("localhost");
    await server.start({ tls });
    const asked = secureRequest(`${server.url}/arvados/v1/config`, { ca: tls.cert }).end();
    const [answer] = (await once(asked, "response")) as [{ statusCode: number; resume: () => void }];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  });
});

describe("as a process of its own", () => {
  it("says in one line of JSON where it is, and ends at SIGTERM", async () => {
    const program = fileURLToPath(new URL("./serve.ts", import.meta.url));
    const child = spawn(process.execPath, [program, "--tls", "--root-token", "rootrootroot"]);
    const all = text(child.stdout);
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { url, rootToken, ca } = JSON.parse(line.toString()) as { url: string; rootToken: string; ca: string };
    const headers = { authorization: `Bearer ${rootToken}` };
    const asked = secureRequest(`${url}${TOKENS}/current`, { ca, headers }).end();
    const [answer] = (await once(asked, "response")) as [{ statusCode: number; resume: () => void }];
    answer.resume();
    expect([answer.statusCode, rootToken]).toEqual([200, "rootrootroot"]);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect((await all).trimEnd().split("\n")).toHaveLength(1);
  });
});
