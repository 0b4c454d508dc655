import { type ErrorCode, RenewdError } from "../../core/errors.ts";
import type { Refusal } from "./answers.ts";

/** The errors of RFC 6749 §5.2 (and two of §4.1.2.1 that token endpoints use as well); any other is a refusal of the request. */
const CODES: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ["invalid_client", "client_refused"],
  ["invalid_scope", "roles_not_held"],
  ["server_error", "issuer_error"],
  ["temporarily_unavailable", "issuer_error"],
  ["slow_down", "issuer_throttled"],
]);

/** By these the server says that it failed, not that it refused. */
const FAILED: ReadonlySet<string> = new Set(["server_error", "temporarily_unavailable"]);

/**
 * Whether nothing was made, for certain: an error of RFC 6749 §5.2, a call too many (RFC 6585 §4), or a redirect, which
 * is not followed. A page may come from a proxy that lost the answer, and so may a 408 or a 5xx.
 */
export function isCertain(refusal: Refusal): boolean {
  const { status, error } = refusal;
  if (isRedirect(status) || status === 429) return true;
  return status >= 400 && status < 500 && status !== 408 && error !== null && !FAILED.has(error);
}

/** A refusal as an operating error; `where` names the server and what was asked of it. */
export function toError(refusal: Refusal, where: string): RenewdError {
  const { status, error, message, retryAfterMs } = refusal;
  const words = [error, message].filter((each) => each !== null && each !== "").join(": ");
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new RenewdError(codeOf(refusal), `${where}: answered ${status}: ${words || "no reason given"}`, options);
}

function codeOf({ status, error, retryAfterMs }: Refusal): ErrorCode {
  if (isRedirect(status)) return "issuer_redirected";
  if (status === 429) return "issuer_throttled";
  if (status >= 500) return retryAfterMs === undefined ? "issuer_error" : "issuer_throttled";
  if (error === null) return "issuer_answer_invalid";
  return CODES.get(error) ?? "request_refused";
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}
