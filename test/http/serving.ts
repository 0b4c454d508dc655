/** A real server on a free port of the loopback, with the fake control behind it, and a caller that may send any header. */
import { request } from "node:http";
import { RenewdError } from "../../src/core/errors.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { ApiToken } from "../../src/core/settings.ts";
import { type Access, createAccess } from "../../src/http/access.ts";
import { EventHub } from "../../src/http/event-hub.ts";
import type { Health } from "../../src/http/health.ts";
import { createHttpApp } from "../../src/http/http-app.ts";
import { createMetrics, type Metrics } from "../../src/http/metrics.ts";
import { serveHttp } from "../../src/http/serve.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeControl, NOW } from "./fake-control.ts";

export const SECRETS = { viewer: "canary-viewer-1f", operator: "canary-operator-2e", metrics: "canary-metrics-3d" };

export const apiTokens: readonly ApiToken[] = (["viewer", "operator", "metrics"] as const).map((role) => ({
  name: role,
  role,
  secret: { env: role },
}));

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Serving extends AsyncDisposable {
  readonly url: string;
  readonly control: FakeControl;
  readonly clock: FakeClock;
  readonly access: Access;
  readonly events: EventHub;
  readonly metrics: Metrics;
  readonly secrets: Map<string, string>;
  /** What access told, in order. */
  readonly told: DomainEvent[];
  /** By which it may be called, besides its address and the loopback's. */
  hostNames: readonly string[];
  health: Health;
  call(method: string, path: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<Answer>;
}

export async function serving(control: FakeControl = new FakeControl()): Promise<Serving> {
  const clock = new FakeClock(NOW);
  const secrets = new Map<string, string>(Object.entries(SECRETS));
  const readSecret = async (ref: ApiToken["secret"]): Promise<SecretText> => {
    const text = "env" in ref ? secrets.get(ref.env) : undefined;
    if (text === undefined) throw new RenewdError("secret_unreadable", "no such secret");
    return new SecretText(text);
  };
  const told: DomainEvent[] = [];
  const emit = (event: DomainEvent): void => void told.push(event);
  const access = createAccess({ tokens: apiTokens, readSecret, clock, random: systemRandom, emit });
  const events = new EventHub(clock);
  const metrics = createMetrics(control, { version: "1.2.3", node: "24" });
  const app = createHttpApp({
    control,
    health: () => made.health,
    metrics,
    access,
    events,
    hostNames: () => made.hostNames,
    clock,
  });
  const { url, close } = await serveHttp(app, { host: "127.0.0.1", port: 0 });
  const made: Serving = {
    url,
    control,
    clock,
    access,
    events,
    metrics,
    secrets,
    told,
    hostNames: ["renewd.test"],
    health: { alive: true, ready: true, reasons: [] },
    call: (method, path, headers = {}, body) => call(new URL(path, url), method, headers, body),
    [Symbol.asyncDispose]: close,
  };
  return made;
}

export function bearer(role: keyof typeof SECRETS): { readonly authorization: string } {
  return { authorization: `Bearer ${SECRETS[role]}` };
}

/** Not `fetch`, which lets nobody choose the Host header. */
export function call(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
