import { type ErrorCode, RenewdError, toRenewdError } from "../core/errors.ts";
import type { HttpClient, NotifierContext, SecretRef } from "../core/ports.ts";
import { isLoopback } from "../core/loopback.ts";
import { readRetryAfter } from "../core/retry-after.ts";
import { readWords, refusal } from "./answers.ts";
import type { Connection } from "./fields.ts";

const MOST_ANSWER_BYTES = 16 * 1024;
/** Shorter parts of an address are words, and would tear other words apart. */
const SECRET_LEAST_LENGTH = 4;

export interface ChannelCall {
  /** A short stable name for metrics and errors. */
  readonly call: string;
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What must not come back in an error's words. */
  readonly sent: readonly string[];
}

type Context = Pick<NotifierContext<Connection>, "options" | "http" | "readSecret" | "clock" | "version">;

/** The way to a channel over HTTP. A private authority is read at each use, so that a renewed one counts at once. */
export class Transport {
  readonly #context: Context;
  #current: { readonly ca: string | undefined; readonly client: HttpClient } | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Sends once. A 2xx is success whatever its body says; everything else is thrown as `channel_…`, with the host alone as the place. */
  async send({ sent, ...call }: ChannelCall, signal: AbortSignal): Promise<void> {
    const { clock, version } = this.#context;
    const headers = { "user-agent": `renewd/${version}`, ...call.headers };
    try {
      const client = await this.#client(signal);
      const response = await client.send({ ...call, headers, signal });
      const words = await readWords(response);
      const { status } = response;
      if (status >= 200 && status < 300) return;
      const retryAfterMs = readRetryAfter(response.header("retry-after"), clock.now());
      const where = `${call.call}: ${new URL(call.url).host}`;
      throw refusal({ status, words, retryAfterMs }, where, sent);
    } catch (error) {
      throw toChannelError(error);
    }
  }

  async close(): Promise<void> {
    await this.#current?.client.close();
  }

  async #client(signal: AbortSignal): Promise<HttpClient> {
    const { ca: authority, timeout, proxy } = this.#context.options;
    const ca = authority === undefined ? undefined : (await this.#context.readSecret(authority, signal)).reveal();
    if (this.#current === undefined || this.#current.ca !== ca) {
      const client = this.#context.http({
        timeoutMs: timeout,
        maxResponseBytes: MOST_ANSWER_BYTES,
        ...(ca === undefined ? {} : { ca }),
        ...(proxy === undefined ? {} : { proxy }),
      });
      this.#current = { ca, client };
    }
    return this.#current.client;
  }
}

/** The HTTP client speaks of issuers, for which it was made. */
const CODES: ReadonlyMap<ErrorCode, ErrorCode> = new Map<ErrorCode, ErrorCode>([
  ["issuer_unreachable", "channel_unreachable"],
  ["issuer_timeout", "channel_timeout"],
  ["issuer_tls", "channel_tls"],
  ["issuer_answer_invalid", "channel_error"],
  ["issuer_answer_too_large", "channel_error"],
]);

function toChannelError(thrown: unknown): Error {
  if (thrown instanceof TypeError) return thrown;
  const error = toRenewdError(thrown);
  const code = CODES.get(error.code);
  if (code === undefined) return error;
  return new RenewdError(code, error.message, { cause: error.cause, sent: error.sent });
}

/** An address that is itself a secret, with the parts of it that must not come back in an error's words. */
export interface SecretUrl {
  readonly url: URL;
  readonly sent: readonly string[];
}

/**
 * Reads an address that is a secret. Throws `secret_unreadable`, or `channel_credentials` when it is no address, has a user
 * in it, or would be sent over plain http to another machine where `needsTls`; the text is not repeated.
 */
export async function readSecretUrl(
  context: Pick<NotifierContext<unknown>, "readSecret">,
  ref: SecretRef,
  needsTls: boolean,
  signal: AbortSignal,
): Promise<SecretUrl> {
  const text = (await context.readSecret(ref, signal)).reveal().trim();
  const url = URL.parse(text);
  const isFit = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (!isFit) throw unfit("what `url` refers to is not an address such as https://host/path, without a user");
  if (needsTls && url.protocol === "http:" && !isLoopback(url.hostname))
    throw unfit("what `url` refers to is plain http, and it would be sent in clear");
  url.hash = "";
  const parts = [...url.pathname.split("/"), ...url.searchParams.values()];
  const whole = [text, url.href, url.pathname + url.search, url.pathname.slice(1)];
  const sent = [...whole, ...parts, ...parts.map(decoded)].filter((part) => part.length >= SECRET_LEAST_LENGTH);
  return { url, sent: [...new Set(sent)] };
}

function unfit(message: string): RenewdError {
  return new RenewdError("channel_credentials", message, { sent: false });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
