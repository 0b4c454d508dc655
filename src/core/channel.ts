/** How an alert channel that fails is tried again, and when that is told through the others. */
import { formatInstant, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from "./duration.ts";
import { type ErrorCode, ERRORS, type RenewdError } from "./errors.ts";
import type { Condition } from "./incidents.ts";
import { type ChannelRecord, FRESH_CHANNEL } from "./telling.ts";

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
  // One that refused some alerts, or did not reach everybody, did work until now.
  const works = before.nextTryAt === null;
  const failures = works ? 1 : before.failures + 1;
  const backoffMs = retryMs(failures);
  const wishMs = Math.min(error.retryAfterMs ?? 0, LONGEST_WISH_MS);
  return {
    failures,
    since: works ? now : (before.since ?? now),
    code: error.code,
    message: error.message,
    nextTryAt: Math.round(now + Math.max(backoffMs * (0.8 + 0.2 * share), wishMs)),
    lastSuccessAt: before.lastSuccessAt,
  };
}

/** How long after so many failures in a row, at most. */
export function retryMs(failures: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10), LONGEST_RETRY_MS);
}

/** It told some of those whom it was to tell: that counts as told, and nothing is to be tried again. */
export function afterChannelPartly(before: ChannelRecord, { code, message }: RenewdError, now: Instant): ChannelRecord {
  const { failures, since } = before;
  return { failures: failures + 1, since: since ?? now, code, message, nextTryAt: null, lastSuccessAt: now };
}

/** It refused an alert: that one waits by itself, and what else there is to tell goes out as ever. */
export function afterChannelRefusal(
  before: ChannelRecord,
  { code, message }: RenewdError,
  now: Instant,
): ChannelRecord {
  const { failures, since } = before.code === code ? before : FRESH_CHANNEL;
  const { lastSuccessAt } = before;
  return { failures: failures + 1, since: since ?? now, code, message, nextTryAt: null, lastSuccessAt };
}

export function afterChannelSuccess(now: Instant): ChannelRecord {
  return { failures: 0, since: null, code: null, message: null, nextTryAt: null, lastSuccessAt: now };
}

/** A stored instant further off than any delay was written by a clock that leapt. */
export function mayTry({ nextTryAt }: ChannelRecord, now: Instant): boolean {
  return nextTryAt === null || now >= nextTryAt || nextTryAt > now + LONGEST_WISH_MS;
}

/** By the code of the last failure, where the channel is not dead. */
const WHAT: Readonly<Partial<Record<ErrorCode, string>>> = {
  channel_partly: "has not reached everybody",
  channel_refused: "has refused some alerts",
};
const NEXT: Readonly<Partial<Record<ErrorCode, string>>> = {
  channel_partly: "The others are told; all are tried at the next alert.",
  channel_refused:
    "What was refused is tried again, at most 10 min later; what else there is to tell is told meanwhile.",
};

export function channelConditions(channel: string, record: ChannelRecord): readonly Condition[] {
  const { failures, since, code, message, nextTryAt } = record;
  if (failures === 0 || code === null || since === null) return [];
  if (failures < FAILURES_TO_TELL && ERRORS[code].retry !== "person") return [];
  const what = WHAT[code] ?? "has not been told";
  return [
    {
      reason: "channel_failing",
      severity: "warning",
      message: `The alert channel ${channel} ${what} since ${formatInstant(since)}: ${message ?? ""} (${code}).`,
      next:
        nextTryAt === null
          ? (NEXT[code] ?? "It tries again.")
          : `Next try ${formatInstant(nextTryAt)}; nothing that it is to tell is forgotten.`,
      action: ERRORS[code].hint,
      dangerAt: null,
      expAt: null,
    },
  ];
}
