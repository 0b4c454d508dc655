import { z } from "zod";
import { RenewdError } from "../../core/errors.ts";
import type { HttpResponse } from "../../core/ports.ts";

const MOST_REFUSAL_BYTES = 64 * 1024;
const MOST_ANSWER_BYTES = 1024 * 1024;
const MOST_WORDS = 200;

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

/** The JSON of a 2xx answer, checked by `schema`. Throws `issuer_answer_invalid`; the answer's text is not repeated. */
export async function readJson<T>(response: HttpResponse, schema: z.ZodType<T>, what: string): Promise<T> {
  const text = await readText(response, MOST_ANSWER_BYTES);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RenewdError("issuer_answer_invalid", `${what}: the answer (${response.status}) is not JSON`);
  }
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const path = found.error.issues[0]?.path.join(".") || "the whole";
  throw new RenewdError("issuer_answer_invalid", `${what}: the answer is not as documented (${clean(path)})`);
}

async function readText(response: HttpResponse, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > mostBytes)
      throw new RenewdError("issuer_answer_too_large", `an answer is larger than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Words of another system, fit for a message: bounded, on one line, and long unbroken runs (tokens, keys) left out. */
function clean(words: string, sent: readonly string[] = []): string {
  const oneLine = (text: string): string => text.replace(/[\p{C}\s]+/gu, " ");
  const said = oneLine(words);
  const plain = sent
    .reduce((text, secret) => text.replaceAll(oneLine(secret), "[redacted]"), said)
    .replace(/[\w+/=-]{16,}(?:\.[\w+/=-]*)+|[\w+/=-]{64,}/g, "[redacted]");
  return plain.length > MOST_WORDS ? `${plain.slice(0, MOST_WORDS - 1)}…` : plain.trim();
}

function isJson(response: HttpResponse): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(response.header("content-type") ?? "");
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 9110 §10.2.3: seconds, or an HTTP date. */
function readRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
