import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NEVER_AT } from "../../../src/core/duration.ts";
import type { MintAnswer, MintOrder } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type HttpBench, httpBench, NEVER_ABORTED } from "../../support/http-issuer/bench.ts";
import { FakeBureau } from "../../support/http-issuer/bureau.ts";
import { answer } from "../../support/http-issuer/json-server.ts";
import { bureauOptions } from "./settings.ts";

const DAY = 86_400_000;
const CURRENT = new SecretText("current-token-7c1e");

let clock: FakeClock;
let server: FakeBureau;
let bench: HttpBench | undefined;

beforeEach(async () => {
  clock = new FakeClock();
  server = new FakeBureau(clock);
  await server.start();
});
afterEach(async () => {
  await bench?.issuer.close();
  await server.close();
});

function start(options: object = {}, request: object = {}): HttpBench {
  const secrets = { API_KEY: server.apiKey };
  bench = httpBench(
    clock,
    { ...bureauOptions(server.url), ...options },
    { roles: ["read"], lifetime: "2d", ...request },
    secrets,
  );
  return bench;
}

/** With what is declared of the request alone. */
function ask(request: object, order: Partial<MintOrder> = {}, asked: object = {}): Promise<MintAnswer> {
  const { issuer, orderOf } = start({ request: { path: "/tokens", ...request } }, asked);
  return issuer.request(orderOf(order), NEVER_ABORTED);
}

const header = (name: string): string => String(server.seen[0]?.headers[name]);

