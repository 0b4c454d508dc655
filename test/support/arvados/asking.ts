/** A server of this kind at work, and how its tests ask it. */
import { FakeClock } from "../fake-clock.ts";
import { FakeArvados, type FakeArvadosOptions } from "./server.ts";

export const TOKENS = "/arvados/v1/api_client_authorizations";
export const ROOT_UUID = "zzzzz-tpzed-000000000000000";
export const DAY_MS = 86_400_000;

type Body = Readonly<Record<string, unknown>> & {
  readonly items?: readonly Body[];
  readonly errors?: readonly string[];
};

export interface Answer {
  readonly status: number;
  readonly body: Body;
  readonly error: string;
  readonly headers: Headers;
}

export let clock: FakeClock;
export let server: FakeArvados;
export let admin: { uuid: string; token: string };
export let user: { uuid: string; token: string };

export async function begin(options: Partial<FakeArvadosOptions> = {}): Promise<void> {
  clock = new FakeClock();
  server = new FakeArvados({ clock, ...options });
  await server.start();
  admin = server.addUser({ admin: true });
  user = server.addUser();
}

/** Another server than the one that each test begins with. */
export async function restart(options: Partial<FakeArvadosOptions>): Promise<void> {
  await server.close();
  await begin(options);
}

export interface Sent {
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function call(method: string, path: string, token: string | null, sent: Sent = {}): Promise<Answer> {
  const answer = await fetch(server.url + path, {
    method,
    redirect: "manual",
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(sent.json === undefined ? {} : { "content-type": "application/json" }),
      ...sent.headers,
    },
    ...(sent.json === undefined ? {} : { body: JSON.stringify(sent.json) }),
    ...(sent.form === undefined ? {} : { body: new URLSearchParams(sent.form) }),
  });
  const text = await answer.text();
  const body = (text === "" ? {} : JSON.parse(text)) as Body;
  return { status: answer.status, body, error: body.errors?.[0] ?? "", headers: answer.headers };
}

export const create = (attrs: object, token = server.rootToken): Promise<Answer> =>
  call("POST", TOKENS, token, { json: { api_client_authorization: attrs } });

export function list(params: Readonly<Record<string, unknown>>, token = server.rootToken): Promise<Answer> {
  const query = Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)]);
  return call("GET", `${TOKENS}?${new URLSearchParams(Object.fromEntries(query) as Record<string, string>)}`, token);
}

export const uuidsOf = (answer: Answer): readonly unknown[] => (answer.body.items ?? []).map(({ uuid }) => uuid);
export const inDays = (days: number): string => new Date(clock.now() + days * DAY_MS).toISOString();
