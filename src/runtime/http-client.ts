import { X509Certificate } from "node:crypto";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import type { HttpClient, HttpOptions, HttpRequest, HttpResponse } from "../core/ports.ts";
import { RenewdError } from "../core/errors.ts";
import { explainHttpFailure, noteStart } from "./http-failure.ts";

const LONGEST_CONNECT_MS = 10_000;
const MOST_HEADER_BYTES = 64 * 1024;

/**
 * An HTTP client after the port's contract, over undici. Each call has a connection of its own: renewals are rare, and
 * a kept connection that the server closes meanwhile would turn a harmless repeat into a lost answer. No compression is
 * asked for and none is undone, so the size limit bounds what is held in memory.
 */
export function createHttpClient(options: HttpOptions): HttpClient {
  const dispatcher = createDispatcher(options);
  return {
    send: (request) => send(dispatcher, options, request),
    close: () => dispatcher.destroy(),
  };
}

function createDispatcher(options: HttpOptions): Dispatcher {
  const secureContext = options.ca === undefined ? {} : { secureContext: trusting(options.ca) };
  const connect = { timeout: Math.min(options.timeoutMs, LONGEST_CONNECT_MS), allowH2: false, ...secureContext };
  // The signal of the whole call bounds both phases; undici's own limits would only restart at each chunk.
  const limits = { maxHeaderSize: MOST_HEADER_BYTES, headersTimeout: 0, bodyTimeout: 0, allowH2: false };
  if (options.proxy === undefined) return new Agent({ ...limits, connect });
  return new ProxyAgent({ ...limits, uri: options.proxy, requestTls: connect, proxyTls: connect });
}

/** The roots that Node trusts anyway, and these. Made once: reading some 150 certificates takes a while. */
function trusting(ca: string): SecureContext {
  try {
    // TLS itself passes over what it cannot read, and the operator would see an unexplained refusal later.
    const given = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [ca];
    const read = given.map((each) => new X509Certificate(each).toString());
    return createSecureContext({ ca: [...getCACertificates("default"), ...read] });
  } catch (error) {
    const message = "the private authority (`ca`) is not a certificate in PEM";
    throw new RenewdError("issuer_tls", message, { cause: error, sent: false });
  }
}

/** What guards the body of one answer. */
interface Guard {
  readonly limit: number;
  readonly tooLarge: () => RenewdError;
  readonly explain: (error: unknown) => RenewdError;
}

async function send(dispatcher: Dispatcher, options: HttpOptions, request: HttpRequest): Promise<HttpResponse> {
  const url = new URL(request.url);
  const { timeoutMs, maxResponseBytes: limit } = options;
  const timeLimit = AbortSignal.timeout(timeoutMs);
  const progress = { started: false };
  const guard: Guard = {
    limit,
    tooLarge: () =>
      new RenewdError("issuer_answer_too_large", `${request.call}: ${url.host} answered with more than ${limit} bytes`),
    explain: (error) => explainHttpFailure(error, { request, url, timeLimit, timeoutMs, sent: progress.started }),
  };
  try {
    const answer = await dispatcher.compose(noteStart(progress)).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers: { "accept-encoding": "identity", ...request.headers },
      body: request.body ?? null,
      signal: AbortSignal.any([request.signal, timeLimit]),
      reset: true,
    });
    return toResponse(answer, guard);
  } catch (error) {
    throw guard.explain(error);
  }
}

function toResponse(answer: Dispatcher.ResponseData, guard: Guard): HttpResponse {
  const body = guarded(answer.body, guard);
  return {
    status: answer.statusCode,
    header: (name) => {
      const value = answer.headers[name.toLowerCase()];
      return value === undefined ? null : [value].flat().join(", ");
    },
    setCookies: [answer.headers["set-cookie"] ?? []].flat(),
    body,
    text: async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return new TextDecoder().decode(Buffer.concat(chunks));
    },
  };
}

async function* guarded(body: AsyncIterable<Uint8Array>, guard: Guard): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > guard.limit) throw guard.tooLarge();
      yield chunk;
    }
  } catch (error) {
    throw error instanceof RenewdError ? error : guard.explain(error);
  }
}