describe("what goes out", () => {
  it("is the declared request, and nothing besides what every request has", async () => {
    const { issuer, orderOf } = start();
    expect(await issuer.request(orderOf(), NEVER_ABORTED)).toMatchObject({ outcome: "minted" });
    const { method, path, body, headers } = server.seen[0]!;
    expect([method, path, body]).toEqual([
      "POST",
      "/tokens",
      { name: "ci", roles: ["read"], until: "2026-07-03T08:00:00Z" },
    ]);
    expect(Object.keys(headers).sort()).toEqual(
      ["accept", "accept-encoding", "connection", "content-length", "content-type", "host", "idempotency-key"].concat([
        "user-agent",
        "x-api-key",
      ]),
    );
  });

  it("keeps the JSON type of what is nothing but a placeholder, and is text inside other text", async () => {
    const body = {
      whole: ["{{lifetime_seconds}}", "{{lifetime_minutes}}", "{{lifetime_days}}", "{{roles}}", "{{roles_object}}"],
      inText: "{{ name }}: {{roles}} for {{lifetime_days}} days ({{comment}})",
      asItIs: [1, null, true, { nested: "{{variables.project}}" }, "}} {"],
    };
    const asked = { roles: ["contents:read", "a:b"], variables: { project: 'fort"y\n' } };
    server.instead.push(answer(400));
    await ask({ body }, { comment: "for tests" }, asked);
    expect(server.seen[0]?.body).toEqual({
      whole: [172_800, 2_880, 2, ["a:b", "contents:read"], { a: "b", contents: "read" }],
      inText: "ci: a:b contents:read for 2 days (for tests)",
      asItIs: [1, null, true, { nested: 'fort"y\n' }, "}} {"],
    });
  });

  it("never carries a value of a path or query beyond its own place", async () => {
    server.instead.push(answer(400));
    const path = "/p/{{variables.project}}/{{name}}?q={{variables.project}}&r={{roles}}";
    await ask({ path }, { name: "../é%2e?#'\ud800" }, { roles: ["a b"], variables: { project: "x/../y&z=1" } });
    expect(server.seen[0]?.path).toBe("/p/x%2F..%2Fy%26z%3D1/..%2F%C3%A9%252e%3F%23%27%EF%BF%BD");
    expect(server.seen[0]?.query).toBe("q=x%2F..%2Fy%26z%3D1&r=a%20b");
  });

  it.each([
    ["/p/{{name}}/tokens", "."],
    ["/p/{{name}}/tokens", ".."],
    ["/p/{{name}}{{name}}?q=1", "."],
    ["/p/.{{comment}}", "unused"],
  ])("is nothing at all when %s would lead elsewhere with %j", async (path, name) => {
    const refused = await ask({ path }, { name });
    expect(refused).toMatchObject({ outcome: "refused", error: { code: "settings_invalid", sent: false } });
    expect(server.seen).toEqual([]);
  });

  it("is nothing at all when a header would hold a line break or what is no ASCII", async () => {
    for (const name of ["a\r\nX-Evil: 1", "é", "\u0000"]) {
      const refused = await ask({ headers: { "X-Name": "{{name}}" } }, { name });
      expect(refused).toMatchObject({ outcome: "refused", error: { code: "settings_invalid", sent: false } });
      await bench?.issuer.close();
    }
    expect(server.seen).toEqual([]);
  });

  it("leaves a member out where no end is asked for, and asks nothing where it cannot", async () => {
    const none = { lifetimeMs: Infinity, expAt: NEVER_AT };
    server.instead.push(answer(400));
    const body = { a: "{{expires_at}}", b: "{{lifetime_days}}", c: ["{{expires_date}}"], d: 1 };
    await ask({ body }, none);
    expect(server.seen[0]?.body).toEqual({ c: [], d: 1 });
    await bench?.issuer.close();
    const refused = await ask({ body: { a: "in {{lifetime_days}} days" } }, none);
    expect(refused).toMatchObject({ outcome: "refused", error: { code: "lifetime_refused", sent: false } });
    expect(server.seen).toHaveLength(1);
  });

  it("is no request for less than one of the units that it counts in", async () => {
    for (const body of [{ a: "{{lifetime_days}}" }, { a: "{{expires_date}}" }]) {
      const refused = await ask({ body }, { lifetimeMs: DAY - 1, expAt: clock.now() + DAY - 1 });
      expect(refused).toMatchObject({ outcome: "refused", error: { code: "lifetime_refused", sent: false } });
      await bench?.issuer.close();
    }
    expect(server.seen).toEqual([]);
  });

  it.each([
    ["2026-08-01T08:00:00Z", "2026-08-02"],
    ["2026-08-01T00:00:00Z", "2026-08-01"],
    ["2026-08-01T00:00:01Z", "2026-08-02"],
  ])("names by date the first midnight that is not before the end: %s -> %s", async (expAt, date) => {
    server.instead.push(answer(400));
    await ask({ body: { date: "{{expires_date}}" } }, { expAt: Date.parse(expAt) });
    expect(server.seen[0]?.body).toEqual({ date });
  });

  it("has one idempotency key for an order and its repetitions, and another for every other order", async () => {
    const { issuer, orderOf } = start();
    const order = orderOf({ expAt: NEVER_AT });
    const others: Partial<MintOrder>[] = [{ kind: "renew" }, { base: CURRENT }, { baseId: "7" }, { name: "other" }];
    for (const each of [{}, {}, ...others, { expAt: order.expAt - 1 }]) {
      await issuer.request({ ...order, ...each }, NEVER_ABORTED);
    }
    const keys = server.seen.map(({ headers }) => String(headers["idempotency-key"]));
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(6);
    for (const key of keys) expect(key).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it("carries a path of the base address", async () => {
    server.instead.push(answer(400));
    const { issuer, orderOf } = start({ url: `${server.url}/api/v1/` });
    await issuer.request(orderOf(), NEVER_ABORTED);
    expect(server.seen[0]?.path).toBe("/api/v1/tokens");
  });

  it("may be any method, and has a body only where one is declared", async () => {
    server.instead.push(answer(400));
    await ask({ method: "PUT" });
    expect([server.seen[0]?.method, header("content-type"), server.seen[0]?.text]).toEqual(["PUT", "undefined", ""]);
  });
});

describe("the current token", () => {
  const needy = { headers: { "X-Token": "{{current.token}}" }, body: { id: "{{current.id}}" } };

  it("goes out with its id", async () => {
    server.instead.push(answer(400));
    await ask(needy, { kind: "renew", base: CURRENT, baseId: "7" });
    expect([header("x-token"), server.seen[0]?.body]).toEqual([CURRENT.reveal(), { id: "7" }]);
  });

  it("is asked for its id where that is not known", async () => {
    const made = await start().issuer.request(bench!.orderOf(), NEVER_ABORTED);
    if (made.outcome !== "minted") return expect.fail("not minted");
    await bench?.issuer.close();
    server.seen.length = 0;
    await ask(needy, { kind: "renew", base: made.token });
    expect(server.seen.map(({ path }) => path)).toEqual(["/tokens/current", "/tokens"]);
    expect(server.seen[1]?.body).toEqual({ id: made.issuerId });
  });

  it.each<[string, Partial<MintOrder>]>([
    ["there is none", { kind: "renew", baseId: "7" }],
    ["a first one is wanted, and no `mint` is declared", { kind: "mint" }],
  ])("is missed before anything is sent when %s", async (_, order) => {
    expect(await ask(needy, order)).toMatchObject({ outcome: "refused", error: { code: "token_absent", sent: false } });
    expect(server.seen).toEqual([]);
  });

  it("is missed, with nothing asked for, when nobody tells its id", async () => {
    const refused = await ask(needy, { kind: "renew", base: CURRENT });
    expect(refused).toMatchObject({ outcome: "refused", error: { code: "request_refused", sent: false } });
    expect(JSON.stringify(refused)).not.toContain(CURRENT.reveal());
    expect(server.seen.map(({ path }) => path)).toEqual(["/tokens/current"]);
  });

  it("is not needed for a first one that is made by another request", async () => {
    const { issuer, orderOf } = start({
      request: { path: "/rotate", ...needy },
      mint: { path: "/tokens", headers: { "X-Api-Key": "{{secrets.key}}" }, body: { roles: "{{roles}}" } },
    });
    expect(await issuer.request(orderOf(), NEVER_ABORTED)).toMatchObject({ outcome: "minted" });
  });
});

describe("an answer", () => {
  const replied = async (status: number, json: unknown, options: object = {}): Promise<MintAnswer> => {
    server.instead.push(answer(status, json));
    const { issuer, orderOf } = start(options);
    const given = await issuer.request(orderOf(), NEVER_ABORTED);
    await issuer.close();
    return given;
  };
  const pointers = { token: "/t", id: "/id", expires_at: "/at", expires_in: "/in", scopes: "/s", success: [200] };

  it("tells the token, its id, its earliest end and its powers", async () => {
    const json = { t: "abc", id: 7, at: "2026-07-02T00:00:00Z", in: 3_600, s: "read write" };
    expect(await replied(200, json, { answer: pointers })).toEqual({
      outcome: "minted",
      token: new SecretText("abc"),
      issuerId: "7",
      expiresAt: clock.now() + 3_600_000,
      scopes: { read: [], write: [] },
    });
    const later = await replied(200, { ...json, in: 86_400 }, { answer: pointers });
    expect(later).toMatchObject({ expiresAt: Date.parse("2026-07-02T00:00:00Z") });
  });

  it("is not lost for what cannot be read beside the token", async () => {
    for (const json of [{ t: "abc" }, { t: "abc", id: {}, at: "soon", in: -1, s: 7 }]) {
      const given = await replied(200, json, { answer: pointers });
      expect(given).toMatchObject({ outcome: "minted", issuerId: null, expiresAt: null, scopes: null });
    }
    expect(await replied(200, { t: "abc", at: null }, { answer: pointers })).toMatchObject({ expiresAt: NEVER_AT });
  });

  it.each([{}, [], null, { t: "two words" }, { t: "" }, { t: 7 }, { t: "x".repeat(70_000) }])(
    "without a usable token leaves it unknown whether one was made: %#",
    async (json) => {
      const given = await replied(200, json, { answer: pointers });
      expect(given).toMatchObject({ outcome: "unknown", error: { code: "issuer_answer_invalid" } });
      expect(JSON.stringify(given)).not.toContain("two words");
    },
  );

  it("that is larger than max_response leaves it unknown, and is read no further", async () => {
    const given = await replied(200, { t: "abc", more: "x".repeat(3_000) }, { answer: pointers, max_response: "2KiB" });
    expect(given).toMatchObject({ outcome: "unknown", error: { code: "issuer_answer_too_large" } });
  });

  it.each<[number, MintAnswer["outcome"], string]>([
    [202, "unknown", "issuer_answer_invalid"],
    [204, "unknown", "issuer_answer_invalid"],
    [301, "refused", "issuer_redirected"],
    [302, "unknown", "issuer_redirected"],
    [303, "unknown", "issuer_redirected"],
    [307, "refused", "issuer_redirected"],
    [400, "refused", "request_refused"],
    [401, "refused", "request_refused"],
    [403, "refused", "request_refused"],
    [404, "refused", "request_refused"],
    [405, "refused", "request_refused"],
    [408, "unknown", "request_refused"],
    [409, "unknown", "request_refused"],
    [410, "refused", "request_refused"],
    [418, "unknown", "request_refused"],
    [422, "refused", "request_refused"],
    [429, "refused", "issuer_throttled"],
    [499, "unknown", "request_refused"],
    [500, "unknown", "issuer_error"],
    [503, "unknown", "issuer_error"],
  ])("%i: %s, %s", async (status, outcome, code) => {
    expect(await replied(status, { data: { token: "abc" } })).toMatchObject({ outcome, error: { code } });
    expect(server.seen).toHaveLength(1);
  });

  it("refuses for certain also by what the settings declare", async () => {
    const request = { path: "/tokens", refused: [409, 500] };
    expect(await replied(409, {}, { request })).toMatchObject({ outcome: "refused" });
    expect(await replied(500, {}, { request })).toMatchObject({ outcome: "refused" });
    expect(await replied(502, {}, { request })).toMatchObject({ outcome: "unknown" });
  });

  it("tells when to come back", async () => {
    for (const status of [403, 429, 503]) {
      server.instead.push({ ...answer(status), headers: { "retry-after": "30" } });
      const { issuer, orderOf } = start();
      const given = await issuer.request(orderOf(), NEVER_ABORTED);
      expect(given).toMatchObject({ error: { code: "issuer_throttled", retryAfterMs: 30_000 } });
      await issuer.close();
    }
  });

  it.each([
    [{ message: "401 Unauthorized" }, "401 Unauthorized"],
    [{ error: "invalid_token", error_description: "Token was revoked." }, "Token was revoked."],
    [{ type: "about:blank", title: "Out of credit", detail: "Your balance is 30." }, "Your balance is 30."],
    [{ message: { expires_at: ["must be before 2027-07-01"] } }, "must be before 2027-07-01"],
    [{ error: { code: 7, message: "no\n\nmore" } }, "no more"],
    [{ other: "words" }, "no reason given"],
    [["list"], "no reason given"],
  ])("gives its reason: %j", async (json, words) => {
    const given = await replied(400, json);
    if (given.outcome === "minted") return expect.fail("minted");
    expect(given.error.message).toBe(`minting of "ci" at ${server.url}: answered 400: ${words}`);
  });

  it("repeats no part of a secret that begins like another", async () => {
    server.instead.push(answer(400, { message: "abcdefgh abcd" }));
    const { issuer, orderOf, secrets } = start({
      secrets: { a: { env: "A" }, b: { env: "B" } },
      revoke: undefined,
      probe: undefined,
      request: { path: "/tokens", headers: { "X-A": "{{secrets.a}}", "X-B": "{{secrets.b}}" } },
    });
    secrets.set("A", "abcd").set("B", "abcdefgh");
    const given = await issuer.request(orderOf(), NEVER_ABORTED);
    if (given.outcome === "minted") return expect.fail("minted");
    expect(given.error.message).toContain("answered 400: [redacted] [redacted]");
  });

  it("repeats no secret of a body that is repeated as it was sent", async () => {
    const secret = 'quo"ted\\secret';
    const { issuer, orderOf, secrets } = start({
      request: { path: "/tokens", body: { key: "{{secrets.key}}" } },
    });
    secrets.set("API_KEY", secret);
    server.instead.push(answer(400, { message: `cannot read ${JSON.stringify({ key: secret })}` }));
    const given = await issuer.request(orderOf(), NEVER_ABORTED);
    if (given.outcome === "minted") return expect.fail("minted");
    expect(given.error.message).toContain('cannot read {"key":"[redacted]"}');
  });

  it("repeats no secret in its reason, in whatever order they stand", async () => {
    const key = server.apiKey;
    const given = await replied(400, { message: `${key} and ${key}x in "${key}"` });
    expect(JSON.stringify(given, Object.getOwnPropertyNames({ error: 0, message: 0 }))).not.toContain(key);
    if (given.outcome === "minted") return expect.fail("minted");
    expect(given.error.message).toContain("[redacted]");
  });
});

describe("secrets", () => {
  it("are read for each request anew, and only those that it sends", async () => {
    const { issuer, orderOf, secrets, reads } = start({
      secrets: { key: { env: "API_KEY" }, idle: { env: "IDLE" } },
    });
    await issuer.request(orderOf(), NEVER_ABORTED);
    secrets.set("API_KEY", "another-key");
    expect(await issuer.request(orderOf(), NEVER_ABORTED)).toMatchObject({ outcome: "refused" });
    expect(reads).toEqual(["API_KEY", "API_KEY"]);
  });

  it("that cannot be read leave nothing asked for", async () => {
    const { issuer, orderOf, secrets } = start();
    secrets.clear();
    const given = await issuer.request(orderOf(), NEVER_ABORTED);
    expect(given).toMatchObject({ outcome: "refused", error: { code: "secret_unreadable", sent: false } });
    expect(server.seen).toEqual([]);
  });

  it("sign a JWT anew for each request, or leave nothing asked for", async () => {
    const jwt = { key: { env: "PEM" }, claims: { iss: "me" } };
    const request = { path: "/tokens", headers: { Authorization: "Bearer {{jwt}}" } };
    const { issuer, orderOf, secrets } = start({ jwt, request });
    for (const pem of ["no key", server.publicPem]) {
      secrets.set("PEM", pem);
      const given = await issuer.request(orderOf(), NEVER_ABORTED);
      expect(given).toMatchObject({ outcome: "refused", error: { code: "secret_unreadable", sent: false } });
      expect(String((given as { error: Error }).error)).not.toContain(pem);
    }
    expect(server.seen).toEqual([]);
  });
});
