/** Fields that the options of several kinds of issuers have. */
import { z } from "zod";
import { MINUTE_MS, parseDuration } from "../core/duration.ts";
import type { SecretRef } from "../core/ports.ts";

const KiB = 1024;
const UNIT_BYTES: Readonly<Record<string, number>> = { KiB, MiB: KiB * KiB };
const MOST_RESPONSE_BYTES = 1024 * KiB * KiB;

/** `90s`, `15m`, `6h`, `30d` -> milliseconds. */
export function duration(atLeastMs: number, atMostMs: number = Number.POSITIVE_INFINITY): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= atLeastMs && ms <= atMostMs) return ms;
    const range = atMostMs === Number.POSITIVE_INFINITY ? "" : ` and at most ${atMostMs / 1000}s`;
    const message =
      ms === undefined ? "a duration such as 90s, 15m, 6h or 30d" : `at least ${atLeastMs / 1000}s${range}`;
    context.issues.push({ code: "custom", input: text, message: `expected ${message}` });
    return z.NEVER;
  });
}

export const size: z.ZodType<number, string> = z.string().transform((text, context) => {
  const found = /^(\d{1,7})(KiB|MiB)$/.exec(text.trim());
  const bytes = Number(found?.[1]) * (UNIT_BYTES[found?.[2] ?? ""] ?? Number.NaN);
  if (bytes >= KiB && bytes <= MOST_RESPONSE_BYTES) return bytes;
  context.issues.push({
    code: "custom",
    input: text,
    message: "expected a size such as 512KiB or 64MiB, at most 1024MiB",
  });
  return z.NEVER;
});

const fileRef = z.strictObject({ file: z.string().min(1) });

export const secretRef: z.ZodType<SecretRef> = z.union(
  [fileRef, z.strictObject({ env: z.string().min(1) }), z.strictObject({ command: z.array(z.string().min(1)).min(1) })],
  { error: "a secret is { env }, { file } or { command: [argv] }, never a literal" },
);

/** Where an issuer lives: an origin, perhaps with a path, without a slash at its end. */
export const baseUrl: z.ZodType<string, string> = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const plain = url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (plain && /^https?:$/.test(url.protocol)) return (url.origin + url.pathname).replace(/\/+$/, "");
  // The text is not repeated: it may hold a password.
  const message = "expected http://host or https://host, without user, query and fragment";
  context.issues.push({ code: "custom", input: undefined, message });
  return z.NEVER;
});

const proxyUrl: z.ZodType<string, string> = z.string().transform((text, context) => {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href;
  context.issues.push({ code: "custom", input: undefined, message: "expected the proxy as http://host:port" });
  return z.NEVER;
});

/** How to reach an issuer. A private authority is read at each use. */
export interface Connection {
  readonly ca?: { readonly file: string } | undefined;
  readonly proxy?: string | undefined;
  /** For one call, ms. */
  readonly timeout: number;
  /** Bytes. */
  readonly max_response: number;
}

export const connectionFields = {
  ca: fileRef.optional().describe("PEM of a private authority, trusted besides the usual ones."),
  proxy: proxyUrl.optional().describe("The proxy to go through, as http://host:port."),
  timeout: duration(100, 5 * MINUTE_MS)
    .prefault("10s")
    .describe("For one whole call."),
};

/** A reference to a file counts from the settings file's folder. */
export function resolved<T extends SecretRef>(ref: T, resolvePath: (path: string) => string): T {
  return "file" in ref ? { ...ref, file: resolvePath(ref.file) } : ref;
}
