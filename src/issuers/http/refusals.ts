import { type ErrorCode, RenewdError } from "../../core/errors.ts";
import type { Reply } from "./caller.ts";

/**
 * Statuses by which a server says that it did not carry the request out (RFC 9110 §15.5, RFC 6585, RFC 7725). A 408, 409
 * or 5xx may follow on work done, and a 302 or 303 is how some say that it was.
 */
const NOT_DONE = new Set([
  301, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431,
  451,
]);

/** Whether nothing was done, for certain: by the rules of HTTP, or because the settings say so of this issuer. */
export function isCertain(status: number, declared: readonly number[]): boolean {
  return NOT_DONE.has(status) || declared.includes(status);
}

/** An answer that is no success, as an operating error; `where` names the issuer and what was asked of it. */
export async function toError(reply: Reply, where: string): Promise<RenewdError> {
  const { status, retryAfterMs } = reply;
  const reason = status >= 400 ? await reply.reason() : "";
  const words = reason === "" ? "no reason given" : reason;
  const message = `${where}: answered ${status}: ${words}`;
  return new RenewdError(codeOf(reply), message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function codeOf({ status, retryAfterMs }: Reply): ErrorCode {
  if (status < 300) return "issuer_answer_invalid";
  if (status < 400) return "issuer_redirected";
  // GitHub says with a 403 and a Retry-After that there were too many calls.
  if (status === 429 || ((status >= 500 || status === 403) && retryAfterMs !== undefined)) return "issuer_throttled";
  return status >= 500 ? "issuer_error" : "request_refused";
}
