import {
  CALLS_PER_ATTEMPT,
  CALLS_PER_HOUR_ONE,
  callAllowedAt,
  nextTryAt,
  triesInHour,
  type Urgency,
  withCall,
} from "../core/backoff.ts";
import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import type { ErrorCode, RenewdError } from "../core/errors.ts";
import type { TokenRecord, Trouble } from "../core/records.ts";
import { scheduleOf } from "../core/schedule.ts";
import type { TokenChange } from "../core/state-store.ts";
import type { TokenWork } from "./work.ts";

/** One more failure in a row. A bug's own text may hold anything, so only its kind is kept. */
export function addTrouble(
  before: Trouble | null,
  error: RenewdError,
  urgency: Urgency,
  /** Those of this try among them: the next one waits until there is room in the hour. */
  calls: readonly Instant[],
  share: number,
  now: Instant,
): Trouble {
  const attempts = (before?.attempts ?? 0) + 1;
  const roomAt = callAllowedAt(calls, now, CALLS_PER_HOUR_ONE - CALLS_PER_ATTEMPT + 1);
  const { retry, retryAfterMs } = error;
  const failed = { attempts, retry, retryAfterMs, triesLeft: triesInHour(calls, now) };
  return {
    attempts,
    since: before?.since ?? now,
    last: { code: error.code, message: error.message, at: now },
    nextTryAt: Math.max(nextTryAt(failed, urgency, share, now), roomAt),
  };
}

/** Nothing but the first call was made, and that was one request: a refusal may have cost a new sign-in as well. */
const DOWN: ReadonlySet<ErrorCode> = new Set([
  "issuer_unreachable",
  "issuer_timeout",
  "issuer_error",
  "store_unreachable",
  "store_timeout",
  "store_error",
]);

/** The calls of a try that failed: one where the service was down, so that an outage is looked through for longer; else two. */
export function addCalls(
  calls: readonly Instant[],
  { made, error }: { readonly made: number; readonly error: RenewdError },
  now: Instant,
): readonly Instant[] {
  const once = withCall(calls, now, CALLS_PER_HOUR_ONE);
  return made < CALLS_PER_ATTEMPT && DOWN.has(error.code) ? once : withCall(once, now, CALLS_PER_HOUR_ONE);
}

/** Records that a step of a token failed, with whatever else that failure decided. */
export async function failToken(work: TokenWork, error: RenewdError, also: TokenChange = {}): Promise<void> {
  const { engine, member, tenure } = work;
  const { key } = member.declared;
  engine.trace?.failed(error);
  const record = await engine.state.token(key);
  if (record === undefined) return;
  const now = engine.clock.now();
  const schedule = record.desired === null ? null : scheduleOf(record.desired, member.pace);
  const urgency = { deadlineAt: schedule?.deadlineAt ?? null, expAt: record.desired?.expAt ?? null };
  const calls = addCalls(record.calls, { made: tenure.callCount, error }, now);
  const isOpen = also.mint === undefined && record.mint !== null;
  const over = isOpen ? {} : wishOver(record.wish, now, schedule);
  const failed = addTrouble(record.trouble, error, urgency, calls, engine.random.share(), now);
  // What a person wished is not tried again by itself before it is due.
  const renewAt = over.wish === null ? (schedule?.renewAt ?? 0) : 0;
  const trouble = { ...failed, nextTryAt: Math.max(failed.nextTryAt, renewAt) };
  const event: DomainEvent = {
    type: "renewal:failed",
    at: now,
    token: key,
    code: error.code,
    message: error.message,
    nextTryAt: trouble.nextTryAt,
  };
  const events = [...(also.events ?? []), event];
  await tenure.changeToken({
    ...also,
    trouble,
    calls,
    ...over,
    events,
  });
  for (const each of events) engine.emit(each);
}

/**
 * A person's wish ends with its failed try (not while that is in doubt), unless the schedule wants the renewal anyway. Then
 * its lifetime ends with it: that may be what the issuer refuses.
 */
function wishOver(
  wish: TokenRecord["wish"],
  now: Instant,
  schedule: { readonly renewAt: Instant } | null,
): Pick<TokenChange, "wish"> {
  if (wish === null) return {};
  if (schedule !== null && now < schedule.renewAt) return { wish: null };
  return wish.lifetimeMs === null || wish.anew ? {} : { wish: { ...wish, lifetimeMs: null } };
}
