/**
 * A stand-in for Turnstile, the service that docs/adding-an-issuer.md makes up. Contract followed: the fact sheet in that
 * document, its oddities included.
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../../src/core/ports.ts";

const DAY_MS = 86_400_000;

export interface TurnstileRow {
  readonly id: string;
  readonly token: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly expAt: number;
  revoked: boolean;
}

interface Reply {
  readonly status: number;
  readonly json?: unknown;
}

const no = (status: number, error: string): Reply => ({ status, json: { error } });

export class FakeTurnstile {
  readonly owner = "ci-robot";
  readonly key = "key-3f9a0c1d2e4b5a69";
  readonly scopes: readonly string[] = ["read", "write"];
  readonly rows: TurnstileRow[] = [];
  readonly #clock: Clock;
  readonly #http: Server;

  constructor(clock: Clock) {
    this.#clock = clock;
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

  /** The row of this text, if it lives. */
  live(token: string): TurnstileRow | undefined {
    return this.rows.find((row) => row.token === token && !row.revoked && row.expAt > this.#clock.now());
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, json } = await this.#answer(request);
    response.writeHead(status, json === undefined ? {} : { "content-type": "application/json" });
    response.end(json === undefined ? undefined : JSON.stringify(json));
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const call = `${request.method} ${request.url}`;
    if (call === "GET /tokens/self") return this.#self(bearer);
    if (bearer !== this.key) return no(401, "unknown key");
    if (call === "GET /account") return { status: 200, json: { owner: this.owner, scopes: this.scopes } };
    if (call === "POST /tokens") return this.#make(JSON.parse(Buffer.concat(chunks).toString()));
    const id = /^DELETE \/tokens\/(\w+)$/.exec(call)?.[1];
    const row = this.rows.find((each) => each.id === id && !each.revoked);
    if (row === undefined) return no(404, "no such token");
    row.revoked = true;
    return { status: 204 };
  }

  #self(token: string): Reply {
    const row = this.live(token);
    if (row === undefined) return no(401, "unknown token");
    const { id, scopes, createdAt, expAt } = row;
    const times = { created_at: new Date(createdAt).toISOString(), expires_at: new Date(expAt).toISOString() };
    return { status: 200, json: { id, owner: this.owner, scopes, ...times } };
  }

  #make(body: { label: string; scopes: readonly string[]; ttl_seconds?: number }): Reply {
    const unknown = body.scopes.find((scope) => !this.scopes.includes(scope));
    if (unknown !== undefined) return no(422, `scope ${unknown} is not yours to give`);
    const createdAt = this.#clock.now();
    const row: TurnstileRow = {
      id: String(this.rows.length + 1),
      token: `tsk_${randomBytes(20).toString("hex")}`,
      label: body.label,
      scopes: body.scopes,
      createdAt,
      expAt: createdAt + (body.ttl_seconds === undefined ? DAY_MS : body.ttl_seconds * 1_000),
      revoked: false,
    };
    this.rows.push(row);
    return {
      status: 201,
      json: { id: row.id, token: row.token, expires_at: new Date(row.expAt).toISOString() },
    };
  }
}
