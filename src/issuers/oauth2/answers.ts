import { clean } from "../../core/foreign-words.ts";
import { readRetryAfter } from "../../core/retry-after.ts";
import { parseObject } from "../answers.ts";

/** An answer that is not a success, as far as it says something. */
export interface Refusal {
  readonly status: number;
  /** The `error` of RFC 6749 §5.2; null when the answer is not of that form. */
  readonly error: string | null;
  /** Its words, cleaned: at most 200 characters, nothing that looks like a token. Empty when it has none. */
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/** `sent`: secrets that the server was told and may repeat. */
export async function readRefusal(response: Response, now: number, sent: readonly string[]): Promise<Refusal> {
  const body = parseObject(await response.text());
  const error = body?.["error"];
  const words = body?.["error_description"];
  return {
    status: response.status,
    error: typeof error === "string" && error !== "" ? clean(error, sent) : null,
    message: typeof words === "string" ? clean(words, sent) : "",
    retryAfterMs: readRetryAfter(response.headers.get("retry-after"), now),
  };
}
