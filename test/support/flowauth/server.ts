/**
 * A stand-in for FlowAuth that can be told to misbehave. Contract followed: the FlowAuth backend of FlowKit after PR
 * #7282 (login.py, main.py, token_management.py, user_settings.py): routes, bodies, statuses and content types of its
 * answers, two cookies on every answer, CSRF before login, list with every row and its full JWT, a mint's answer
 * without id, lifetimes honoured or refused, the exact maximum refused, renewals as new rows of the same name.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../../src/core/ports.ts";
import { makeSigningKey, type SigningKey, signToken } from "./jwt.ts";

export type FlowAuthCall = "sign_in" | "servers" | "roles" | "list" | "mint" | "renew" | "other";

export interface Seen {
  readonly call: FlowAuthCall;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Instead of, or after, the true answer. */
export type Script =
  | { readonly status: number; readonly json: unknown; readonly headers?: Record<string, string> }
  | { readonly status: number; readonly html: string; readonly headers?: Record<string, string> }
  /** Waits, then goes on truly or as told. */
  | { readonly after: Promise<unknown>; readonly reply?: Exclude<Script, { readonly after: unknown }> }
  /** Carries the call out and drops the connection before the first byte of its answer. */
  | "lose"
  /** Drops the connection without carrying the call out. */
  | "drop"
  /** Never answers. */
  | "hang"
  /** Answers truly, but ends the body halfway. */
  | "cut";

interface Account {
  readonly username: string;
  password: string;
  twoFactor: ((code: unknown) => boolean) | null;
}

interface Role {
  readonly id: number;
  readonly name: string;
  readonly server: number;
  readonly scopes: readonly string[];
  longestMinutes: number;
  latestAt: number | null;
  held: boolean;
}

export interface TokenRow {
  readonly id: number;
  readonly name: string;
  readonly token: string;
  readonly server: number;
  readonly expAt: number;
  roleIds: readonly number[];
  owner: string;
}

interface Reply {
  readonly status: number;
  readonly type: "application/json" | "text/html; charset=utf-8";
  readonly text: string;
  readonly headers?: Record<string, string>;
}

const json = (status: number, body: unknown): Reply => ({
  status,
  type: "application/json",
  text: JSON.stringify(body),
});
const page = (status: number, text = `<!doctype html><title>${status}</title>`): Reply => ({
  status,
  type: "text/html; charset=utf-8",
  text,
});
const refusal = (code: number, message: string, more: object = {}): Reply => json(code, { ...more, code, message });

export class FakeFlowAuth {
  readonly key: SigningKey;
  readonly seen: Seen[] = [];
  readonly account: Account = { username: "flowbot", password: "correct horse", twoFactor: null };
  readonly servers: { id: number; name: string }[] = [{ id: 3, name: "flowapi-prod" }];
  readonly roles: Role[] = [
    {
      id: 11,
      name: "runner",
      server: 3,
      scopes: ["run", "get_result"],
      longestMinutes: 43_200,
      latestAt: null,
      held: true,
    },
    { id: 12, name: "viewer", server: 3, scopes: ["get_result"], longestMinutes: 43_200, latestAt: null, held: true },
  ];
  readonly rows: TokenRow[] = [];
  readonly #clock: Clock;
  readonly #http: Server;
  readonly #scripts = new Map<FlowAuthCall, Script[]>();
  /** Session id -> its CSRF secret. */
  readonly #sessions = new Map<string, string>();
  #answers = 0;

