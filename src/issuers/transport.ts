import type { HttpClient, IssuerContext } from "../core/ports.ts";
import type { Connection } from "./fields.ts";

/** The HTTP client for this issuer. A private authority is read at each use, so that a renewed one counts at once. */
export class Transport {
  readonly #context: Pick<IssuerContext<Connection>, "options" | "http" | "readSecret">;
  #current: { readonly ca: string | undefined; readonly client: HttpClient } | undefined;

  constructor(context: Pick<IssuerContext<Connection>, "options" | "http" | "readSecret">) {
    this.#context = context;
  }

  async client(signal: AbortSignal): Promise<HttpClient> {
    const { ca: authority, timeout, max_response, proxy } = this.#context.options;
    const ca = authority === undefined ? undefined : (await this.#context.readSecret(authority, signal)).reveal();
    if (this.#current === undefined || this.#current.ca !== ca) {
      const limits = { timeoutMs: timeout, maxResponseBytes: max_response };
      const client = this.#context.http({
        ...limits,
        ...(ca === undefined ? {} : { ca }),
        ...(proxy === undefined ? {} : { proxy }),
      });
      this.#current = { ca, client };
    }
    return this.#current.client;
  }

  async close(): Promise<void> {
    await this.#current?.client.close();
  }
}
