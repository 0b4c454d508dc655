import { DAY_MS, type Instant, MINUTE_MS, spanMs } from "./duration.ts";
import { type Issue, lifetimeMs } from "./issue.ts";
import type { Policy } from "./policy.ts";

/** How a consumer uses a target. */
export interface Use {
  readonly holdMs: number;
  readonly propagationMs: number;
}

/** What bounds the renewals of a token besides its policy. */
export interface Pace {
  readonly policy: Pick<Policy, "renewBefore" | "jitter" | "repairMs">;
  /** max(2 ticks, the slowest store's sustained write interval). */
  readonly minIntervalMs: number;
  readonly uses: readonly Use[];
}

export interface Schedule {
  readonly renewAt: Instant;
  /** The last instant that leaves `repair` before the deadline: from here on it is urgent. */
  readonly latestAt: Instant;
  /** No renewal by the clock starts earlier, whatever the issuer answers. */
  readonly floorAt: Instant;
  /** Until when a target that holds this issue keeps the promise, for the most demanding target. */
  readonly deadlineAt: Instant;
}

/** For clocks that differ and answers under way. */
export function leewayMs(lifetime: number): number {
  return Math.min(MINUTE_MS, lifetime / 20);
}

/** How much life a token must have left when a consumer of this target reads it. */
export function needMs(use: Use, lifetime: number): number {
  return use.holdMs + use.propagationMs + leewayMs(lifetime);
}

export function greatestNeedMs(uses: readonly Use[], lifetime: number): number {
  return uses.reduce((greatest, use) => Math.max(greatest, needMs(use, lifetime)), leewayMs(lifetime));
}

/** When a target that was last proved to hold this issue breaks its promise. */
export function deadlineAt(held: Pick<Issue, "startAt" | "expAt">, use: Use): Instant {
  return held.expAt - needMs(use, lifetimeMs(held));
}

/** The instants of an issue that do not depend on its draw. All are pure functions of the issue and the settings. */
export function scheduleOf(issue: Pick<Issue, "startAt" | "expAt" | "u">, pace: Pace): Schedule {
  const lifetime = lifetimeMs(issue);
  const need = greatestNeedMs(pace.uses, lifetime);
  const latestAt = issue.expAt - need - Math.max(0, Math.min(pace.policy.repairMs, (lifetime - need) / 3));
  const floorAt = issue.startAt + Math.min(Math.max(pace.minIntervalMs, lifetime / 10), lifetime / 2);
  const plannedAt = issue.expAt - Math.min(spanMs(pace.policy.renewBefore, lifetime), (2 * lifetime) / 3);
  const drawnMs = issue.u * spanMs(pace.policy.jitter, lifetime);
  return {
    renewAt: Math.round(Math.max(floorAt, Math.min(plannedAt, latestAt) - drawnMs)),
    latestAt: Math.round(latestAt),
    floorAt: Math.round(floorAt),
    deadlineAt: Math.round(issue.expAt - need),
  };
}

/** Nothing waits longer than this without a second look, so that a wrong stored instant cannot put a token to sleep. */
export const HEARTBEAT_MS: number = 7 * DAY_MS;
