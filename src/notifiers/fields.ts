/** Fields that the options of several kinds of channels have. */
import { z } from "zod";
import { MINUTE_MS, parseDuration } from "../core/duration.ts";
import type { SecretRef } from "../core/ports.ts";

/** `90s`, `15m`, `6h` -> milliseconds. */
export function duration(atLeastMs: number, atMostMs: number): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= atLeastMs && ms <= atMostMs) return ms;
    const range = `at least ${atLeastMs / 1000}s and at most ${atMostMs / 1000}s`;
    const message = ms === undefined ? "expected a duration such as 90s, 15m or 6h" : `expected ${range}`;
    context.issues.push({ code: "custom", input: text, message });
    return z.NEVER;
  });
}

const fileRef = z.strictObject({ file: z.string().min(1) });

export const secretRef: z.ZodType<SecretRef> = z.union(
  [fileRef, z.strictObject({ env: z.string().min(1) }), z.strictObject({ command: z.array(z.string().min(1)).min(1) })],
  { error: "a secret is { env }, { file } or { command: [argv] }, never a literal" },
);

/** An address that is no secret: http or https, without user, query and fragment. */
export const plainUrl: z.ZodType<string, string> = z.string().transform((text, context) => {
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

/** How to reach a channel. A private authority is read at each use. */
export interface Connection {
  readonly ca?: { readonly file: string } | undefined;
  readonly proxy?: string | undefined;
  /** For one call, ms. */
  readonly timeout: number;
}

export const caField = fileRef
  .optional()
  .describe("The authority (PEM) of the channel's certificate, where it is private.");

export const connectionFields = {
  ca: caField,
  proxy: proxyUrl.optional().describe("The proxy to go through, as http://host:port."),
  timeout: duration(100, MINUTE_MS).prefault("10s").describe("How long one call may take."),
};
