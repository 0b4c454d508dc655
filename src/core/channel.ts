/** How an alert channel that fails is tried again, and when that is told through the others. */
import { formatInstant, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from "./duration.ts";
import { ERRORS, type RenewdError } from "./errors.ts";
import type { Condition } from "./incidents.ts";
import type { ChannelRecord } from "./telling.ts";

const FIRST_RETRY_MS: number = 15 * SECOND_MS;
const LONGEST_RETRY_MS: number = 10 * MINUTE_MS;
/** What a channel asks for is kept to, but not for ever: what it is to tell grows old. */
const LONGEST_WISH_MS: number = HOUR_MS;
const FAILURES_TO_TELL = 3;

/** `share` in [0,1) spreads the tries of several channels. */
export function afterChannelFailure(
  before: ChannelRecord,
  error: RenewdError,
  share: number,
  now: Instant,
): ChannelRecord {
  const failures = before.failures + 1;
  const backoffMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10), LONGEST_RETRY_MS);
  const wishMs = Math.min(error.retryAfterMs ?? 0, LONGEST_WISH_MS);
  return {
    failures,
    since: before.since ?? now,
    code: error.code,
    message: error.message,
    nextTryAt: Math.round(now + Math.max(backoffMs * (0.8 + 0.2 * share), wishMs)),
    lastSuccessAt: before.lastSuccessAt,
  };
}

export function afterChannelSuccess(now: Instant): ChannelRecord {
  return { failures: 0, since: null, code: null, message: null, nextTryAt: null, lastSuccessAt: now };
}

/** A stored instant further off than any delay was written by a clock that leapt. */
export function mayTry({ nextTryAt }: ChannelRecord, now: Instant): boolean {
  return nextTryAt === null || now >= nextTryAt || nextTryAt > now + LONGEST_WISH_MS;
}

export function channelConditions(channel: string, record: ChannelRecord): readonly Condition[] {
  const { failures, since, code, message, nextTryAt } = record;
  if (failures === 0 || code === null || since === null) return [];
  if (failures < FAILURES_TO_TELL && ERRORS[code].retry !== "person") return [];
  return [
    {
      reason: "channel_failing",
      severity: "warning",
      message: `The alert channel ${channel} has not been told since ${formatInstant(since)}: ${message ?? ""} (${code}).`,
      next:
        nextTryAt === null
          ? "It tries again."
          : `Next try ${formatInstant(nextTryAt)}; nothing that it is to tell is forgotten.`,
      action: ERRORS[code].hint,
      dangerAt: null,
      expAt: null,
    },
  ];
}
