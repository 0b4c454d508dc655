/** An HTTP issuer of any kind behind a front that misbehaves as the contract suite wants it. */
import { type Exchange, HostileFront, layOut, type RawAnswer, type Spoil } from "../support/hostile-front.ts";
import type { Misbehaviour } from "./issuer-subject.ts";

export interface IssuerFrontOptions {
  /** The origin of the true issuer. */
  readonly backend: () => string;
  readonly callOf: (method: string, path: string) => string;
  /** The calls that make or extend a token. */
  readonly making: readonly string[];
  /** A documented refusal of such a call, in these words. */
  readonly refusal: (words: string) => RefusalAnswer;
}

export interface RefusalAnswer {
  readonly status: number;
  readonly headers?: readonly string[];
  readonly json: unknown;
}

/** `url` stands in the place of the issuer's. */
export class IssuerFront {
  readonly #front: HostileFront;
  readonly #options: IssuerFrontOptions;
  #next: { readonly way: Misbehaviour; readonly tell: () => void } | undefined;
  #closed = false;

  constructor(options: IssuerFrontOptions) {
    this.#options = options;
    this.#front = new HostileFront({ ...options, now: () => 0 });
    for (const call of options.making) this.#front.spoil(call, (exchange) => this.#answer(exchange));
  }

  start(): Promise<void> {
    return this.#front.start();
  }

  get url(): string {
    return this.#front.url;
  }

  get calls(): readonly string[] {
    return this.#front.seen.map((each) => each.call);
  }

  /** For `IssuerSubject.misbehave`. */
  misbehave(way: Misbehaviour): { readonly met: Promise<void> } {
    const { promise: met, resolve: tell } = Promise.withResolvers<void>();
    this.#next = { way, tell };
    return { met };
  }

  /** For `IssuerSubject.hideProof`, where who is asked is behind this front: such calls are cut from now on. */
  cut(call: string): void {
    this.#front.spoil(call, (exchange) => exchange.reset());
  }

  /** For `IssuerSubject.stop`, and to be called at the end; the second time does nothing. */
  async stop(): Promise<void> {
    if (!this.#closed) await this.#front.close();
    this.#closed = true;
  }

  async #answer(exchange: Exchange): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    next?.tell();
    if (next === undefined) exchange.socket.end(layOut(await exchange.truth()));
    else await this.#spoils[next.way](exchange);
  }

  readonly #spoils: Readonly<Record<Misbehaviour, Spoil>> = {
    refuse: ({ socket }) => void socket.end(this.#refusal("not for you")),
    echo: ({ socket, method, path, headers, body }) => {
      const repeated = [`${method} ${path}`, ...Object.entries(headers).flat(), body].join(" ");
      socket.end(this.#refusal(repeated));
    },
    fail: ({ socket }) => void socket.end(layOut(page("503 Service Unavailable"))),
    lose_request: ({ reset }) => reset(),
    lose_answer: async ({ truth, reset }) => {
      await truth();
      reset();
    },
    cut_answer: async ({ truth, socket }) => {
      const bytes = layOut(await truth());
      socket.end(bytes.subarray(0, bytes.length - 10));
    },
    garble: async ({ truth, socket }) => {
      await truth();
      socket.end(layOut(page("200 OK")));
    },
    hang: () => undefined,
  };

  #refusal(words: string): Buffer {
    const { status, headers, json } = this.#options.refusal(words);
    const body = Buffer.from(JSON.stringify(json));
    return layOut({
      status: `HTTP/1.1 ${status} Refused`,
      headers: headers ?? ["Content-Type: application/json"],
      body,
    });
  }
}

function page(status: string): RawAnswer {
  const body = Buffer.from("<!doctype html><title>A proxy's page</title>");
  return { status: `HTTP/1.1 ${status}`, headers: ["Content-Type: text/html"], body };
}
