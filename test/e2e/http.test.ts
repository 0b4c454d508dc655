import { request } from "node:http";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { FakeFlowAuth } from "../support/flowauth/server.ts";
import { until } from "../support/process.ts";
import { newPlace, PATIENT, type Place } from "./place.ts";
import { claimsOf } from "./reader.ts";
import { settingsOf } from "./settings.ts";
import { startStandIn } from "./stand-in.ts";

vi.setConfig(PATIENT);

const TOKEN = "/api/v1/tokens/airflow-flowapi";
const SECRETS = {
  viewer: "token-of-a-viewer",
  operator: "token-of-an-operator",
  metrics: "token-of-a-scraper",
} as const;

let place: Place;
let flowauth: FakeFlowAuth;

beforeAll(async () => {
  place = await newPlace();
  flowauth = await startStandIn(place);
  for (const [role, secret] of Object.entries(SECRETS)) await place.write(`${role}.token`, `${secret}\n`);
  const tokens = Object.keys(SECRETS).map((role) => `${role}: { role: ${role}, secret: { file: ../${role}.token } }`);
  await place.settings(settingsOf(place, { url: flowauth.url, http: `  tokens: { ${tokens.join(", ")} }` }));
  await (await place.daemon()).event("renewal:settled");
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await flowauth.close();
});

