import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pause } from "../support/process.ts";

/** What becomes of the next request of a token, and of the daemon that sent it. */
export interface Fate {
  /** `asked`: the issuer never gets it. `answers`: the token is made, the answer is lost. `late`: it is made after `lateMs`. */
  readonly step: "asked" | "answers" | "late";
  readonly lateMs: number;
  /** Ends the daemon; called while its request is held. */
  readonly kill: () => Promise<unknown>;
}

/** Stands between the daemon and its issuer, to end the daemon while its request is on the way. */
export class IssuerProxy implements AsyncDisposable {
  /** What becomes of the next request of a token; undefined: it is passed on like any. */
  fate: Fate | undefined;
  /** Requests that nobody waited for any more when the issuer made their token. */
  madeLate = 0;
  readonly #issuerUrl: string;
  readonly #server: Server;
  readonly #held: Promise<unknown>[] = [];

  private constructor(issuerUrl: string) {
    this.#issuerUrl = issuerUrl;
    this.#server = createServer((asked, answering) => {
      this.#serve(asked, answering).catch(() => answering.destroy());
    });
  }

  static async start(issuerUrl: string): Promise<IssuerProxy> {
    const proxy = new IssuerProxy(issuerUrl);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when no request is held back any more. */
  async quiet(): Promise<void> {
    await Promise.all(this.#held);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(asked: IncomingMessage, answering: ServerResponse): Promise<void> {
    const body = await bytesOf(asked);
    const isMint = asked.method === "POST" && (asked.url ?? "").startsWith("/tokens/tokens/");
    const fate = isMint ? this.fate : undefined;
    if (fate === undefined) return relay(await forward(this.#issuerUrl, asked, body), answering);
    this.fate = undefined;
    if (fate.step === "answers") await forward(this.#issuerUrl, asked, body);
    await fate.kill();
    answering.destroy();
    if (fate.step === "late") this.#held.push(this.#makeLate(asked, body, fate.lateMs));
  }

  async #makeLate(asked: IncomingMessage, body: Buffer, lateMs: number): Promise<void> {
    await pause(lateMs);
    const { status } = await forward(this.#issuerUrl, asked, body);
    if (status === 200) this.madeLate += 1;
  }
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

async function forward(issuerUrl: string, asked: IncomingMessage, body: Buffer): Promise<Answered> {
  const { method, headers } = asked;
  const sent = request(`${issuerUrl}${asked.url}`, { method, headers, agent: false });
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await bytesOf(answer) };
}

function relay({ status, headers, body }: Answered, answering: ServerResponse): void {
  const { "transfer-encoding": _, ...plain } = headers;
  answering.writeHead(status, { ...plain, "content-length": body.length }).end(body);
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
