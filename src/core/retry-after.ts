import { type Instant, parseHttpDate } from "./duration.ts";

/** How long an answer's `Retry-After` asks to wait, in ms. RFC 9110 §10.2.3: seconds, or an HTTP date. */
export function readRetryAfter(value: string | null, now: Instant): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = parseHttpDate(value);
  return at === undefined ? undefined : Math.max(0, at - now);
}
