/**
 * A stand-in for an Arvados cluster, as seen through arvados-controller of 2.7 to 3.2, that can be told to misbehave.
 * Contract followed: the controller's router and Rails' api_client_authorizations of arvados/arvados, with the oddities
 * that a client meets: filters that are dropped, lifetimes that are cut without a word, 404 for what is not visible, errors
 * that repeat secrets. server.test.ts has a line for each.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Instant } from "../../../src/core/duration.ts";
import type { Clock } from "../../../src/core/ports.ts";
import { scopesAllow, tokensOf, type Caller } from "./caller.ts";
import { discoveryDocument, publishedConfig } from "./discovery.ts";
import { endpointOf, type ArvadosCall, type Endpoint } from "./endpoints.ts";
import { Faults } from "./faults.ts";
import { applySelect, selectOf, selectRows } from "./listing.ts";
import { queryOf, receive, type Params, type Received } from "./params.ts";
import { errorBody, forbidden, notLoggedIn, Refusal } from "./refusal.ts";
import { randomText, recordOf, type Row } from "./row.ts";
import { TokenTable } from "./token-table.ts";
import { trivialAnswer, Users } from "./users.ts";

export interface FakeArvadosOptions {
  readonly clock: Clock;
  /** Default `zzzzz`. */
  readonly clusterId?: string;
  /** API.MaxTokenLifetime; 0 (default): none. */
  readonly maxTokenLifetimeMs?: number;
  /** Login.IssueTrustedTokens, default true. */
  readonly issueTrustedTokens?: boolean;
  /** Login.LoginCluster; another one than ours knows none of our tokens. */
  readonly loginCluster?: string;
  readonly rootToken?: string;
}

export interface Seen {
  readonly call: ArvadosCall;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
  readonly at: Instant;
  /** 0 until it is answered, and for good when it never was. */
  status: number;
}

type FaultOn = { readonly on: ArvadosCall | "all"; readonly times?: number };

interface Reply {
  readonly status: number;
  readonly body: object | null;
  readonly headers?: Readonly<Record<string, string>>;
}

const ok = (body: object): Reply => ({ status: 200, body });

export class FakeArvados {
  readonly rootToken: string;
  readonly seen: Seen[] = [];
  readonly #options: Required<Omit<FakeArvadosOptions, "rootToken">>;
  readonly #table: TokenTable;
  readonly #users: Users;
  readonly #faults = new Faults();
  #server: Server | undefined;
  #url = "";

  constructor(options: FakeArvadosOptions) {
    const {
      clock,
      clusterId = "zzzzz",
      maxTokenLifetimeMs = 0,
      issueTrustedTokens = true,
      loginCluster = "",
    } = options;
    this.#options = { clock, clusterId, maxTokenLifetimeMs, issueTrustedTokens, loginCluster };
    this.rootToken = options.rootToken ?? `root${randomText(46)}`;
    this.#table = new TokenTable({ clock, clusterId, maxTokenLifetimeMs });
    this.#users = new Users(clusterId);
  }

