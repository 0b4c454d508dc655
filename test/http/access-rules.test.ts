import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bearer, SECRETS, serving, type Serving } from "./serving.ts";

let server: Serving;
beforeAll(async () => void (server = await serving()));
afterAll(() => server[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };
const open = { none: 200, viewer: 200, operator: 200, metrics: 200 };
const read = { none: 401, viewer: 200, operator: 200, metrics: 403 };
const act = (done: number): Allowed => ({ none: 401, viewer: 403, operator: done, metrics: 403 });

interface Allowed {
  readonly none: number;
  readonly viewer: number;
  readonly operator: number;
  readonly metrics: number;
}

const ROUTES: readonly (readonly [method: string, path: string, allowed: Allowed])[] = [
  ["GET", "/healthz", open],
  ["GET", "/readyz", open],
  ["GET", "/metrics", { none: 401, viewer: 200, operator: 200, metrics: 200 }],
  ["GET", "/", read],
  ["GET", "/api/v1/tokens", read],
  ["GET", "/api/v1/tokens/flowapi", read],
  ["GET", "/api/v1/tokens/flowapi/history", read],
  ["GET", "/api/v1/tokens/flowapi/renewals/1782892800000", read],
  ["GET", "/api/v1/tokens/flowapi/limits", read],
  ["GET", "/api/v1/plan", read],
  ["GET", "/api/v1/calendar?days=7", read],
  ["HEAD", "/api/v1/events", read],
  ["POST", "/api/v1/tokens/flowapi/renew", act(202)],
  ["POST", "/api/v1/tokens/flowapi/pause", act(200)],
  ["POST", "/api/v1/tokens/flowapi/resume", act(200)],
  ["POST", "/api/v1/tokens/flowapi/targets/airflow/adopt", act(200)],
];
const changing = ROUTES.filter(([method]) => method === "POST");

describe.each(ROUTES)("%s %s", (method, path, allowed) => {
  it.each(["viewer", "operator", "metrics"] as const)("answers %s as its role allows", async (role) => {
    expect((await server.call(method, path, { ...json, ...bearer(role) })).status).toBe(allowed[role]);
  });

  it("answers nobody without a token, if not everybody", async () => {
    expect((await server.call(method, path, json)).status).toBe(allowed.none);
  });

  it("by a name that it does not know is only read, and by nobody who brings no token of his own", async () => {
    const foreign = { ...json, host: "evil.example" };
    const isOpen = allowed.none === 200;
    const isRead = method !== "POST";
    expect((await server.call(method, path, foreign)).status).toBe(isOpen ? 200 : 403);
    const withToken = await server.call(method, path, { ...foreign, ...bearer("operator") });
    expect(withToken.status).toBe(isRead ? 200 : 403);
  });
});

describe.each(changing)("%s %s changes something, so it", (method, path, { operator: done }) => {
  const send = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await server.call(method, path, { ...json, ...bearer("operator"), ...headers }, "{}")).status;

  it("refuses a foreign origin, and none that can be told", async () => {
    expect(await send({ origin: "https://evil.example" })).toBe(403);
    expect(await send({ origin: "null" })).toBe(403);
    expect(await send({ "sec-fetch-site": "cross-site" })).toBe(403);
  });

  it("takes its own origin", async () => {
    expect(await send({ origin: server.url })).toBe(done);
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ""])(
    "refuses the content type %j",
    async (type) => expect(await send({ "content-type": type })).toBe(415),
  );
});

it("changes nothing when it refuses", async () => {
  server.control.asked.length = 0;
  for (const [method, path] of changing) {
    await server.call(method, path, json);
    await server.call(method, path, { ...json, ...bearer("viewer") });
    await server.call(method, path, { ...json, ...bearer("operator"), origin: "https://evil.example" });
    await server.call(method, path, { ...json, ...bearer("operator"), host: "evil.example" });
  }
  expect(server.control.asked).toEqual([]);
});

it("is called by its own names", async () => {
  const { port } = new URL(server.url);
  const good = [
    `localhost:${port}`,
    `127.0.0.1:${port}`,
    `[::1]:${port}`,
    "localhost:9999",
    "renewd.test",
    "RENEWD.test:80",
  ];
  const bad = ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.9"];
  const status = async (host: string): Promise<number> => (await server.call("GET", "/api/v1/plan", { host })).status;
  expect(await Promise.all(good.map(status))).toEqual(good.map(() => 401));
  expect(await Promise.all(bad.map(status))).toEqual(bad.map(() => 403));
});

it("is called by other names once those are in force", async () => {
  await using own = await serving();
  const status = async (host: string): Promise<number> => (await own.call("GET", "/api/v1/plan", { host })).status;
  expect([await status("renewd.test"), await status("new.test")]).toEqual([401, 403]);
  own.hostNames = ["new.test"];
  expect([await status("renewd.test"), await status("new.test")]).toEqual([403, 401]);
});

it("never repeats a token, and says nothing of which one was nearly right", async () => {
  const wrong = { authorization: `Bearer ${SECRETS.operator}x` };
  const answers = await Promise.all([
    server.call("GET", "/api/v1/tokens", wrong),
    server.call("GET", "/", wrong),
    ...ROUTES.map(([method, path]) => server.call(method, path, { ...json, ...bearer("operator") })),
    ...ROUTES.map(([method, path]) => server.call(method, path, { ...json, ...bearer("viewer") })),
  ]);
  expect(JSON.stringify(answers)).not.toContain("canary");
  const [refused] = answers;
  expect(refused?.headers["content-type"]).toBe("application/problem+json");
  expect(refused?.headers["www-authenticate"]).toBe('Bearer realm="renewd"');
  expect(JSON.parse(refused?.body ?? "")).toMatchObject({ status: 401, code: "unauthenticated" });
});

it("sends its security headers with every answer, refusals too", async () => {
  const answers = await Promise.all([
    server.call("GET", "/healthz"),
    server.call("GET", "/", bearer("viewer")),
    server.call("GET", "/nowhere"),
    server.call("GET", "/api/v1/tokens"),
  ]);
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 404, 401]);
  for (const { headers } of answers) {
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "cache-control": "no-store" });
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'.*frame-ancestors 'none'$/);
  }
});
