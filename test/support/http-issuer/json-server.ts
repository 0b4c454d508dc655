import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Call {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  /** The body's JSON; undefined when it has none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const answer = (status: number, json?: unknown): Answer => ({ status, ...(json === undefined ? {} : { json }) });

/** An HTTP server that answers JSON, and remembers what it was asked. */
export abstract class JsonServer implements AsyncDisposable {
  readonly seen: Call[] = [];
  /** Answers that come instead of the true one, in this order; the true one is not even made. */
  readonly instead: Answer[] = [];
  readonly #http: Server;

  constructor() {
    this.#http = createServer((request, response) => {
      void this.#read(request).then(async (call) => {
        this.seen.push(call);
        const { status, json, headers } = this.instead.shift() ?? (await this.serve(call));
        response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
        response.end(json === undefined ? "" : JSON.stringify(json));
      });
    });
  }

  protected abstract serve(call: Call): Answer | Promise<Answer>;

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async #read(request: IncomingMessage): Promise<Call> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const [path = "", query = ""] = (request.url ?? "").split("?");
    const isJson = request.headers["content-type"] === "application/json";
    const body = isJson ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : undefined;
    return { method: request.method ?? "", path, query, headers: request.headers, text, body };
  }
}

export function bearerOf({ headers }: Call): string {
  return /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? "";
}
