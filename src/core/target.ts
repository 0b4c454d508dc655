import { formatInstant, type Instant } from "./duration.ts";
import { deliveriesPausedUntil, retryFrom } from "./decide.ts";
import { type Issue, lifetimeMs, supersedes } from "./issue.ts";
import type { AcceptedIssue, Held, Pause, TargetRecord } from "./records.ts";
import { deadlineAt, needMs } from "./schedule.ts";
import type { Fingerprint } from "./secret-text.ts";
import type { DeclaredTarget } from "./token.ts";

/** What a target's worker does next, and why. */
export type TargetDecision = { readonly reason: string } & (
  | { readonly do: "wait"; readonly until: Instant }
  /** Look at what it holds. */
  | { readonly do: "observe" }
  /** Observe, then write the desired token. */
  | { readonly do: "deliver" }
  /** See that the write has become visible. */
  | { readonly do: "confirm" }
  /** Tell the reload hook. */
  | { readonly do: "notify" }
);

export interface TargetView {
  readonly declared: DeclaredTarget;
  readonly record: TargetRecord;
  readonly desired: AcceptedIssue | null;
  readonly pause: Pause | null;
  /** Issues that a person rolled back. */
  readonly withdrawn: readonly Fingerprint[];
  /** Until when its store's breaker lets no call out, where that was looked at. */
  readonly heldUntil?: Instant | null;
}

export function decideTarget(view: TargetView, now: Instant): TargetDecision {
  const { record, desired } = view;
  const paused = deliveriesPausedUntil(view.pause, now);
  if (paused !== undefined) return { do: "wait", until: paused, reason: "its token is paused" };
  const retryAt = retryFrom(record.trouble, record.calls, now);
  if (retryAt !== undefined)
    return { do: "wait", until: retryAt, reason: `failed before, next try ${formatInstant(retryAt)}` };
  if (record.delivery !== null && record.delivery.fingerprint === desired?.fingerprint) {
    if (record.delivery.phase === "confirmed")
      return { do: "notify", reason: "in place, the reload hook is still to be told" };
    const visibleAt = record.delivery.at + view.declared.propagationMs;
    // A target that fails is looked at once, not again and again: its calls are counted. The write itself mended other failures.
    if (failsStill(record, record.delivery.at) && now < visibleAt && record.delivery.at <= now)
      return { do: "wait", until: visibleAt, reason: "written, to be seen when its propagation is over" };
    return { do: "confirm", reason: "written, to be seen as the consumer sees it" };
  }
  if (record.observedAt === null) return { do: "observe", reason: "never looked at yet" };
  if (desired !== null && shouldHold(view, desired, now)) {
    return { do: "deliver", reason: whyDeliver(view) };
  }
  const lookAt = observeFrom(view, record.observedAt, now);
  if (lookAt <= now) return { do: "observe", reason: "time to look at what it holds" };
  return {
    do: "wait",
    until: lookAt,
    reason: record.held === null ? "nothing to deliver yet" : "holds the newest token",
  };
}

function failsStill({ trouble }: TargetRecord, writtenAt: Instant): boolean {
  return trouble !== null && (trouble.last.at >= writtenAt || trouble.last.code === "store_not_visible");
}

function whyDeliver(view: TargetView): string {
  if (view.record.held === null) return "it does not hold our token";
  return holdsWithdrawn(view) ? "what it holds was withdrawn" : "a newer token was verified";
}

/** What a person withdrew is to be replaced by whatever is desired, older or not. */
export function holdsWithdrawn({ record, withdrawn }: Pick<TargetView, "record" | "withdrawn">): boolean {
  return record.held !== null && withdrawn.includes(record.held.fingerprint);
}

/** Never over a live issue that supersedes it, unless that was withdrawn; and only when a reader would gain by it. */
function shouldHold(view: TargetView, desired: Issue, now: Instant): boolean {
  const { held } = view.record;
  if (holdsWithdrawn(view)) return desired.expAt > now;
  if (held !== null && held.expAt > now && !supersedes(desired, held)) return false;
  return desired.expAt - needMs(view.declared, lifetimeMs(desired)) > now || isBetter(desired, held, now);
}

function isBetter(desired: Issue, held: Held | null, now: Instant): boolean {
  return desired.expAt > Math.max(now, held?.expAt ?? 0);
}

/** An instant in the future of a clock that was set back since counts as long ago. */
function observeFrom(view: TargetView, observedAt: Instant, now: Instant): Instant {
  return observedAt > now ? now : observedAt + view.declared.observeMs;
}

/** When this target's readers begin to get less than `hold`; null for one that was never filled. */
export function targetDeadlineAt(declared: DeclaredTarget, record: Pick<TargetRecord, "held">): Instant | null {
  return record.held === null ? null : deadlineAt(record.held, declared);
}
