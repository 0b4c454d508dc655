import { RenewdError } from "../../core/errors.ts";
import type { HttpRequest, HttpResponse, IssuerContext } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { clean } from "../../core/foreign-words.ts";
import { readRetryAfter } from "../../core/retry-after.ts";
import { isJson, parseObject, readText } from "../answers.ts";
import { calledOff } from "../shared-work.ts";
import { Transport } from "../transport.ts";
import { unsent } from "../unsent.ts";
import { fillBody, fillHeaders, fillPath } from "./fill.ts";
import type { HttpIssuerOptions, RequestShape } from "./options.ts";
import type { Value, Values } from "./order-values.ts";
import { memberOf, namesIn, textsIn } from "./placeholders.ts";
import { signJwt } from "./signed-jwt.ts";

/** Shorter ones would tear other words apart. */
const SECRET_LEAST_LENGTH = 4;
const MOST_REFUSAL_BYTES = 64 * 1024;
/** Where issuers say why; the first that holds a text counts (RFC 6749 §5.2, RFC 9457 §3.1, GitHub, GitLab). */
const REASONS = ["error_description", "message", "detail", "error", "title", "reason"];

/** What a request is filled with, besides what the settings have. */
export interface Given {
  readonly values: Values;
  readonly secrets: ReadonlyMap<string, SecretText>;
}

/** An answer, whatever its status; its body is still to be read, once. */
export interface Reply {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** Throws `issuer_answer_invalid`, and what a body that is cut off or too large throws. Its text is not repeated. */
  json(): Promise<unknown>;
  /** Why it was refused, in the issuer's words: cleaned, without what was sent in secret. Empty when it has none. */
  reason(): Promise<string>;
}

/** Fills in declared requests and sends them. */
export class Caller {
  readonly #context: IssuerContext<HttpIssuerOptions>;
  readonly #transport: Transport;

  constructor(context: IssuerContext<HttpIssuerOptions>) {
    this.#context = context;
    this.#transport = new Transport(context);
  }

  /** Sends once. What fails before anything went out is thrown with `sent` false. */
  async call(call: string, shape: RequestShape, given: Given, signal: AbortSignal): Promise<Reply> {
    const { client, request, sent } = await this.#prepare(call, shape, given, signal).catch((error: unknown) => {
      throw signal.aborted ? calledOff(signal) : unsent(error);
    });
    return this.#replyOf(await client.send(request), sent);
  }

  /** A public document at an address of its own. */
  async get(call: string, url: string, signal: AbortSignal): Promise<Reply> {
    const client = await this.#transport.client(signal);
    return this.#replyOf(await client.send({ call, method: "GET", url, headers: ALWAYS, signal }), []);
  }

  /** The secrets of the settings by name, and our own JWT, of those names that are used. */
  async secretsOf(names: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlyMap<string, SecretText>> {
    const { readSecret, options, clock } = this.#context;
    const secrets = new Map<string, SecretText>();
    for (const name of names) {
      const ref = options.secrets[memberOf("secrets", name) ?? ""];
      if (ref !== undefined) secrets.set(name, await readSecret(ref, signal));
      if (name === "jwt" && options.jwt !== undefined) {
        secrets.set(name, await signJwt(options.jwt, await readSecret(options.jwt.key, signal), clock));
      }
    }
    return secrets;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #prepare(call: string, shape: RequestShape, given: Given, signal: AbortSignal) {
    const secrets = [...given.secrets, ...(await this.secretsOf(namesIn(shape), signal))];
    const shown = secrets.map(([name, secret]) => [name, secret.reveal()] as const);
    const filling = new Map<string, Value | undefined>([...given.values, ...shown]);
    const body = shape.body === undefined ? undefined : JSON.stringify(fillBody(shape.body, filling));
    const request: HttpRequest = {
      call,
      method: shape.method,
      url: addressOf(this.#context.options.url, fillPath(shape.path, filling)),
      headers: {
        ...ALWAYS,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...fillHeaders(shape.headers, filling),
      },
      ...(body === undefined ? {} : { body }),
      signal,
    };
    // An issuer may repeat the body as it was sent, where quotes are escaped.
    const sent = shown.flatMap(([, text]) => [text, JSON.stringify(text).slice(1, -1)]);
    return { client: await this.#transport.client(signal), request, sent };
  }

  #replyOf(response: HttpResponse, sent: readonly string[]): Reply {
    const { options, clock } = this.#context;
    return {
      status: response.status,
      retryAfterMs: readRetryAfter(response.header("retry-after"), clock.now()),
      json: async () => parseJson(await readText(response, options.max_response), response.status),
      reason: () => reasonOf(response, sent),
    };
  }
}

const ALWAYS: Readonly<Record<string, string>> = { accept: "application/json", "user-agent": "renewd" };

/** Never another address than the settings spell out: what an URL parser would change, such as a step `..`, is not sent. */
function addressOf(base: string, path: string): string {
  const whole = base + path;
  const { href, origin } = new URL(whole);
  if (href === whole && origin === new URL(base).origin) return whole;
  throw new RenewdError("settings_invalid", "the address is another one once it is filled in", { sent: false });
}

function parseJson(text: string, status: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new RenewdError("issuer_answer_invalid", `the answer (${status}) is not JSON`);
  }
}

async function reasonOf(response: HttpResponse, sent: readonly string[]): Promise<string> {
  if (!isJson(response)) return "";
  const body = parseObject(await readText(response, MOST_REFUSAL_BYTES).catch(() => "")) ?? {};
  const words = REASONS.map((key) => textsIn(body[key]).map(([, text]) => text)).find((each) => each.length > 0);
  const secrets = sent.filter((each) => each.length >= SECRET_LEAST_LENGTH).toSorted((a, b) => b.length - a.length);
  return clean((words ?? []).join("; "), secrets);
}
