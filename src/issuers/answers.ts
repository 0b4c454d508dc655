/** What an issuer answered, read with care: bounded, checked, and fit to be repeated to a person. */
import type { z } from "zod";
import { RenewdError } from "../core/errors.ts";
import type { HttpResponse } from "../core/ports.ts";

const MOST_ANSWER_BYTES = 1024 * 1024;
const MOST_WORDS = 200;

/** The JSON of a 2xx answer, checked by `schema`. Throws `issuer_answer_invalid`; the answer's text is not repeated. */
export async function readJson<T>(response: HttpResponse, schema: z.ZodType<T>, what: string): Promise<T> {
  return checkJson(await readText(response, MOST_ANSWER_BYTES), response.status, schema, what);
}

/** As `readJson`, of a text that was read already. */
export function checkJson<T>(text: string, status: number, schema: z.ZodType<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RenewdError("issuer_answer_invalid", `${what}: the answer (${status}) is not JSON`);
  }
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const path = found.error.issues[0]?.path.join(".") || "the whole";
  throw new RenewdError("issuer_answer_invalid", `${what}: the answer is not as documented (${clean(path)})`);
}

/** The body as text. Throws `issuer_answer_too_large` when it is longer than `mostBytes`. */
export async function readText(response: HttpResponse, mostBytes: number): Promise<string> {
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

/** Words of another system, fit for a message: bounded, on one line, without `sent` secrets and long unbroken runs (tokens, keys). */
export function clean(words: string, sent: readonly string[] = []): string {
  const oneLine = (text: string): string => text.replace(/[\p{C}\s]+/gu, " ");
  const said = oneLine(words);
  const plain = sent
    .reduce((text, secret) => text.replaceAll(oneLine(secret), "[redacted]"), said)
    .replace(/[\w+/=-]{16,}(?:\.[\w+/=-]*)+|[\w+/=-]{64,}/g, "[redacted]");
  return plain.length > MOST_WORDS ? `${plain.slice(0, MOST_WORDS - 1)}…` : plain.trim();
}

export function isJson(response: HttpResponse): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(response.header("content-type") ?? "");
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 9110 §10.2.3: seconds, or an HTTP date. */
export function readRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
