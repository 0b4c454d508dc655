import { z } from "zod";
import { MINUTE_MS, parseDuration } from "../../core/duration.ts";
import type { SecretRef } from "../../core/ports.ts";
import type { TokenRequest } from "../../core/token.ts";

const KiB = 1024;
const UNIT_BYTES: Readonly<Record<string, number>> = { KiB, MiB: KiB * KiB };
const MOST_RESPONSE_BYTES = 1024 * KiB * KiB;

/** FlowAuth's columns (fact sheet §7): names of servers, roles, users and tokens have at most 75 characters. */
export const nameText = z.string().min(1).max(75);

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

const size: z.ZodType<number, string> = z.string().transform((text, context) => {
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

/** Where FlowAuth lives: an origin, perhaps with a path, without a slash at its end. */
const baseUrl: z.ZodType<string, string> = z.string().transform((text, context) => {
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

export interface FlowAuthOptions {
  readonly url: string;
  readonly username: string;
  readonly password: SecretRef;
  readonly totp?: SecretRef | undefined;
  readonly public_keys: readonly SecretRef[];
  readonly ca?: { readonly file: string } | undefined;
  readonly proxy?: string | undefined;
  readonly timeout: number;
  readonly max_response: number;
}

export const optionsSchema: z.ZodType<FlowAuthOptions> = z.strictObject({
  url: baseUrl,
  username: nameText,
  password: secretRef,
  totp: secretRef.optional(),
  public_keys: z.array(secretRef).min(1).max(16),
  ca: fileRef.optional(),
  proxy: proxyUrl.optional(),
  timeout: duration(100, 5 * MINUTE_MS).prefault("10s"),
  max_response: size.prefault("64MiB"),
});

export interface FlowAuthRequest {
  readonly server: string;
  readonly roles: readonly string[];
  readonly lifetime: number;
}

export const requestSchema: z.ZodType<FlowAuthRequest> = z.strictObject({
  server: nameText,
  roles: z.array(nameText).min(1).max(200),
  lifetime: duration(MINUTE_MS),
});

/** FlowAuth counts lifetimes in whole minutes, so what is asked for, and compared with, is rounded down to them. */
export function readRequest(request: FlowAuthRequest): TokenRequest {
  return {
    lifetimeMs: Math.floor(request.lifetime / MINUTE_MS) * MINUTE_MS,
    roles: [...new Set(request.roles)].sort(),
    audience: request.server,
    detail: { server: request.server },
  };
}
