import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { Draw } from "./streams.ts";

/** How a minted token differs from what was asked for. All of these but `short` are tokens that must never be used. */
export type Flaw =
  | "unsigned"
  | "subject"
  | "audience"
  | "role_missing"
  | "role_extra"
  | "scope_lost"
  | "no_longer"
  | "older"
  | "expired"
  | "endless"
  | "future"
  | "short";

/** What an issuer does instead of what it should. */
export type IssuerFault =
  /** Not one byte goes out. */
  | { readonly kind: "unreachable" }
  | { readonly kind: "server_error" }
  | { readonly kind: "garbage" }
  | { readonly kind: "throttled"; readonly retryAfterMs: number | undefined }
  /** Every call hangs until it is given up; a request mints all the same. */
  | { readonly kind: "hang" }
  | { readonly kind: "lose_request" }
  | { readonly kind: "lose_answer" }
  /** The connection is cut at once and the token minted so much later, but within the call's limit. */
  | { readonly kind: "late"; readonly byMs: number }
  | { readonly kind: "slow"; readonly byMs: number }
  | { readonly kind: "refuse"; readonly code: ErrorCode }
  | { readonly kind: "no_list" }
  | { readonly kind: "no_key" }
  | { readonly kind: "flawed"; readonly flaw: Flaw }
  /** Its clock is wrong by so much. */
  | { readonly kind: "skewed"; readonly byMs: number }
  /** Each call meets one of several faults or none. */
  | { readonly kind: "flaky"; readonly faults: readonly IssuerFault[] };

/** No call may take longer. */
export const CALL_LIMIT_MS: number = 30 * SECOND_MS;

const REFUSALS: readonly ErrorCode[] = ["roles_not_held", "lifetime_refused", "expiry_cap_passed", "request_refused"];
const FLAWS: readonly Flaw[] = [
  "unsigned",
  "subject",
  "audience",
  "role_missing",
  "role_extra",
  "scope_lost",
  "no_longer",
  "older",
  "expired",
  "endless",
  "future",
  "short",
];

const MAKERS: readonly ((draw: Draw) => IssuerFault)[] = [
  () => ({ kind: "unreachable" }),
  () => ({ kind: "unreachable" }),
  () => ({ kind: "server_error" }),
  () => ({ kind: "garbage" }),
  (draw) => ({ kind: "throttled", retryAfterMs: draw.chance(0.5) ? draw.stretch(SECOND_MS, 3 * HOUR_MS) : undefined }),
  () => ({ kind: "hang" }),
  () => ({ kind: "lose_request" }),
  () => ({ kind: "lose_answer" }),
  (draw) => ({ kind: "late", byMs: draw.between(SECOND_MS, CALL_LIMIT_MS) }),
  (draw) => ({ kind: "slow", byMs: draw.between(SECOND_MS, 25 * SECOND_MS) }),
  (draw) => ({ kind: "refuse", code: draw.pick(REFUSALS) }),
  () => ({ kind: "no_list" }),
  () => ({ kind: "no_key" }),
  (draw) => ({ kind: "flawed", flaw: draw.pick(FLAWS) }),
  (draw) => ({ kind: "flawed", flaw: draw.pick(FLAWS) }),
  (draw) => ({ kind: "skewed", byMs: (draw.chance(0.5) ? -1 : 1) * draw.stretch(SECOND_MS, 20 * MINUTE_MS) }),
];

export function drawIssuerFault(draw: Draw): IssuerFault {
  if (draw.chance(0.12)) return { kind: "flaky", faults: [drawOne(draw), drawOne(draw)] };
  return drawOne(draw);
}

function drawOne(draw: Draw): IssuerFault {
  return draw.pick(MAKERS)(draw);
}

/** Whether the issuer answers rightly all the same: a token is made in time and serves. */
export function isRight(fault: IssuerFault): boolean {
  return fault.kind === "slow" || (fault.kind === "flawed" && fault.flaw === "short");
}

/** Every call fails for as long as this lasts, so the calls can be counted against the limits. */
export function failsAlways(fault: IssuerFault): boolean {
  const { kind } = fault;
  return kind === "unreachable" || kind === "server_error" || kind === "garbage" || kind === "hang";
}

export interface Times {
  readonly startAt: Instant;
  readonly notBeforeAt: Instant | null;
  readonly expAt: Instant;
}

/** The times of a token that is made now by this flaw; `before` is the newest that was made of its name. */
export function flawedTimes(flaw: Flaw, times: Times, before: Times | undefined): Times {
  const { startAt, expAt } = times;
  switch (flaw) {
    case "no_longer":
      return { ...times, expAt: before?.expAt ?? expAt };
    case "older":
      return { ...times, expAt: Math.max(startAt + MINUTE_MS, (before?.expAt ?? expAt) - HOUR_MS) };
    case "expired":
      return { startAt: startAt - 2 * DAY_MS, notBeforeAt: null, expAt: startAt - DAY_MS };
    case "endless":
      return { ...times, expAt: startAt + 20 * (expAt - startAt) + 30 * DAY_MS };
    case "future":
      return { ...times, notBeforeAt: startAt + (expAt - startAt) / 2 };
    case "short":
      return { ...times, expAt: startAt + 0.7 * (expAt - startAt) };
    case "audience":
    case "role_extra":
    case "role_missing":
    case "scope_lost":
    case "subject":
    case "unsigned":
      return times;
  }
}

/** Until when a live token lives after it was extended by this flaw; what has no meaning here moves nothing. */
export function extendedTo(
  flaw: Flaw | undefined,
  { startAt, expAt, before }: { readonly startAt: Instant; readonly expAt: Instant; readonly before: Instant },
): Instant {
  if (flaw === undefined) return expAt;
  if (flaw === "short" || flaw === "endless")
    return Math.max(before, flawedTimes(flaw, { startAt, notBeforeAt: null, expAt }, undefined).expAt);
  return before;
}
