import { HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from "./duration.ts";
import type { RetryClass } from "./errors.ts";

/** A failing token or target makes at most this many calls in any hour. */
export const CALLS_PER_HOUR_ONE = 12;
/** One try looks and asks, or observes and writes. */
export const CALLS_PER_ATTEMPT = 2;
/** A failing issuer or store gets at most this many calls in any hour. */
export const CALLS_PER_HOUR_SERVICE = 60;
/** Tries so far apart never use up the calls of an hour. */
const SUSTAINED_MS: number = HOUR_MS / (CALLS_PER_HOUR_ONE / CALLS_PER_ATTEMPT);
/** So many tries may follow each other quickly. */
const QUICK_TRIES = 4;
/** Past the expiry nobody is kept alive any more by hurrying. */
const AFTER_EXPIRY_MS: number = 15 * MINUTE_MS;
const FIRST_DELAY_MS: number = 5 * SECOND_MS;
const CAP_LEAST_MS: number = 30 * SECOND_MS;
const CAP_MOST_MS: number = HOUR_MS;
/** No stored retry can rightly be further off than this; one that is was written by a clock that leapt. */
export const RETRY_DELAY_MS_MAX: number = 2 * HOUR_MS;

export interface Urgency {
  readonly deadlineAt: Instant | null;
  readonly expAt: Instant | null;
}

/** The longest pause between two tries: a tenth of what is left, so that the last tenth always sees several. */
export function retryCapMs(urgency: Urgency, now: Instant): number {
  const tenthOf = (leftMs: number): number => Math.min(Math.max(leftMs / 10, CAP_LEAST_MS), CAP_MOST_MS);
  if (urgency.deadlineAt !== null && now < urgency.deadlineAt) return tenthOf(urgency.deadlineAt - now);
  if (urgency.expAt !== null && now < urgency.expAt) return tenthOf(urgency.expAt - now);
  return AFTER_EXPIRY_MS;
}

/** So many tries are quick, however little time is left: most faults are over in seconds. */
const QUICK_AT_LEAST = 2;

/**
 * Where the deadline comes before the hour is over, the tries that are left in the hour are spread over what is left: quick
 * ones would use them up in minutes, and then nobody would look before it is too late.
 */
function rationMs({ deadlineAt, expAt }: Urgency, { attempts, triesLeft }: Failed, now: Instant): number {
  const endAt = deadlineAt !== null && now < deadlineAt ? deadlineAt : expAt;
  const isFarOff = endAt === null || endAt <= now || endAt > now + HOUR_MS;
  return isFarOff || attempts <= QUICK_AT_LEAST || triesLeft === 0 ? 0 : (endAt - now) / (triesLeft + 1);
}

export interface Failed {
  /** Failures in a row, this one included. */
  readonly attempts: number;
  readonly retry: RetryClass;
  /** What the service itself asked for. */
  readonly retryAfterMs: number | undefined;
  /** How many more the hour has room for. */
  readonly triesLeft: number;
}

/**
 * When to try again: a few times soon, then doubling up to the cap, and so far apart that the calls of an hour are not used up
 * in minutes, with silence after; what asking again cannot change starts at the cap. A service's own wish is kept up to an hour.
 */
export function nextTryAt(failed: Failed, urgency: Urgency, share: number, now: Instant): Instant {
  const capMs = retryCapMs(urgency, now);
  const doubledMs = FIRST_DELAY_MS * 2 ** Math.min(failed.attempts - 1, 12);
  const steadyMs = failed.attempts < QUICK_TRIES ? doubledMs : Math.max(doubledMs, SUSTAINED_MS);
  const wantedMs = failed.retry === "soon" ? Math.min(steadyMs, capMs) : capMs;
  const delayMs = Math.max(wantedMs, rationMs(urgency, failed, now));
  const spreadMs = delayMs * (0.9 + 0.1 * share);
  return Math.floor(now + Math.max(spreadMs, Math.min(failed.retryAfterMs ?? 0, HOUR_MS)));
}

/** The calls of the last hour, oldest first: a list that can never grow beyond its limit. */
export function withCall(calls: readonly Instant[], now: Instant, limit: number): readonly Instant[] {
  return [...inLastHour(calls, now), now].slice(-limit);
}

/** The calls as they count once a person says that it is mended: so many of the oldest are let off that one more try has room. */
export function withRoom(calls: readonly Instant[], limit: number): readonly Instant[] {
  return calls.slice(CALLS_PER_ATTEMPT - limit);
}

/** How many more tries the hour has room for, if each makes all the calls that one can. */
export function triesInHour(calls: readonly Instant[], now: Instant): number {
  return Math.max(0, Math.floor((CALLS_PER_HOUR_ONE - inLastHour(calls, now).length) / CALLS_PER_ATTEMPT));
}

/** From when on one more call is within the limit. */
export function callAllowedAt(calls: readonly Instant[], now: Instant, limit: number): Instant {
  const recent = inLastHour(calls, now);
  const oldest = recent[recent.length - limit];
  return oldest === undefined ? now : oldest + HOUR_MS;
}

function inLastHour(calls: readonly Instant[], now: Instant): readonly Instant[] {
  return calls.filter((at) => at > now - HOUR_MS && at <= now);
}
