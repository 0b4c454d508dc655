import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pause } from "../support/process.ts";

/** What a request does that must not be done twice, or not be forgotten. */
export type Deed = "mint" | "extension" | "ending";

/** What becomes of the next request of a deed, and of the daemon that sent it. */
export interface Fate {
  readonly of: Deed;
  /** `asked`: the issuer never gets it. `answers`: it is done, the answer is lost. `late`: it is done after `lateMs`. */
  readonly step: "asked" | "answers" | "late";
  readonly lateMs: number;
  /** Ends the daemon; called while its request is held. */
  readonly kill: () => Promise<unknown>;
}

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Somebody who hears all that goes through. */
export interface Listener {
  /** Undefined: it is passed on like any. */
  deedOf(asked: Asked): Deed | undefined;
  /** Before anything becomes of it. */
  asked?(deed: Deed, asked: Asked): void;
  /** What the issuer did, whether or not anybody hears of it; `late`: nobody waited for it any more. */
  answered?(deed: Deed, asked: Asked, answered: Answered, late: boolean): void;
}

/** Stands between the daemon and its issuer, to end the daemon while its request is on the way. */
export class IssuerProxy implements AsyncDisposable {
  /** What becomes of the next request of its deed; undefined: it is passed on like any. */
  fate: Fate | undefined;
  /** Requests that nobody waited for any more when the issuer made their token. */
  madeLate = 0;
  /** The issuer's own address. */
  issuerUrl = "";
  readonly #listener: Listener;
  readonly #server: Server;
  readonly #held: Promise<unknown>[] = [];

  private constructor(listener: Listener) {
    this.#listener = listener;
    this.#server = createServer((asked, answering) => {
      this.#serve(asked, answering).catch(() => answering.destroy());
    });
  }

  static async start(listener: Listener): Promise<IssuerProxy> {
    const proxy = new IssuerProxy(listener);
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

  async #serve(asking: IncomingMessage, answering: ServerResponse): Promise<void> {
    const body = await bytesOf(asking);
    const asked = { method: asking.method ?? "", url: asking.url ?? "", body: body.toString() };
    const deed = this.#listener.deedOf(asked);
    if (deed !== undefined) this.#listener.asked?.(deed, asked);
    // A daemon on a busy machine may have ended its call at its time limit.
    const isLate = (): boolean => answering.destroyed;
    const go = (): Promise<Answered> => this.#forward(asking, body, deed, asked, isLate);
    const fate = deed !== undefined && this.fate?.of === deed ? this.fate : undefined;
    if (fate === undefined) return relay(await go(), answering);
    this.fate = undefined;
    if (fate.step === "answers") await go();
    await fate.kill();
    answering.destroy();
    if (fate.step === "late") this.#held.push(this.#makeLate(go, fate.lateMs));
  }

  async #makeLate(go: () => Promise<unknown>, lateMs: number): Promise<void> {
    await pause(lateMs);
    await go();
  }

  async #forward(
    asking: IncomingMessage,
    body: Buffer,
    deed: Deed | undefined,
    asked: Asked,
    isLate: () => boolean,
  ): Promise<Answered> {
    const { method, headers } = asking;
    const sent = request(`${this.issuerUrl}${asking.url}`, { method, headers, agent: false });
    sent.end(body);
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    const answered = { status: answer.statusCode ?? 502, headers: answer.headers, body: await bytesOf(answer) };
    const late = isLate();
    if (deed !== undefined) this.#listener.answered?.(deed, asked, answered, late);
    if (deed === "mint" && late && answered.status === 200) this.madeLate += 1;
    return answered;
  }
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
