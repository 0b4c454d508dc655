import { z } from "zod";
import { parseDuration, parseSpan, type Span } from "../core/duration.ts";
import type { SecretRef } from "../core/ports.ts";

/** Keys become labels of metrics, parts of URLs and arguments of verbs. */
export const KEY_PATTERN: RegExp = /^[a-z0-9][a-z0-9._-]{0,62}$/;

const ADDRESS_WORDS = "is not an address to listen on; write host:port, such as 127.0.0.1:8080 or [::1]:8080";
const SPAN_WORDS = "is neither a share nor a duration; write 33%, or a length of time in s, m, h or d, such as 10d";
const DURATION_WORDS = "is not a duration; write a number and a unit (s, m, h or d), such as 90s, 15m, 6h or 30d";

export const key: z.ZodString = z
  .string()
  .regex(KEY_PATTERN, "is not a key; begin with a letter or digit, go on with at most 62 of a-z 0-9 . _ -");

/** A mapping of keys to `value`. */
export function keyed<T extends z.ZodType>(value: T): z.ZodRecord<z.ZodString, T> {
  return z.record(key, value);
}

/** `90s`, `15m`, `6h`, `30d` -> milliseconds, from `atLeastMs` on. */
export function duration(atLeastMs = 0): z.ZodType<number, string> {
  return z
    .string(DURATION_WORDS)
    .meta({ pattern: String.raw`^\d+(\.\d+)?(ms|s|m|h|d)$` })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= atLeastMs) return ms;
      const message = ms === undefined ? DURATION_WORDS : `is too short; write at least ${atLeastMs / 1000}s`;
      context.issues.push({ code: "custom", input: text, message });
      return z.NEVER;
    });
}

/** A duration, or a share of the issued lifetime such as `33%`. */
export const span: z.ZodType<Span, string> = z
  .string(SPAN_WORDS)
  .meta({ pattern: String.raw`^\d+(\.\d+)?(%|ms|s|m|h|d)$` })
  .transform((text, context) => {
    const found = parseSpan(text);
    if (found !== undefined) return found;
    context.issues.push({ code: "custom", input: text, message: SPAN_WORDS });
    return z.NEVER;
  });

const nonEmpty = z.string().min(1).max(4096);

/** Where a secret is to be read from. A literal is refused, and not repeated in the message. */
export const secretRef: z.ZodType<SecretRef> = z.union([
  z.strictObject({ file: nonEmpty }).describe("Read at each use; one trailing newline is dropped."),
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not the name of an environment variable") }),
  z
    .strictObject({ command: z.array(nonEmpty).min(1).max(64) })
    .describe("argv, no shell; runs only under `--allow-commands`."),
]);

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:0` (any free port). */
export const listenAddress: z.ZodType<{ host: string; port: number }, string> = z
  .string(ADDRESS_WORDS)
  .transform((text, context) => {
    const found = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text.trim());
    const host = found?.[1] ?? found?.[2];
    const port = Number(found?.[3]);
    if (host !== undefined && port <= 65_535) return { host, port };
    context.issues.push({ code: "custom", input: text, message: ADDRESS_WORDS });
    return z.NEVER;
  });