  /** With a certificate of `localhost` it speaks https. */
  async start(options: { readonly tls?: { key: string; cert: string }; readonly port?: number } = {}): Promise<void> {
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
    this.#server.listen(options.port ?? 0, "127.0.0.1");
    await once(this.#server, "listening");
    const { port } = this.#server.address() as AddressInfo;
    this.#url = options.tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
  }

  async close(): Promise<void> {
    if (this.#server?.listening !== true) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  get url(): string {
    return this.#url;
  }

  /** Every row of the table, oldest first; expired ones until the sweep. A test may change them. */
  get rows(): readonly Row[] {
    return this.#table.rows;
  }

  live(): readonly Row[] {
    return this.#table.live();
  }

  calls(call: ArvadosCall): readonly Seen[] {
    return this.seen.filter((each) => each.call === call);
  }

  /** A user with an all-powers token, in its v2 form. */
  addUser(options: { readonly admin?: boolean; readonly active?: boolean } = {}): { uuid: string; token: string } {
    const { uuid } = this.#users.add(options.admin ?? false, options.active ?? true);
    return { uuid, token: tokenText(this.#table.insert(uuid)) };
  }

  /** Puts a row there without any of the rules, as if it had been made earlier. */
  addRow(ownerUuid: string, given: Partial<Row> = {}): Row {
    return this.#table.insert(ownerUuid, given);
  }

  /** The next calls are answered so, and nothing is done. */
  fail(fault: FaultOn & { status: number; headers?: Record<string, string>; error?: string }): void {
    const { on, times = 1, status, headers = {}, error = "as the test asked" } = fault;
    this.#faults.add(on, times, { kind: "fail", status, headers, error });
  }

  /** The next calls are carried out and the connection is cut instead of an answer. */
  loseAnswer(fault: FaultOn & { readonly after?: true }): void {
    this.#faults.add(fault.on, fault.times ?? 1, { kind: "lose_answer" });
  }

  /** The connection of the next calls is cut before anything is done. */
  loseRequest(fault: FaultOn): void {
    this.#faults.add(fault.on, fault.times ?? 1, { kind: "lose_request" });
  }

  /** The next calls wait so long by the clock before anything is done. */
  delay(fault: FaultOn & { readonly ms: number }): void {
    this.#faults.add(fault.on, fault.times ?? 1, { kind: "delay", ms: fault.ms });
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    try {
      for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
    } catch {
      return;
    }
    const url = new URL(request.url ?? "/", "http://arvados.invalid");
    const parsed = attempt(() => readRequest(request, url, body));
    const endpoint = attempt(() => endpointOf(parsed.value?.method ?? request.method ?? "", url.pathname));
    const seen: Seen = {
      call: endpoint.value?.call ?? "other",
      method: request.method ?? "",
      path: url.pathname,
      query: url.search,
      body,
      headers: request.headers,
      at: this.#options.clock.now(),
      status: 0,
    };
    this.seen.push(seen);
    const delay = this.#faults.take(seen.call, true);
    if (delay?.kind === "delay") {
      await new Promise<void>((resolve) => this.#options.clock.after(delay.ms, () => resolve()));
    }
    const fault = this.#faults.take(seen.call, false);
    if (fault?.kind === "lose_request") return void request.socket.destroy();
    const requestId = String(request.headers["x-request-id"] ?? `req-${randomText(20)}`);
    const reply =
      fault?.kind === "fail"
        ? { status: fault.status, headers: fault.headers, body: { errors: [`${fault.error} (${requestId})`] } }
        : this.#reply(request, url, endpoint, parsed, requestId);
    if (fault?.kind === "lose_answer") return void request.socket.destroy();
    seen.status = reply.status;
    response.writeHead(reply.status, {
      "content-type": "application/json; charset=utf-8",
      "x-request-id": requestId,
      ...reply.headers,
    });
    response.end(reply.body === null ? "" : `${JSON.stringify(reply.body)}\n`);
  }

  #reply(
    request: IncomingMessage,
    url: URL,
    endpoint: Attempt<Endpoint>,
    parsed: Attempt<Received>,
    requestId: string,
  ): Reply {
    try {
      return this.#answer(request, valueOf(endpoint), valueOf(parsed), url);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const routed = endpoint.value?.routed === true;
      const query = parsed.value?.method === "GET" ? queryOf(parsed.value.params) : "";
      const askedAt = routed ? `${url.pathname}${query}` : null;
      return { status: error.status, body: errorBody(error, askedAt, requestId, this.#options.clock.now()) };
    }
  }

  #answer(request: IncomingMessage, endpoint: Endpoint, { params, attrs }: Received, url: URL): Reply {
    const { clusterId, loginCluster } = this.#options;
    if (endpoint.call === "config") return ok(publishedConfig(clusterId, loginCluster, this.#url));
    if (endpoint.call === "logout") return this.#logout(tokensOf(request, params), params);
    if (endpoint.asked === null) return ok(discoveryDocument(clusterId, this.#url));
    const elsewhere = loginCluster !== "" && loginCluster !== clusterId;
    if (elsewhere && (endpoint.call === "create" || endpoint.call === "list")) throw notLoggedIn();
    const caller = this.#caller(tokensOf(request, params));
    if (params["bypass_federation"] === true && !caller.admin) throw forbidden();
    if (endpoint.call === "current") return ok(recordOf(decodable(caller.row), params["remote"] != null));
    if (!scopesAllow(caller.row.scopes, endpoint.asked, url.pathname)) throw forbidden();
    if (endpoint.resource === "users") return ok(this.#users.answer(caller, endpoint.uuid));
    if (endpoint.call === "other") return ok(trivialAnswer(endpoint, clusterId));
    this.#checkTrusted(caller, endpoint);
    return this.#token(caller, endpoint, params, attrs);
  }

  #token(caller: Caller, endpoint: Endpoint, params: Params, attrs: Params): Reply {
    const select = selectOf(params, endpoint.call === "list" || endpoint.call === "get");
    const record = (row: Row): Reply => ok(applySelect(recordOf(decodable(row)), select));
    const uuid = endpoint.uuid ?? "";
    if (endpoint.call === "create") {
      return record(this.#table.create(caller, attrs, (owner) => this.#users.find(owner) !== undefined));
    }
    if (endpoint.call === "update") return record(this.#table.update(caller, uuid, attrs));
    if (endpoint.call === "delete") return record(this.#table.delete(caller, uuid));
    if (endpoint.call === "get") return record(this.#table.visible(caller, uuid));
    const rows = selectRows(this.#table.visibleTo(caller), caller, params).map(decodable);
    const items = rows.map((row) => applySelect(recordOf(row), select));
    return ok({ kind: "arvados#apiClientAuthorizationList", items });
  }

  /** The first token that is good. Rails tells dead, unknown and missing ones alike. */
  #caller(tokens: readonly string[]): Caller {
    for (const token of tokens) {
      if (token === this.rootToken) return this.#systemRoot();
      const row = this.#table.holding(token);
      const user = row === undefined ? undefined : this.#users.find(row.owner_uuid);
      if (row !== undefined && user !== undefined) {
        return { userUuid: user.uuid, admin: user.is_admin, systemRoot: false, row };
      }
    }
    throw notLoggedIn();
  }

  #systemRoot(): Caller {
    const row = {
      id: 0,
      uuid: `${this.#options.clusterId}-gj3su-000000000000000`,
      owner_uuid: this.#users.rootUuid,
      api_token: this.rootToken,
      scopes: ["all"],
      expiresAt: null,
      createdAt: 0,
      expiryWrittenAt: 0,
      created_by_ip_address: null,
    };
    return { userUuid: this.#users.rootUuid, admin: true, systemRoot: true, row };
  }

  /** Login.IssueTrustedTokens: false leaves SystemRootToken creating and listing, and everyone `current`. */
  #checkTrusted(caller: Caller, { call }: Endpoint): void {
    if (this.#options.issueTrustedTokens || (caller.systemRoot && (call === "create" || call === "list"))) return;
    throw new Refusal(403, "Action prohibited by IssueTrustedTokens configuration.");
  }

  /** Expires the first token that came along, whatever its scopes; says the same when there was none to expire. */
  #logout(tokens: readonly string[], params: Params): Reply {
    const row = this.#table.holding(tokens[0] ?? "");
    if (row !== undefined) this.#table.expire(row, this.#options.clock.now());
    const location = typeof params["return_to"] === "string" ? params["return_to"] : "https://workbench.example/";
    return { status: 302, body: null, headers: { location } };
  }
}

/** The v2 form of a row's token. */
export function tokenText(row: Pick<Row, "uuid" | "api_token">): string {
  return `v2/${row.uuid}/${row.api_token}`;
}

/** The controller decodes scopes as texts; a record with other ones breaks its answer after the work was done. */
function decodable(row: Row): Row {
  if (row.scopes.every((scope) => typeof scope === "string")) return row;
  const words = "json: cannot unmarshal array into Go struct field APIClientAuthorization.scopes of type string";
  throw new Refusal(500, words, "controller");
}

type Attempt<T> = { readonly value: T; readonly error?: never } | { readonly error: Refusal; readonly value?: never };

function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof Refusal) return { error };
    throw error;
  }
}

function valueOf<T>(attempted: Attempt<T>): T {
  if (attempted.error !== undefined) throw attempted.error;
  return attempted.value;
}

function readRequest(request: IncomingMessage, url: URL, body: string): Received {
  const override = String(request.headers["x-http-method-override"] ?? "");
  return receive(request.method ?? "", url, request.headers["content-type"] ?? "", body, override);
}
