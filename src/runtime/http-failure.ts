import { type Dispatcher, errors } from "undici";
import { type ErrorCode, RenewdError } from "../core/errors.ts";
import type { HttpRequest } from "../core/ports.ts";

/** What is known of a call when it fails. */
export interface HttpFailureFacts {
  readonly request: HttpRequest;
  readonly url: URL;
  readonly timeLimit: AbortSignal;
  readonly timeoutMs: number;
  /** Whether writing had begun. */
  readonly sent: boolean;
}

const TLS_CODES =
  /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|EPROTO$|UND_ERR_PRX_TLS$)/;

/** undici begins a request just before its first byte is written to an established (and proven) connection. */
export function noteStart(progress: { started: boolean }): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart: (controller, context) => {
        handler.onRequestStart?.(controller, context);
        // A call that was called off meanwhile is aborted in there, and then nothing is written.
        if (!controller.aborted) progress.started = true;
      },
      onRequestUpgrade: (...rest) => handler.onRequestUpgrade?.(...rest),
      onResponseStart: (...rest) => handler.onResponseStart?.(...rest),
      onResponseData: (...rest) => handler.onResponseData?.(...rest),
      onResponseEnd: (...rest) => handler.onResponseEnd?.(...rest),
      onResponseError: (...rest) => handler.onResponseError?.(...rest),
    });
}

/** Says what and where, without the URL's path, query or user; a path may name a token's id, the others may hold secrets. */
export function explainHttpFailure(error: unknown, facts: HttpFailureFacts): RenewdError {
  const { request, url, sent } = facts;
  const where = `${request.call}: ${url.host}`;
  // A parser's error quotes the answer, and that may hold a token.
  const notHttp = error instanceof errors.HTTPParserError;
  const options = { cause: notHttp ? undefined : error, sent };
  if (request.signal.aborted) return new RenewdError("issuer_timeout", `${where}: the call was called off`, options);
  if (facts.timeLimit.aborted) {
    return sent
      ? new RenewdError("issuer_timeout", `${where}: no full answer within ${facts.timeoutMs} ms`, options)
      : new RenewdError("issuer_unreachable", `${where}: no connection within ${facts.timeoutMs} ms`, options);
  }
  if (notHttp)
    return new RenewdError("issuer_answer_invalid", `${where}: what answers there does not speak HTTP`, options);
  const code = codeOf(error);
  const what = refusalOfProxy(error) ?? `${sent ? "the connection was lost" : "no connection"} (${code})`;
  return new RenewdError(classify(code), `${where}: ${what}`, options);
}

/** undici tells a proxy's answer only in the words of its error. */
function refusalOfProxy(error: unknown): string | undefined {
  const words = error instanceof Error ? error.message : "";
  const status = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/.exec(words);
  return status === null ? undefined : `the proxy answered ${status[1] ?? status[2]}`;
}

function classify(code: string): ErrorCode {
  if (code === "UND_ERR_HEADERS_OVERFLOW") return "issuer_answer_too_large";
  return TLS_CODES.test(code) ? "issuer_tls" : "issuer_unreachable";
}

/** The innermost error code: a proxy's failure and a name with several addresses wrap theirs. */
function codeOf(error: unknown): string {
  let code = "unknown";
  let each: unknown = error;
  for (let depth = 0; depth < 4 && each instanceof Error; depth += 1) {
    if ("code" in each && typeof each.code === "string") code = each.code;
    each = each instanceof AggregateError ? each.errors[0] : each.cause;
  }
  return code;
}
