import { type Instant, MINUTE_MS } from "../core/duration.ts";

/** What a server or a role allows: so many minutes from now, and never beyond an instant, where one is set. */
export interface Limit {
  readonly latest_token_expiry: Instant | null;
  readonly longest_token_life_minutes: number;
}

/** The latest expiry that every limit allows (FlowAuth fact sheet §4). */
export function greatestExpiry(now: Instant, limits: readonly Limit[]): Instant {
  return Math.min(
    ...limits.map((limit) =>
      Math.min(limit.latest_token_expiry ?? Infinity, now + limit.longest_token_life_minutes * MINUTE_MS),
    ),
  );
}

/** Whether a cap that was set as an instant is over. */
export function hasPassed(now: Instant, greatest: Instant): boolean {
  return greatest <= now;
}

/**
 * Absent or null gives null: the greatest. Anything but a whole number of minutes above 0 gives "invalid". Python tells
 * 60 from 60.0 and `true` from 1; the reader of bodies has made NaN of the former, and the latter is no number here.
 */
export function readLifetime(value: unknown): number | null | "invalid" {
  if (value === undefined || value === null) return null;
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : "invalid";
}

/**
 * Undefined when that is too long. FlowAuth reads its clock a second time after it worked out the greatest, so that
 * exactly the maximum is too long as well: the comparison is strict.
 */
export function requestedExpiry(now: Instant, minutes: number, greatest: Instant): Instant | undefined {
  const expiry = now + minutes * MINUTE_MS;
  return expiry < greatest ? expiry : undefined;
}
