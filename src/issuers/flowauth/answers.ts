import { z } from "zod";
import type { HttpResponse } from "../../core/ports.ts";
import { clean } from "../../core/foreign-words.ts";
import { readRetryAfter } from "../../core/retry-after.ts";
import { isJson, parseObject, readText } from "../answers.ts";

const MOST_REFUSAL_BYTES = 64 * 1024;

/** The number of a row: a database counts them from 1, and up to fifteen digits are exact in JSON. */
export const rowId: z.ZodNumber = z.number().int().nonnegative().max(999_999_999_999_999);

/** An answer that is not a 2xx, as far as it says something. */
export interface Refusal {
  readonly status: number;
  /** FlowAuth's own refusals are JSON; those of Werkzeug, of the session check and of proxies are HTML (fact sheet §10.1). */
  readonly json: boolean;
  /** Its words, cleaned: at most 200 characters, nothing that looks like a token. Empty when it has none. */
  readonly message: string;
  readonly needTwoFactor: boolean;
  readonly retryAfterMs: number | undefined;
}

/** `sent`: secrets that the issuer was told and may repeat. */
export async function readRefusal(response: HttpResponse, now: number, sent: readonly string[]): Promise<Refusal> {
  const body = isJson(response) ? parseObject(await readText(response, MOST_REFUSAL_BYTES).catch(() => "")) : undefined;
  const words = body?.["message"] ?? body?.["statusText"];
  return {
    status: response.status,
    json: body !== undefined,
    message: typeof words === "string" ? clean(words, sent) : "",
    needTwoFactor: body?.["need_two_factor"] === true,
    retryAfterMs: readRetryAfter(response.header("retry-after"), now),
  };
}
