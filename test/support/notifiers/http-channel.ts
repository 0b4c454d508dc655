import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

export interface ChannelCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface ChannelAnswer {
  readonly status: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What goes wrong with a call; `endless` answers with a body that does not end. */
export type Trouble = ChannelAnswer | "hang" | "reset" | "no_http" | { readonly endless: number };

/** A channel that is spoken to over HTTP, and remembers what it was told. */
export abstract class HttpChannel implements AsyncDisposable {
  /** Every call, also those that went wrong. */
  readonly seen: ChannelCall[] = [];
  /** What goes wrong with the next calls, in this order. */
  readonly troubles: Trouble[] = [];
  readonly #http: Server;
  #arrived = Promise.withResolvers<void>();

  constructor() {
    this.#http = createServer((request, response) => {
      void this.#take(request, response);
    });
  }

  /** What the channel makes of a call. */
  protected abstract serve(call: ChannelCall): ChannelAnswer;

  async start(): Promise<this> {
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** The next call was read. */
  get arrival(): Promise<void> {
    return this.#arrived.promise;
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url: path = "", headers } = request;
    const call = { method, path, headers, body: Buffer.concat(chunks).toString() };
    this.seen.push(call);
    const trouble = this.troubles.shift();
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers<void>();
    if (trouble === "hang") return;
    if (trouble === "reset") return void request.socket.resetAndDestroy();
    if (trouble === "no_http") return void request.socket.end("what do you want?\r\n");
    if (trouble !== undefined && "endless" in trouble) return this.#endless(trouble.endless, response);
    const { status, text = "", headers: own = {} } = trouble ?? this.serve(call);
    response.writeHead(status, own).end(text);
  }

  #endless(status: number, response: ServerResponse): void {
    response.writeHead(status);
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(16_384)));
    };
    response.on("drain", more).on("error", () => {});
    more();
  }
}
