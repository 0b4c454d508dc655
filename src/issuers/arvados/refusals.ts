import { type ErrorCode, RenewdError } from "../../core/errors.ts";
import type { HttpResponse } from "../../core/ports.ts";
import { clean } from "../../core/foreign-words.ts";
import { readRetryAfter } from "../../core/retry-after.ts";
import { isJson, parseObject, readText } from "../answers.ts";

/** The calls of Arvados' API that renewd makes; also their names in metrics and events. */
export type CallName = "config" | "current" | "user" | "list" | "create" | "extend" | "delete" | "logout";

const MOST_REFUSAL_BYTES = 64 * 1024;
const MOST_WORDS_READ = 3;

/** An answer that is not a 2xx, as far as it says something. */
export interface Refusal {
  readonly status: number;
  /** Arvados' own refusals are JSON with `errors`; those of proxies are pages. */
  readonly json: boolean;
  /** Cleaned of everything that was sent. Empty when it has none. */
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/** `sent`: secrets that the issuer was told. Its words repeat them: a duplicate's text has the secret, others the whole URL. */
export async function readRefusal(response: HttpResponse, now: number, sent: readonly string[]): Promise<Refusal> {
  const body = isJson(response) ? parseObject(await readText(response, MOST_REFUSAL_BYTES).catch(() => "")) : undefined;
  const errors = body?.["errors"];
  const words = Array.isArray(errors)
    ? errors.filter((each) => typeof each === "string").slice(0, MOST_WORDS_READ)
    : [];
  return {
    status: response.status,
    json: Array.isArray(errors),
    message: withoutSecrets(words.join("; "), sent),
    retryAfterMs: readRetryAfter(response.header("retry-after"), now),
  };
}

/** A secret may come back cut short or escaped, so every run as long as half a secret goes too. */
function withoutSecrets(words: string, sent: readonly string[]): string {
  const written = sent.flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
  return clean(clean(words, written).replace(/[0-9A-Za-z]{24,}/g, "[redacted]"));
}

/** Statuses by which a server says that it did not carry the request out (RFC 9110 §15.4 and §15.5, RFC 6585). */
const NOT_DONE = new Set([304, 400, 401, 403, 404, 405, 406, 411, 413, 414, 415, 417, 421, 422, 429, 431]);

/** Whether nothing was changed, for certain; a 408, a 409 or a 5xx may come from a proxy that lost the answer. */
export function isCertain(refusal: Refusal): boolean {
  return NOT_DONE.has(refusal.status) || isRedirect(refusal);
}

/** The token that was sent is dead, by Arvados' own word. */
export function isDead(refusal: Refusal): boolean {
  return refusal.status === 401 && refusal.json;
}

const EXPLAINED: readonly (readonly [status: number, says: RegExp, explanation: string])[] = [
  [
    403,
    /IssueTrustedTokens/,
    "the cluster is set to Login.IssueTrustedTokens: false, so only SystemRootToken makes and lists tokens, and nobody changes or deletes those of others",
  ],
  [403, /owner.uuid cannot be nil/i, "there is no such user"],
  [
    403,
    /(?:)/,
    "the issuer's `token` may not do this: it needs scopes for /arvados/v1/api_client_authorizations, and only an administrator makes tokens for others",
  ],
  [422, /(?:has already been taken|duplicate key|RecordNotUnique)/i, "a token with this secret exists"],
];

/** A refusal as an operating error; `where` names the issuer and what was asked of it. */
export function toError(refusal: Refusal, where: string): RenewdError {
  const words = refusal.message || (refusal.json ? "no reason given" : "a page without a reason");
  const explained = EXPLAINED.find(([status, says]) => status === refusal.status && says.test(refusal.message));
  const explanation = explained === undefined || !refusal.json ? "" : ` (${explained[2]})`;
  const retryAfter = refusal.retryAfterMs === undefined ? {} : { retryAfterMs: refusal.retryAfterMs };
  return new RenewdError(codeOf(refusal), `${where}: answered ${refusal.status}: ${words}${explanation}`, retryAfter);
}

function codeOf(refusal: Refusal): ErrorCode {
  if (isRedirect(refusal)) return "issuer_redirected";
  if (refusal.status === 429) return "issuer_throttled";
  if (refusal.status >= 500) return refusal.retryAfterMs === undefined ? "issuer_error" : "issuer_throttled";
  // A page where JSON is the protocol: another server, or a proxy that changes what we send.
  if (!refusal.json) return "issuer_answer_invalid";
  return refusal.status === 401 ? "sign_in_refused" : "request_refused";
}

/** A 304 leads nowhere: it answers a condition, and none was set. */
function isRedirect(refusal: Refusal): boolean {
  return refusal.status >= 300 && refusal.status < 400 && refusal.status !== 304;
}