interface Asked {
  readonly as?: keyof typeof SECRETS;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Not `fetch`, which lets nobody choose the Host header. */
async function call(path: string, { as, method = "GET", headers = {}, body }: Asked = {}): Promise<Answer> {
  const all: Record<string, string> = as === undefined ? {} : { authorization: `Bearer ${SECRETS[as]}` };
  if (method === "POST") all["content-type"] = "application/json";
  return new Promise((resolve, reject) => {
    const asked = request(place.url + path, { method, headers: { ...all, ...headers } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => void (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asked.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

it("says to everybody that it lives and is ready, and nothing else", async () => {
  expect(await call("/healthz")).toMatchObject({ status: 200, text: '{"status":"alive"}' });
  expect(await call("/readyz")).toMatchObject({ status: 200, text: '{"status":"ready","reasons":[]}' });
  for (const path of ["/metrics", "/", "/api/v1/tokens", TOKEN, "/api/v1/events"]) {
    expect([path, (await call(path)).status]).toEqual([path, 401]);
    const wrong = await call(path, { headers: { authorization: "Bearer wrong" } });
    expect([path, wrong.status]).toEqual([path, 401]);
  }
  expect((await call(`${TOKEN}/renew`, { method: "POST" })).status).toBe(401);
});

it("lets each role do what is its own", async () => {
  expect((await call("/metrics", { as: "metrics" })).status).toBe(200);
  expect((await call(TOKEN, { as: "metrics" })).status).toBe(403);
  expect((await call(TOKEN, { as: "viewer" })).status).toBe(200);
  expect((await call("/", { as: "viewer" })).status).toBe(200);
  expect((await call(`${TOKEN}/renew`, { as: "viewer", method: "POST" })).status).toBe(403);
  expect((await call("/api/v1/tokens/unknown", { as: "viewer" })).status).toBe(404);
});

it("shows the same as `status --json`", async () => {
  const { text } = await call(TOKEN, { as: "viewer" });
  const { stdout } = await place.run("status", "--json", "airflow-flowapi");
  expect({ ...JSON.parse(text), next: null }).toEqual({ ...JSON.parse(stdout), next: null });
});

it("takes a change only from itself: known host, own origin, JSON", async () => {
  const act = (headers: Record<string, string>): Promise<Answer> =>
    call(`${TOKEN}/renew`, { as: "operator", method: "POST", headers });
  expect((await act({ host: "evil.example" })).status).toBe(403);
  expect((await act({ origin: "https://evil.example" })).status).toBe(403);
  expect((await act({ "content-type": "text/plain" })).status).toBe(415);
  expect((await call("/api/v1/tokens", { as: "operator", headers: { host: "service.example" } })).status).toBe(200);
  expect(flowauth.rows).toHaveLength(1);
});

it("renews at a call, answers at once with the renewal's address, and refuses what gains nothing with the sum", async () => {
  const before = await place.read();
  await until("the second is over", () => claimsOf(before).iat < Math.floor(Date.now() / 1000));
  const accepted = await call(`${TOKEN}/renew`, { as: "operator", method: "POST", body: {} });
  expect(accepted.status).toBe(202);
  const address = String(accepted.headers["location"]);
  expect(address).toMatch(/^\/api\/v1\/tokens\/airflow-flowapi\/renewals\/\d+$/);
  await until("the renewal is delivered", async () => {
    const { state } = JSON.parse((await call(address, { as: "viewer" })).text) as { state: string };
    return state === "delivered";
  });
  expect(await place.read()).not.toBe(before);

  const vain = await call(`${TOKEN}/renew`, { as: "operator", method: "POST", body: { lifetime_minutes: 1 } });
  expect(vain).toMatchObject({ status: 422 });
  expect(vain.headers["content-type"]).toBe("application/problem+json");
  expect(JSON.parse(vain.text)).toMatchObject({
    code: "would_not_gain",
    detail: expect.stringMatching(/^now \S+Z \+ 1 min = \S+Z, but the token in use lives until \S+Z$/) as string,
  });
  const odd = await call(`${TOKEN}/renew`, { as: "operator", method: "POST", body: { lifetime_minutes: "1" } });
  expect(odd.status).toBe(400);
});

it("streams what happens as it happens", async () => {
  const stop = new AbortController();
  const answer = await fetch(`${place.url}/api/v1/events`, {
    headers: { authorization: `Bearer ${SECRETS.viewer}` },
    signal: stop.signal,
  });
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  let heard = "";
  const listening = (async (): Promise<void> => {
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) heard += chunk;
  })().catch(() => undefined);
  expect(await place.renew("airflow-flowapi")).toMatchObject({ code: 0 });
  await until("its end is heard of", () => heard.includes("renewal:settled")).finally(() => stop.abort());
  for (const step of ["renewal:started", "renewal:accepted", "target:delivered"]) expect(heard).toContain(step);
  expect(heard).not.toContain(await place.read());
  await listening;
  expect(heard).not.toContain("eyJ");
});

it("has every metric of the contract", async () => {
  const { text } = await call("/metrics", { as: "metrics" });
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(names).toEqual(expect.arrayContaining([...METRICS]));
  const [token, target] = ['token="airflow-flowapi"', 'target="airflow"'];
  expect(text).toContain(`renewd_renewals_total{${token},result="delivered"} 3`);
  expect(text).toContain(`renewd_renewals_total{${token},result="quarantined"} 0`);
  expect(text).toContain(`renewd_deliveries_total{${token},${target},result="delivered"} 3`);
  expect(text).toMatch(/^renewd_issuer_requests_total\{issuer="flowauth",call="\w+",status="200"\} \d+$/m);
  expect(text).toMatch(
    new RegExp(`^renewd_target_token_expiration_timestamp_seconds\\{${token},${target}\\} \\d+`, "m"),
  );
});

const METRICS = [
  "renewd_target_token_expiration_timestamp_seconds",
  "renewd_token_expiration_timestamp_seconds",
  "renewd_issued_token_expiration_timestamp_seconds",
  "renewd_token_renewal_timestamp_seconds",
  "renewd_token_deadline_timestamp_seconds",
  "renewd_renewals_total",
  "renewd_deliveries_total",
  "renewd_issuer_requests_total",
  "renewd_token_last_success_timestamp_seconds",
  "renewd_last_sweep_timestamp_seconds",
  "renewd_sweep_lag_seconds",
  "renewd_incidents_open",
  "renewd_build_info",
  "renewd_settings_last_reload_successful",
] as const;