  constructor(clock: Clock, key: SigningKey = makeSigningKey()) {
    this.#clock = clock;
    this.key = key;
    this.#http = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** The next calls of this kind are answered so, in this order; then truly again. */
  script(call: FlowAuthCall, ...scripts: Script[]): void {
    this.#scripts.set(call, [...(this.#scripts.get(call) ?? []), ...scripts]);
  }

  endSessions(): void {
    this.#sessions.clear();
  }

  calls(call: FlowAuthCall): Seen[] {
    return this.seen.filter((each) => each.call === call);
  }

  /** Resolves when the next call of this kind has arrived. */
  async arrival(call: FlowAuthCall): Promise<void> {
    const known = this.calls(call).length;
    while (this.calls(call).length === known)
      await new Promise((resolve) => this.#http.once("request", () => setImmediate(resolve)));
  }

  /** Puts a row there as if it had been minted earlier. */
  async addRow(row: { name: string; issuedAt: number; expAt: number; roles?: readonly string[] }): Promise<TokenRow> {
    const roles = this.roles.filter((role) => (row.roles ?? ["runner", "viewer"]).includes(role.name));
    return this.#insert(row.name, roles, row.issuedAt, row.expAt);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const [method = "", path = ""] = [request.method, request.url];
    const call = callOf(method, path);
    this.seen.push({ call, method, path, headers: request.headers, body });
    let script = this.#scripts.get(call)?.shift();
    if (typeof script === "object" && "after" in script) {
      await script.after;
      script = script.reply;
    }
    if (script === "hang") return;
    if (script === "drop") return void request.socket.destroy();
    const session = this.#sessionOf(request);
    const reply =
      typeof script === "object" ? scripted(script) : await this.#answer(call, path, request, body, session);
    if (script === "lose") return void request.socket.destroy();
    this.#send(response, reply, session, script === "cut");
  }

  /** A signed cookie in truth; here "<session id>.<answer number>", so that a test sees which answer it came from. */
  #sessionOf(request: IncomingMessage): { id: string } {
    const found = /(?:^|;\s*)session=([\w-]+)\./.exec(request.headers.cookie ?? "");
    return { id: found?.[1] ?? "" };
  }

  #send(response: ServerResponse, reply: Reply, session: { id: string }, cut: boolean): void {
    this.#answers += 1;
    const csrf = this.#sessions.get(session.id) ?? "none";
    const bytes = Buffer.from(reply.text);
    response.writeHead(reply.status, {
      "content-type": reply.type,
      "content-length": bytes.length,
      "set-cookie": [
        `session=${session.id || "anonymous"}.${this.#answers}; Expires=Tue, 22 Dec 2026 01:15:44 GMT; HttpOnly; Path=/`,
        `X-CSRF=${csrf}.${this.#answers}; Path=/`,
      ],
      ...reply.headers,
    });
    if (!cut) return void response.end(bytes);
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.destroy());
  }

  async #answer(
    call: FlowAuthCall,
    path: string,
    request: IncomingMessage,
    text: string,
    session: { id: string },
  ): Promise<Reply> {
    if (call === "sign_in") return this.#signIn(request, text, session);
    const csrf = this.#sessions.get(session.id);
    if (request.method === "POST" && (csrf === undefined || !isOf(csrf, request.headers["x-csrf-token"]))) {
      return page(401, "CSRF error");
    }
    if (csrf === undefined) return page(401);
    const id = Number(/\d+/.exec(path)?.[0]);
    if (call === "servers")
      return json(
        200,
        this.servers.map((each) => ({ id: each.id, server_name: each.name })),
      );
    if (call === "roles") return json(200, this.roles.filter((role) => role.server === id).map(roleRow));
    if (call === "list") return this.#list(id);
    const body: unknown = request.headers["content-type"] === "application/json" ? JSON.parse(text || "{}") : {};
    const fields = body as { name?: string; roles?: { name: string }[]; lifetime_minutes?: unknown };
    if (call === "mint") return this.#mint(id, fields);
    return call === "renew" ? this.#renew(id, fields) : page(404);
  }

  #signIn(request: IncomingMessage, text: string, session: { id: string }): Reply {
    if (request.headers["content-type"] !== "application/json") return page(400);
    const body = JSON.parse(text) as { username?: string; password?: string; two_factor_code?: unknown };
    if (body.username === undefined || body.password === undefined)
      return refusal(400, "Must supply username or password.");
    if (body.username !== this.account.username || body.password !== this.account.password) {
      return refusal(401, "Incorrect username or password.");
    }
    if (this.account.twoFactor !== null) {
      const code = body.two_factor_code ?? "";
      const need = { need_two_factor: true };
      if (code === "") return refusal(400, "Must supply a two-factor authentication code.", need);
      if (!this.account.twoFactor(code)) return refusal(401, "Code not valid.");
    }
    session.id = randomUUID();
    this.#sessions.set(session.id, `csrf-${session.id}`);
    return json(200, { is_admin: false, logged_in: true, require_two_factor_setup: null });
  }

  #list(server: number): Reply {
    const found = this.servers.find((each) => each.id === server);
    if (found === undefined) return page(404);
    const rows = this.rows.filter((row) => row.server === server && row.owner === this.account.username);
    return json(
      200,
      rows.map((row) => ({
        id: row.id,
        name: row.name,
        token: row.token,
        // Local time of a server one hour east of Greenwich, labelled GMT: what FlowAuth does.
        expires: new Date(row.expAt + 3_600_000).toUTCString(),
        server_name: found.name,
        username: row.owner,
        roles: row.roleIds.map((id) => ({ id, name: this.roles.find((role) => role.id === id)?.name })),
      })),
    );
  }

  async #mint(
    server: number,
    body: { name?: string; roles?: { name: string }[]; lifetime_minutes?: unknown },
  ): Promise<Reply> {
    if (body.name === undefined) return refusal(400, "No name.", { bad_field: "name" });
    if (body.roles === undefined) return refusal(400, "No roles.", { bad_field: "roles" });
    if (!this.servers.some((each) => each.id === server)) return page(404);
    const roles: Role[] = [];
    for (const { name } of body.roles) {
      const role = this.roles.find((each) => each.server === server && each.name === name && each.held);
      if (role === undefined) return refusal(401, `Role '${name}' is not permitted for the current user`);
      roles.push(role);
    }
    if (roles.length === 0) return page(500);
    const life = this.#life(roles, body.lifetime_minutes, "selected server and roles");
    if (typeof life !== "number") return life;
    if (life <= 0) return refusal(401, `Token for ${this.account.username} expired`);
    const row = await this.#insert(body.name, roles, this.#clock.now(), this.#clock.now() + life);
    return json(200, { token: row.token });
  }

  async #renew(id: number, body: { lifetime_minutes?: unknown }): Promise<Reply> {
    const row = this.rows.find((each) => each.id === id);
    if (row === undefined) return page(404);
    if (row.owner !== this.account.username) return refusal(401, "You can only renew your own tokens.");
    const roles = this.roles.filter((role) => row.roleIds.includes(role.id));
    if (roles.length === 0) {
      const message = "This token has no roles recorded against it and cannot be renewed; mint a new token instead.";
      return refusal(400, message, { bad_field: "token_id" });
    }
    const lost = roles.filter((role) => !role.held).map((role) => role.name);
    if (lost.length > 0) {
      return refusal(401, `Cannot renew: the following roles are no longer assigned to you: ${lost.sort().join(", ")}`);
    }
    const life = this.#life(roles, body.lifetime_minutes, "server and original roles");
    if (typeof life !== "number") return life;
    if (life <= 0) {
      const message = `Token for ${row.owner} cannot be renewed: maximum permitted expiry has already passed.`;
      return refusal(401, message);
    }
    const fresh = await this.#insert(row.name, roles, this.#clock.now(), this.#clock.now() + life);
    return json(200, { id: fresh.id, token: fresh.token });
  }

  /** In ms; not positive when a cap is past. */
  #life(roles: readonly Role[], minutes: unknown, of: string): number | Reply {
    const field = { bad_field: "lifetime_minutes" };
    const now = this.#clock.now();
    const caps = roles.map((role) => Math.min(role.longestMinutes * 60_000, (role.latestAt ?? Infinity) - now));
    const most = Math.min(...caps);
    if (most <= 0 || minutes === undefined || minutes === null) return most;
    if (typeof minutes !== "number" || !Number.isInteger(minutes) || minutes <= 0) {
      return refusal(400, "lifetime_minutes must be a positive integer", field);
    }
    if (minutes * 60_000 < most) return minutes * 60_000;
    return refusal(400, `Requested lifetime exceeds the maximum permitted by the ${of}`, field);
  }

  async #insert(name: string, roles: readonly Role[], issuedAt: number, expAt: number): Promise<TokenRow> {
    const server = this.servers[0];
    if (server === undefined) throw new Error("no server");
    const scopes = Object.fromEntries(roles.map((role) => [role.name, [...role.scopes].sort()]));
    const { username } = this.account;
    const token = await signToken(this.key, { subject: username, audience: server.name, issuedAt, expAt, scopes });
    const roleIds = roles.map((role) => role.id);
    const row = { id: 100 + this.rows.length, name, token, server: server.id, expAt, roleIds, owner: username };
    this.rows.push(row);
    return row;
  }
}

