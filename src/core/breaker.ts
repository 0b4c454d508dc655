import { CALLS_PER_HOUR_SERVICE, callAllowedAt, withCall } from "./backoff.ts";
import { type Instant, MINUTE_MS } from "./duration.ts";
import { ERRORS, type ErrorCode } from "./errors.ts";

/** After so many failures of the service in a row its breaker opens. */
export const FAILURES_TO_OPEN = 5;
const PROBE_LEAST_MS: number = MINUTE_MS;
const PROBE_MOST_MS: number = 15 * MINUTE_MS;
/** A probe that was claimed and never answered (the process died) is given up after this. */
export const PROBE_LIMIT_MS: number = 3 * MINUTE_MS;

/** An issuer's or a store's recent history. A healthy service has failures 0 and nothing else. */
export interface Breaker {
  readonly failures: number;
  /** From when on one call may go out as a probe; null while closed. */
  readonly probeAt: Instant | null;
  /** Until when a probe is under way. */
  readonly probingUntil: Instant | null;
  /** Calls of the last hour, kept while failing. */
  readonly calls: readonly Instant[];
  readonly failedCode: ErrorCode | null;
}

export const CLOSED: Breaker = { failures: 0, probeAt: null, probingUntil: null, calls: [], failedCode: null };

export type Admission =
  | { readonly admitted: true; readonly breaker: Breaker; readonly probe: boolean }
  | { readonly admitted: false; readonly until: Instant; readonly reason: string };

/** Asks for one call. The breaker in the answer is to be stored before the call is made. */
export function admit(breaker: Breaker, now: Instant): Admission {
  if (breaker.failures === 0) return { admitted: true, breaker, probe: false };
  const allowedAt = callAllowedAt(breaker.calls, now, CALLS_PER_HOUR_SERVICE);
  if (allowedAt > now) return { admitted: false, until: allowedAt, reason: "its calls of this hour are used up" };
  const calls = withCall(breaker.calls, now, CALLS_PER_HOUR_SERVICE);
  if (breaker.probeAt === null) return { admitted: true, breaker: { ...breaker, calls }, probe: false };
  if (withinReach(breaker.probingUntil, now, PROBE_LIMIT_MS)) {
    return { admitted: false, until: breaker.probingUntil, reason: "another token is probing it" };
  }
  if (withinReach(breaker.probeAt, now, PROBE_MOST_MS)) {
    return { admitted: false, until: breaker.probeAt, reason: "it is failing and probed only now and then" };
  }
  return { admitted: true, breaker: { ...breaker, calls, probingUntil: now + PROBE_LIMIT_MS }, probe: true };
}

/** The service answered, if only with a refusal that concerns one token. */
export function afterSuccess(): Breaker {
  return CLOSED;
}

/** How the call that failed had been admitted. */
export interface Admitted {
  readonly probe: boolean;
  /** It is among the breaker's calls already. */
  readonly counted: boolean;
}

/**
 * A failure of the service itself. What only a person can mend (a wrong password) opens at once and is probed as rarely as
 * can be: asking for each token would only lock the account. While open, only a probe's failure lengthens the pause; the
 * calls that were under way when it opened are late news.
 */
export function afterFailure(breaker: Breaker, code: ErrorCode, now: Instant, admitted?: Admitted): Breaker {
  const wasProbe = admitted?.probe ?? breaker.probingUntil !== null;
  const calls = admitted?.counted === true ? breaker.calls : withCall(breaker.calls, now, CALLS_PER_HOUR_SERVICE);
  if (isBroken(breaker) && !wasProbe) return { ...breaker, calls };
  const failures = breaker.failures + 1;
  const isForPerson = ERRORS[code].retry === "person";
  const probeAt =
    failures >= FAILURES_TO_OPEN || isForPerson ? now + (isForPerson ? PROBE_MOST_MS : pauseMs(failures)) : null;
  return { failures, probeAt, probingUntil: null, calls, failedCode: code };
}

function pauseMs(failures: number): number {
  const doublings = Math.min(Math.max(failures - FAILURES_TO_OPEN, 0), 4);
  return Math.min(PROBE_LEAST_MS * 2 ** doublings, PROBE_MOST_MS);
}

/** A person says that it is mended: the next call may probe at once. */
export function probeNow(breaker: Breaker, now: Instant): Breaker {
  return breaker.probeAt === null ? breaker : { ...breaker, probeAt: now, probingUntil: null };
}

export function isBroken(breaker: Breaker): boolean {
  return breaker.probeAt !== null;
}

/** In the future, but no further than it can rightly be. */
function withinReach(at: Instant | null, now: Instant, mostMs: number): at is Instant {
  return at !== null && at > now && at <= now + mostMs;
}
