import { type ErrorCode, RenewdError } from "../../core/errors.ts";
import type { Refusal } from "./answers.ts";

/** The calls of FlowAuth's API that renewd makes; also their names in metrics and events. */
export type CallName = "sign_in" | "servers" | "roles" | "list" | "mint" | "renew";

interface Row {
  readonly calls: readonly CallName[];
  readonly status: number;
  /** How the refusal's words begin or what they hold; without it, any refusal of this status. */
  readonly says?: RegExp;
  readonly code: ErrorCode;
}

/** The error tables of fact sheet §2 and §3, in the order in which FlowAuth checks. The first row that fits counts. */
const ROWS: readonly Row[] = [
  { calls: ["sign_in"], status: 400, says: /^Must supply username or password/, code: "sign_in_refused" },
  { calls: ["sign_in"], status: 401, says: /^Incorrect username or password/, code: "sign_in_refused" },
  { calls: ["sign_in"], status: 400, says: /^Must supply a two-factor/, code: "two_factor_required" },
  { calls: ["sign_in"], status: 401, says: /^Code not valid/, code: "two_factor_refused" },
  { calls: ["list", "mint", "roles"], status: 404, code: "server_unknown" },
  { calls: ["renew"], status: 404, code: "token_absent" },
  { calls: ["renew"], status: 401, says: /^You can only renew your own tokens/, code: "token_not_owned" },
  { calls: ["renew"], status: 400, says: /no roles recorded/, code: "roles_unrecorded" },
  { calls: ["renew"], status: 401, says: /roles are no longer assigned to you/, code: "roles_not_held" },
  { calls: ["renew"], status: 401, says: /maximum permitted expiry has already passed/, code: "expiry_cap_passed" },
  { calls: ["mint"], status: 401, says: /^Role .* is not permitted/, code: "roles_not_held" },
  { calls: ["mint"], status: 401, says: /^Token for .* expired/, code: "expiry_cap_passed" },
  { calls: ["mint", "renew"], status: 400, says: /^lifetime_minutes must be/, code: "lifetime_refused" },
  { calls: ["mint", "renew"], status: 400, says: /^Requested lifetime exceeds/, code: "lifetime_refused" },
];

/** Statuses by which a server says that it did not carry the request out (RFC 9110 §15.4 and §15.5, RFC 6585). */
const NOT_DONE = new Set([304, 400, 401, 403, 404, 405, 406, 411, 413, 414, 415, 417, 421, 422, 429, 431]);

/** Whether nothing was minted, for certain; a 408, a 499 or a 5xx may come from a proxy that lost the answer. */
export function isCertain(refusal: Refusal): boolean {
  return NOT_DONE.has(refusal.status) || isRedirect(refusal);
}

/** The session has ended, or its CSRF token; nothing was done (fact sheet §2). JSON means a refusal of the request itself. */
export function isSessionGone(refusal: Refusal): boolean {
  return refusal.status === 401 && !refusal.json;
}

export function exceedsLifetime(refusal: Refusal): boolean {
  return refusal.status === 400 && refusal.message.startsWith("Requested lifetime exceeds");
}

/** A refusal as an operating error; `where` names the issuer and what was asked of it. */
export function toError(call: CallName, refusal: Refusal, where: string): RenewdError {
  const words =
    refusal.message === "" ? (refusal.json ? "no reason given" : "a page without a reason") : refusal.message;
  const retryAfter = refusal.retryAfterMs === undefined ? {} : { retryAfterMs: refusal.retryAfterMs };
  return new RenewdError(codeOf(call, refusal), `${where}: answered ${refusal.status}: ${words}`, retryAfter);
}

function codeOf(call: CallName, refusal: Refusal): ErrorCode {
  const row = ROWS.find((each) => fits(each, call, refusal));
  if (row !== undefined) return row.code;
  if (isRedirect(refusal)) return "issuer_redirected";
  if (refusal.status === 429) return "issuer_throttled";
  if (refusal.status >= 500) return refusal.retryAfterMs === undefined ? "issuer_error" : "issuer_throttled";
  // A page where JSON is the protocol: another server, or a proxy that changes what we send.
  if (!refusal.json) return isSessionGone(refusal) && call !== "sign_in" ? "session_refused" : "issuer_answer_invalid";
  return "request_refused";
}

function fits(row: Row, call: CallName, refusal: Refusal): boolean {
  return row.calls.includes(call) && row.status === refusal.status && (row.says?.test(refusal.message) ?? true);
}

/** A 304 leads nowhere: it answers a condition, and none was set. */
function isRedirect(refusal: Refusal): boolean {
  return refusal.status >= 300 && refusal.status < 400 && refusal.status !== 304;
}