function callOf(method: string, path: string): FlowAuthCall {
  if (method === "POST" && path === "/signin") return "sign_in";
  if (method === "GET" && path === "/tokens/servers") return "servers";
  if (method === "GET" && /^\/user\/roles\/server\/\d+$/.test(path)) return "roles";
  if (/^\/tokens\/tokens\/\d+$/.test(path)) return method === "GET" ? "list" : "mint";
  return method === "POST" && /^\/tokens\/tokens\/\d+\/renew$/.test(path) ? "renew" : "other";
}

function scripted(script: Extract<Script, { readonly status: number }>): Reply {
  const reply = "json" in script ? json(script.status, script.json) : page(script.status, script.html);
  return { ...reply, ...(script.headers === undefined ? {} : { headers: script.headers }) };
}

/** Any X-CSRF value of the session is good, whichever answer it came with. */
function isOf(csrf: string, value: string | string[] | undefined): boolean {
  return typeof value === "string" && value.startsWith(`${csrf}.`);
}

function roleRow(role: Role): unknown {
  return {
    id: role.id,
    name: role.name,
    scopes: role.scopes.map((_, index) => index),
    latest_token_expiry: role.latestAt === null ? null : new Date(role.latestAt).toISOString().replace("Z", "000Z"),
    longest_token_life_minutes: role.longestMinutes,
    server: role.server,
    users: [1],
  };
}
