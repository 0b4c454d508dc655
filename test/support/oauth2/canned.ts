import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Canned {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. `cut`: the connection is lost after half of it. */
  readonly body: unknown;
  readonly cut?: boolean;
}

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

/** An OAuth2 server that answers whatever a test puts under a path; 404 elsewhere. It follows RFC 8414 in what `discover` tells. */
export class CannedServer {
  readonly answers = new Map<string, Canned | ((request: SeenRequest) => Canned)>();
  readonly seen: SeenRequest[] = [];
  readonly #server: Server = createServer((request, response) => {
    let text = "";
    request.setEncoding("latin1");
    request.on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      const seen = { path: request.url ?? "", headers: request.headers, form: new URLSearchParams(text) };
      this.seen.push(seen);
      const found = this.answers.get(seen.path) ?? { status: 404, body: "<h1>Not found</h1>" };
      const { status = 200, headers, body, cut = false } = typeof found === "function" ? found(seen) : found;
      const bytes = typeof body === "string" ? body : JSON.stringify(body);
      const type = typeof body === "string" ? "text/html" : "application/json";
      response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(bytes), ...headers });
      if (!cut) return void response.end(bytes);
      response.write(bytes.slice(0, bytes.length / 2), () => request.socket.resetAndDestroy());
    });
  });

  static async start(): Promise<CannedServer> {
    const server = new CannedServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    server.discover();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What discovery tells, changed by `change`; undefined leaves a member out. */
  discover(change: Readonly<Record<string, unknown>> = {}): void {
    const { url } = this;
    const endpoints = { token_endpoint: `${url}/token`, jwks_uri: `${url}/jwks` };
    this.answers.set("/.well-known/openid-configuration", { body: { issuer: url, ...endpoints, ...change } });
  }

  /** What the token endpoint answers. */
  grant(change: Readonly<Record<string, unknown>> = {}): void {
    this.answers.set("/token", {
      body: { access_token: "an-opaque-token-0123456789", token_type: "Bearer", expires_in: 3600, ...change },
    });
  }

  count(path: string): number {
    return this.seen.filter((each) => each.path === path).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
