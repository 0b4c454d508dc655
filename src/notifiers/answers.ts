/** What a channel answered: which failure it is, and words of it that are fit to be repeated to a person. */
import { type ErrorCode, RenewdError } from "../core/errors.ts";
import { clean } from "../core/foreign-words.ts";
import type { HttpResponse } from "../core/ports.ts";

/** A key, a password, or an address that nobody answers to any more. */
const CREDENTIALS: ReadonlySet<number> = new Set([401, 403, 404, 407, 410]);
/** RFC 9110 §15.5.9, RFC 8470: the same again may go well. */
const PASSING: ReadonlySet<number> = new Set([408, 425]);

/** A status that is not 2xx as an operating error. `sent` are the secrets of the request. */
export function refusal(
  answer: { readonly status: number; readonly words: string; readonly retryAfterMs: number | undefined },
  where: string,
  sent: readonly string[],
): RenewdError {
  const { status, words, retryAfterMs } = answer;
  const said = isRedirect(status) ? "a redirect, which is not followed" : clean(words, sent) || "no reason given";
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new RenewdError(codeOf(status, retryAfterMs), `${where}: answered ${status}: ${said}`, options);
}

function codeOf(status: number, retryAfterMs: number | undefined): ErrorCode {
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) return "channel_throttled";
  if (status >= 500 || PASSING.has(status)) return "channel_error";
  return CREDENTIALS.has(status) ? "channel_credentials" : "channel_refused";
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** The body as far as the client's bound lets it be read; what cannot be read is left out, for the status says enough. */
export async function readWords(response: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of response.body) chunks.push(chunk);
  } catch {
    // What came until then is all there is.
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
