import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { DAY_MS, HOUR_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import {
  type IssuerAdmin,
  type IssuerSeed,
  type IssuerServer,
  type IssuerServerOptions,
  openIssuerAdmin,
  startIssuerServer,
} from "../../src/issuer-server/index.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { FakeClock } from "../support/fake-clock.ts";

export const PASSWORD = "correct horse battery staple";

/** `reader` may live a day and `runner` an hour on `SRV_A`; `SRV_B` has a role of the same name as `SRV_A`. */
export const SEED: IssuerSeed = {
  servers: [
    { name: "SRV_A", maxLifeMs: 30 * DAY_MS },
    { name: "SRV_B", maxLifeMs: 30 * DAY_MS },
    { name: "SRV_C", maxLifeMs: DAY_MS },
  ],
  roles: [
    { server: "SRV_A", name: "reader", maxLifeMs: DAY_MS, scopes: ["get_result", "daily&admin3"] },
    { server: "SRV_A", name: "runner", maxLifeMs: HOUR_MS, scopes: ["run"] },
    { server: "SRV_A", name: "owner", maxLifeMs: 30 * DAY_MS, scopes: ["own"] },
    { server: "SRV_B", name: "reader", maxLifeMs: 2 * HOUR_MS, scopes: ["other"] },
  ],
  users: [
    {
      name: "flowbot",
      password: new SecretText(PASSWORD),
      roles: [
        { server: "SRV_A", role: "reader" },
        { server: "SRV_A", role: "runner" },
        { server: "SRV_B", role: "reader" },
      ],
    },
    { name: "root", admin: true, password: new SecretText(PASSWORD), roles: [{ server: "SRV_A", role: "owner" }] },
  ],
};

/** Made once a file: to make one takes longer than all the rest of a start. */
const SIGNING_KEY = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
  type: "pkcs8",
  format: "pem",
});

export interface Fixture {
  readonly server: IssuerServer;
  readonly admin: IssuerAdmin;
  readonly clock: FakeClock;
  readonly folder: string;
  readonly dbFile: string;
  readonly log: string[];
  /** Somebody without a session. */
  visitor(): Visitor;
  /** Somebody who signed in. */
  user(name?: string): Promise<Visitor>;
}

/** A real issuer on a free port of the loopback, in a folder of its own, under a clock that the test moves. */
export async function startIssuer(options: Partial<IssuerServerOptions> = {}): Promise<Fixture> {
  const folder = await newFolder();
  const dbFile = options.dbFile ?? join(folder, "issuer.db");
  const clock = new FakeClock();
  const log: string[] = [];
  const signingKeyFile = join(folder, "given.pem");
  await writeFile(signingKeyFile, SIGNING_KEY);
  const given = { ...loopback(dbFile, clock), signingKeyFile, log: (line: string) => log.push(line) };
  const server = await startIssuerServer({ ...given, ...options });
  onTestFinished(() => server.close());
  const admin = await openIssuerAdmin(dbFile, { random: systemRandom });
  onTestFinished(() => admin.close());
  const visitor = (): Visitor => new Visitor(server.url);
  const user = async (name = "flowbot"): Promise<Visitor> => {
    const someone = visitor();
    const answer = await someone.signIn(name);
    if (answer.status !== 200) throw new Error(`cannot sign in as ${name}: ${answer.status}`);
    return someone;
  };
  return { server, admin, clock, folder, dbFile, log, visitor, user };
}

export function loopback(dbFile: string, clock: FakeClock): IssuerServerOptions {
  return { dbFile, host: "127.0.0.1", port: 0, seed: SEED, clock, random: systemRandom };
}

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "renewd-issuer-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  readonly json: unknown;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is, in place of `body` as JSON. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** False leaves the header out; a text is sent in its place. */
  readonly csrf?: boolean | string;
}

/** A client of the protocol: keeps both cookies of every answer and sends the header with changing calls. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  get(path: string): Promise<Answer> {
    return this.call("GET", path);
  }

  post(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call("POST", path, options);
  }

  signIn(username = "flowbot", code?: string, password = PASSWORD): Promise<Answer> {
    const factor = code === undefined ? {} : { two_factor_code: code };
    return this.post("/signin", { body: { username, password, ...factor }, csrf: false });
  }

  /** The id of a fresh token; the answer to a mint does not tell it. */
  async mint(name: string, roles: readonly string[] = ["reader"], server = 1): Promise<number> {
    const body = { name, roles: roles.map((role) => ({ name: role })) };
    const answer = await this.post(`/tokens/tokens/${server}`, { body });
    const { token } = answer.json as { token: string };
    const row = (await this.list(server)).find((each) => each.token === token);
    if (row === undefined) throw new Error(`minted, but not listed: ${answer.status}`);
    return row.id;
  }

  async list(server = 1): Promise<ListedRow[]> {
    return (await this.get(`/tokens/tokens/${server}`)).json as ListedRow[];
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const headers = new Headers({ "Content-Type": "application/json" });
    headers.set("Cookie", [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    const csrf = options.csrf ?? true;
    if (csrf !== false) headers.set("X-CSRF-Token", csrf === true ? (this.cookies.get("X-CSRF") ?? "") : csrf);
    for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
    const body = options.raw ?? (options.body === undefined ? null : JSON.stringify(options.body));
    const response = await fetch(this.#url + path, { method, headers, body, redirect: "manual" });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value !== undefined) this.cookies.set(name, value);
    }
    const text = await response.text();
    const type = response.headers.get("Content-Type");
    const json: unknown = type?.startsWith("application/json") === true ? JSON.parse(text) : undefined;
    return { status: response.status, type, text, json, headers: response.headers };
  }
}

export interface ListedRow {
  readonly id: number;
  readonly name: string;
  readonly token: string;
  readonly expires: string;
  readonly server_name: string;
  readonly username: string;
  readonly roles: readonly { readonly id: number; readonly name: string }[];
}

/** What an answer looks like when it is one of FlowAuth's own refusals, or a page for people. */
export function isPage(answer: Answer): boolean {
  return answer.type === "text/html; charset=utf-8" && answer.text.startsWith("<!doctype html>");
}
