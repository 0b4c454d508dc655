import { createHmac } from "node:crypto";
import type { Instant } from "../../core/duration.ts";
import type { SecretText } from "../../core/secret-text.ts";

/** `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, with one `v1` for each key. */
export function sign(body: string, keys: readonly SecretText[], now: Instant): string {
  const t = Math.floor(now / 1_000);
  const marks = keys.map((key) => `v1=${createHmac("sha256", key.reveal()).update(`${t}.${body}`).digest("hex")}`);
  return [`t=${t}`, ...marks].join(",");
}
