/** Judges whether the promise could be kept: by what the world did to renewd, never by what renewd says. */
import { HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import { scheduleOf } from "../../src/core/schedule.ts";
import type { DeclaredToken } from "../../src/core/token.ts";
import { endOfFree, intersection, type Stretch, union } from "./spells.ts";

/**
 * R: a service that answers rightly for so long without a break is used within it, whatever went before. The longest pause
 * between two tries of one token or target is an hour (backoff, or the calls of an hour used up); a breaker may hold it
 * up for another hour (the service's calls of an hour used up); what remains is for probes, calls and the queue.
 */
export const UNBROKEN_MS: number = 2 * HOUR_MS + 15 * MINUTE_MS;
/** When nothing at all was wrong, a renewal takes no longer than this from its due instant. */
const UNDISTURBED_MS: number = 5 * MINUTE_MS;

/** When something was not as it should be for one target; open ends are Infinity. */
export interface Troubles {
  /** The daemon was down, its host asleep, or its clock wrong. */
  readonly daemon: readonly Stretch[];
  /** The token was paused by a person. */
  readonly paused: readonly Stretch[];
  readonly issuer: readonly Stretch[];
  /** Of each of the token's targets: its store and its place. */
  readonly targets: readonly (readonly Stretch[])[];
}

export interface Case {
  readonly declared: DeclaredToken;
  /** Which of the token's targets. */
  readonly target: number;
  /** What its readers see. */
  readonly issue: { readonly startAt: Instant; readonly expAt: Instant } | undefined;
  /** renewd could not know of the need earlier: what is seen was put there, or the settings changed. */
  readonly notBefore: Instant;
  readonly minIntervalMs: number;
}

/** When readers of this target should see something newer at the latest, by the promise; Infinity while the world is in the way. */
export function couldBeBy(given: Case, troubles: Troubles): Instant {
  const { daemon, paused, issuer } = troubles;
  const target = troubles.targets[given.target] ?? [];
  const { dueAt, latestAt } = dueOf(given);
  const worker = union(daemon, paused);
  // Without any target that could take it, a token is minted at `latest` only.
  const noTarget = intersection(troubles.targets);
  const delivered = (mintedAt: Instant): Instant => endOfFree(union(worker, target), mintedAt, UNBROKEN_MS);
  const early = delivered(endOfFree(union(worker, issuer, noTarget), dueAt, UNBROKEN_MS));
  const late = delivered(endOfFree(union(worker, issuer), latestAt, UNBROKEN_MS));
  return Math.min(early, late, undisturbed(union(worker, issuer, target, noTarget), dueAt));
}

/** With nothing wrong since long before it was due, no pause of any kind holds it up. */
function undisturbed(all: readonly Stretch[], dueAt: Instant): Instant {
  const from = dueAt - UNBROKEN_MS;
  return endOfFree(all, from, UNBROKEN_MS) === from + UNBROKEN_MS &&
    endOfFree(all, dueAt, UNDISTURBED_MS) === dueAt + UNDISTURBED_MS
    ? dueAt + UNDISTURBED_MS
    : Infinity;
}

function dueOf({ declared, issue, notBefore, minIntervalMs }: Case): { dueAt: Instant; latestAt: Instant } {
  if (issue === undefined) return { dueAt: notBefore, latestAt: notBefore };
  const pace = { policy: declared.policy, minIntervalMs, uses: declared.targets };
  // Without its jitter, which is only ever earlier.
  const { renewAt, latestAt } = scheduleOf({ ...issue, u: 0 }, pace);
  const dueAt = declared.policy.windows.length === 0 ? renewAt : Math.max(renewAt, latestAt);
  return { dueAt: Math.max(dueAt, notBefore), latestAt: Math.max(renewAt, latestAt, notBefore) };
}
