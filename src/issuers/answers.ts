/** What an issuer answered, read with care: bounded, checked, and fit to be repeated to a person. */
import type { z } from "zod";
import { RenewdError } from "../core/errors.ts";
import { clean } from "../core/foreign-words.ts";
import type { HttpResponse } from "../core/ports.ts";

const MOST_ANSWER_BYTES = 1024 * 1024;

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
