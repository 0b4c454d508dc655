/**
 * A server in front of a stand-in, on bare sockets, so that every byte of an answer, and every reset, is in a test's hand.
 * One request a connection (RFC 9112 §9.6, `Connection: close`). What is not spoilt passes through truly.
 */
import { request as httpRequest } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import type { Certificate } from "./tls-certificate.ts";

/** An answer before it is laid out as bytes. */
export interface RawAnswer {
  readonly status: string;
  /** `Name: value`, without those that frame the body. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export interface RawRequest {
  readonly call: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Exchange extends RawRequest {
  readonly socket: Duplex;
  /** Carries the call out and tells its true answer. */
  truth(): Promise<RawAnswer>;
  /** RST where there is a bare socket, so that the peer sees ECONNRESET and no orderly end. */
  reset(): void;
}

/** What is done instead of answering truly. */
export type Spoil = (exchange: Exchange) => Promise<void> | void;

export interface SeenCall {
  readonly call: string;
  readonly at: number;
}

export interface FrontOptions {
  readonly backend: () => string;
  readonly callOf: (method: string, path: string, headers: Readonly<Record<string, string>>) => string;
  readonly now: () => number;
  /** Present: TLS is spoken. */
  readonly certificate?: Certificate;
}

interface Plan {
  readonly call: string;
  readonly spoil: Spoil;
  left: number;
}

export class HostileFront {
  readonly seen: SeenCall[] = [];
  /** Connections, whether or not a request came. */
  connections = 0;
  /** Speaks no TLS although its clients do: what comes is no HTTP to it. */
  plain = false;
  readonly #options: FrontOptions;
  readonly #tcp: Server;
  readonly #tls: TlsServer | undefined;
  readonly #sockets = new Set<Duplex>();
  readonly #awaited = new Map<string, () => void>();
  #plans: Plan[] = [];

  constructor(options: FrontOptions) {
    this.#options = options;
    const { certificate } = options;
    this.#tls = certificate === undefined ? undefined : createTlsServer({ ...certificate }, (s) => this.#serve(s, s));
    this.#tls?.on("tlsClientError", (_, socket) => void socket.destroy());
    this.#tcp = createServer((socket) => {
      this.connections += 1;
      this.#keep(socket);
      if (this.plain) socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
      else if (this.#tls === undefined) this.#serve(socket, socket);
      else this.#tls.emit("connection", socket);
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#tcp.listen(0, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#tcp.close(resolve));
  }

  get port(): number {
    return (this.#tcp.address() as AddressInfo).port;
  }

  get url(): string {
    return this.#tls === undefined ? `http://127.0.0.1:${this.port}` : `https://localhost:${this.port}`;
  }

  present(certificate: Certificate): void {
    this.#tls?.setSecureContext({ ...certificate });
  }

  /** The next `times` calls of this name ("*": of any) fare so. */
  spoil(call: string, spoil: Spoil, times = Infinity): void {
    this.#plans.push({ call, spoil, left: times });
  }

  heal(): void {
    this.#plans = [];
  }

  count(call: string): number {
    return this.seen.filter((each) => each.call === call).length;
  }

  /** Resolves when the next call of this name has come. One at a time. */
  arrival(call: string): Promise<void> {
    const came = Promise.withResolvers<void>();
    this.#awaited.set(call, came.resolve);
    return came.promise;
  }

  /** Calls of this name, or any. */
  isSpoilt(call?: string): boolean {
    if (call === undefined) return this.#plans.some(({ left }) => left > 0);
    return this.#planFor(call) !== undefined;
  }

  #planFor(call: string): Plan | undefined {
    return this.#plans.find((plan) => plan.left > 0 && (plan.call === call || plan.call === "*"));
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #serve(socket: Duplex, bare: Duplex): void {
    this.#keep(socket);
    let received = Buffer.alloc(0);
    const take = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const request = parseRequest(received, this.#options.callOf);
      if (request === undefined) return;
      socket.off("data", take);
      socket.resume();
      void this.#answer(request, socket, bare).catch(() => void socket.destroy());
    };
    socket.on("data", take);
  }

  async #answer(request: RawRequest, socket: Duplex, bare: Duplex): Promise<void> {
    this.seen.push({ call: request.call, at: this.#options.now() });
    this.#awaited.get(request.call)?.();
    const truth = (): Promise<RawAnswer> => forward(this.#options.backend(), request);
    const reset = (): void => void (bare === socket ? (bare as Socket).resetAndDestroy() : socket.destroy());
    const plan = this.#planFor(request.call);
    if (plan === undefined) return void socket.end(layOut(await truth()));
    plan.left -= 1;
    await plan.spoil({ ...request, socket, truth, reset });
  }
}

export type Framing = "length" | "chunked" | "close";

/** The bytes of an answer; `chunked` in three chunks, `close` without any length (RFC 9112 §6.3). */
export function layOut(answer: RawAnswer, framing: Framing = "length"): Buffer {
  const { body } = answer;
  const frame = {
    length: [`Content-Length: ${body.length}`],
    chunked: ["Transfer-Encoding: chunked"],
    close: [],
  }[framing];
  const head = [answer.status, ...answer.headers, "Connection: close", ...frame].join("\r\n");
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), framing === "chunked" ? chunked(body) : body]);
}

function chunked(body: Buffer): Buffer {
  const size = Math.max(1, Math.ceil(body.length / 3));
  const parts: Buffer[] = [];
  for (let from = 0; from < body.length; from += size) {
    const part = body.subarray(from, from + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

function parseRequest(bytes: Buffer, callOf: FrontOptions["callOf"]): RawRequest | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const body = bytes.subarray(end + 4);
  if (body.length < Number(headers["content-length"] ?? 0)) return undefined;
  const [method = "", path = ""] = first.split(" ");
  return { call: callOf(method, path, headers), method, path, headers, body: body.toString() };
}

const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "content-length",
  "transfer-encoding",
]);

function forward(backend: string, { method, path, headers, body }: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = { ...headers, connection: "close" };
    const request = httpRequest(backend + path, { method, headers: sent, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("error", reject);
      response.on("data", (chunk: Buffer) => void chunks.push(chunk));
      response.on("end", () => {
        const raw = response.rawHeaders;
        const lines = raw.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${raw[index + 1]}`] : []));
        resolve({
          status: `HTTP/1.1 ${response.statusCode} ${response.statusMessage}`,
          headers: lines.filter((line) => !FRAMING_HEADERS.has(line.slice(0, line.indexOf(":")).toLowerCase())),
          body: Buffer.concat(chunks),
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}
