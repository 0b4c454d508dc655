import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { expect } from "vitest";
import { NEVER_AT } from "../../../src/core/duration.ts";
import { RenewdError } from "../../../src/core/errors.ts";
import type {
  FoundToken,
  HttpClient,
  HttpRequest,
  HttpResponse,
  Inspection,
  Issuer,
  MintAnswer,
  MintOrder,
} from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import type { TokenRequest } from "../../../src/core/token.ts";
import { arvados } from "../../../src/issuers/arvados/index.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { FakeArvados, type FakeArvadosOptions } from "../../support/arvados/server.ts";
import { FakeClock } from "../../support/fake-clock.ts";

export const NAME = "balance-token";
export const DAY = 86_400_000;
export const never: AbortSignal = new AbortController().signal;

/** An Arvados client at work on a stand-in, with real HTTP between them and one clock for both. */
export interface Bench extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly server: FakeArvados;
  readonly issuer: Issuer;
  /** `OWN` is the issuer's token, SystemRootToken unless a test puts another there. */
  readonly secrets: Map<string, string>;
  readonly request: TokenRequest;
  /** By the name of the call: what is made of the server's true answer on its way. */
  readonly forge: Map<string, Forgery>;
  /** By the name of the call: what is answered without asking the server. */
  readonly invent: Map<string, (url: string) => object>;
}

type Forgery = (truth: Record<string, unknown>) => object;

export interface BenchOptions extends Omit<FakeArvadosOptions, "clock"> {
  readonly url?: (server: FakeArvados) => string;
  readonly timeoutMs?: number;
  readonly declared?: readonly { readonly name: string; readonly request: TokenRequest }[];
}

export async function startBench({ url, timeoutMs, declared, ...given }: BenchOptions = {}): Promise<Bench> {
  const clock = new FakeClock();
  const server = new FakeArvados({ clock, ...given });
  await server.start();
  const secrets = new Map([["OWN", server.rootToken]]);
  const request = asked();
  const forge: Bench["forge"] = new Map();
  const invent: Bench["invent"] = new Map();
  const issuer = arvados.create({
    key: "arvados",
    options: arvados.options.parse({
      url: url?.(server) ?? server.url,
      token: { env: "OWN" },
      timeout: `${timeoutMs ?? 5_000}ms`,
    }),
    declared: declared ?? [{ name: NAME, request }],
    http: (options) => lying(createHttpClient(options), forge, invent),
    clock,
    random: { share: () => 0.5, hex: (count) => randomBytes(count).toString("hex") },
    readSecret: async (ref) => {
      const text = "env" in ref ? secrets.get(ref.env) : undefined;
      if (text === undefined) throw new RenewdError("secret_unreadable", "no such secret");
      return new SecretText(text);
    },
    resolvePath: (path) => path,
  });
  const dispose = async (): Promise<void> => {
    await issuer.close();
    await server.close();
  };
  return { clock, server, issuer, secrets, request, forge, invent, [Symbol.asyncDispose]: dispose };
}

function lying(client: HttpClient, forge: Bench["forge"], invent: Bench["invent"]): HttpClient {
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    const invention = invent.get(request.call);
    if (invention !== undefined)
      return { status: 200, header: () => null, setCookies: [], ...asBody(invention(request.url)) };
    const response = await client.send(request);
    const forgery = forge.get(request.call);
    if (forgery === undefined) return response;
    return { ...response, ...asBody(forgery(JSON.parse(await response.text()) as Record<string, unknown>)) };
  };
  return { send, close: () => client.close() };
}

function asBody(answer: object): Pick<HttpResponse, "body" | "text"> {
  const text = JSON.stringify(answer);
  return { body: Readable.from([Buffer.from(text)]), text: async () => text };
}

const someOptions = arvados.options.parse({ url: "https://zzzzz.example", token: { env: "OWN" } });

/** What the settings would make of it; the keep-balance role for a day unless told otherwise. */
export function asked(request: Record<string, unknown> = {}): TokenRequest {
  const powers = "scopes" in request || "role" in request ? {} : { role: "keep-balance" };
  return arvados.readRequest(arvados.request.parse({ lifetime: "1d", ...powers, ...request }), someOptions);
}

export function orderOf(bench: Bench, order: Partial<MintOrder> = {}): MintOrder {
  const { request = bench.request } = order;
  const { lifetimeMs } = request;
  return {
    kind: "mint",
    baseId: null,
    base: null,
    name: NAME,
    comment: null,
    request,
    lifetimeMs,
    expAt: Number.isFinite(lifetimeMs) ? bench.clock.now() + lifetimeMs : NEVER_AT,
    secret: order.kind === "extend" ? null : newSecret(),
    ...order,
  };
}

export function newSecret(): SecretText {
  return new SecretText(randomBytes(25).toString("hex"));
}

export type Minted = Extract<MintAnswer, { outcome: "minted" }>;

export async function mint(bench: Bench, order: Partial<MintOrder> = {}): Promise<Minted> {
  const answer = await bench.issuer.request(orderOf(bench, order), never);
  return answer.outcome === "minted" ? answer : expect.fail(`not minted: ${answer.error.message}`);
}

export async function failure(bench: Bench, order: MintOrder): Promise<Exclude<MintAnswer, Minted>> {
  const answer = await bench.issuer.request(order, never);
  return answer.outcome === "minted" ? expect.fail("it was minted") : answer;
}

export async function find(bench: Bench, request: TokenRequest = bench.request): Promise<readonly FoundToken[]> {
  return bench.issuer.find({ name: NAME, request, notBefore: bench.clock.now() }, never);
}

export function look(bench: Bench, token: SecretText): Promise<Inspection> {
  return bench.issuer.inspect(token, never);
}
