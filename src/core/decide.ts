import { CALLS_PER_ATTEMPT, CALLS_PER_HOUR_ONE, callAllowedAt, RETRY_DELAY_MS_MAX } from "./backoff.ts";
import { formatDuration, formatInstant, type Instant } from "./duration.ts";
import { gainsFrom } from "./gain.ts";
import { type Issue, lifetimeMs } from "./issue.ts";
import { isRepeatable, type Mint, type Pause, type RenewCause, type TokenRecord, type Trouble } from "./records.ts";
import { greatestNeedMs, HEARTBEAT_MS, type Pace, type Schedule, scheduleOf, type Use } from "./schedule.ts";
import type { IssuerCapabilities } from "./ports.ts";
import type { DeclaredToken } from "./token.ts";
import { isOpen, nextOpening } from "./windows.ts";

/** What a token's worker does next, and why, in words for people. */
export type TokenDecision = { readonly reason: string } & (
  | { readonly do: "wait"; readonly until: Instant }
  /** Start a renewal: look at the issuer, then ask. */
  | { readonly do: "renew"; readonly cause: RenewCause; readonly urgent: boolean; readonly windowOverridden: boolean }
  /** A request's answer is not known: look for what it made. */
  | { readonly do: "settle" }
  /** A fresh token waits to be proved. */
  | { readonly do: "verify" }
  /** The fresh token can no longer serve. */
  | { readonly do: "outlive" }
  /** An old token is of no more use to anybody: end it at the issuer. */
  | { readonly do: "retire" }
);

export interface TokenView {
  readonly declared: DeclaredToken;
  readonly record: TokenRecord;
  readonly pace: Pace;
  /** Wall clock, uptime and the issuer's Date agree; without that nothing overrides a window. */
  readonly clockTrusted: boolean;
  readonly issuer: IssuerCapabilities;
  /** When the next of the old tokens may be ended; null: they are left alone. */
  readonly retireAt: Instant | null;
  /** Until when its issuer's breaker lets no call out, where that was looked at. */
  readonly heldUntil?: Instant | null;
}

export function decide(view: TokenView, now: Instant): TokenDecision {
  const { record } = view;
  const paused = pausedUntil(record.pause, now);
  if (paused !== undefined) return { do: "wait", until: paused, reason: pauseReason(record.pause) };
  if (record.mint !== null) return decideMint(record.mint, view, now);
  if (waitsForPerson(view, now)) return { do: "wait", until: now + HEARTBEAT_MS, reason: FOR_PERSON_REJECTED };
  const retryAt = retryFrom(record.trouble, record.calls, now);
  const due = dueNow(view, now);
  if (due.do === "wait") return retireOr(view, due, now);
  if (due.do !== "renew" || retryAt === undefined || skipsBackoff(record)) return due;
  return { do: "wait", until: retryAt, reason: `${due.reason}; failed before, next try ${formatInstant(retryAt)}` };
}

/** Ending the old token is done while nothing else is to do. */
function retireOr(view: TokenView, due: Extract<TokenDecision, { do: "wait" }>, now: Instant): TokenDecision {
  const { retireAt } = view;
  if (retireAt === null) return due;
  if (retireAt <= now) return { do: "retire", reason: "no reader can use the old token any more" };
  return retireAt < due.until ? { ...due, until: retireAt } : due;
}

/** A person's wish is tried at once even while backing off; its own failures back off like any. */
function skipsBackoff({ wish, trouble }: TokenRecord): boolean {
  return wish !== null && (trouble === null || trouble.last.at < wish.at);
}

function decideMint(mint: Mint, view: TokenView, now: Instant): TokenDecision {
  const { trouble, calls } = view.record;
  const failed = hasFailed(mint, trouble, now);
  const retryAt = failed ? retryFrom(trouble, calls, now) : undefined;
  if (mint.fresh !== null) return decideFresh(mint.fresh, mint, view, retryAt, now);
  if (waitsForPerson(view, now)) return { do: "wait", until: now + HEARTBEAT_MS, reason: FOR_PERSON };
  if (retryAt !== undefined)
    return { do: "wait", until: retryAt, reason: "it is not known whether the last request minted a token" };
  if (isRepeatable(mint)) return { do: "settle", reason: "its answer is not known: the same request is made again" };
  if (!failed && mint.lookedAt === null && (view.issuer.lists || view.issuer.overlap === "kept"))
    return { do: "settle", reason: "renewd ended while a request was under way: look for what it made" };
  if (mayStillAnswer(mint, now)) {
    return { do: "wait", until: mint.settleAt, reason: "a request was sent and what it makes may still be under way" };
  }
  return { do: "settle", reason: "a request was sent whose answer is not known: look for what it made" };
}

const FOR_PERSON_REJECTED =
  "the fresh token was rejected, and its issuer has revoked the old one for it: only a person can decide";
const FOR_PERSON =
  "the answer to the last request was lost, and its issuer neither lists tokens nor keeps the old one: only a person can tell what it made";

/**
 * Only failures of this mint hold it up: a person's wish may have begun it while an older failure still backed off. By a
 * clock that was set back since, nobody can tell; then any does.
 */
export function hasFailed(mint: Mint, trouble: Trouble | null, now: Instant): boolean {
  return trouble !== null && (trouble.last.at >= mint.sentAt || mint.sentAt > now);
}

/**
 * At an issuer that has revoked the old token for the new one: the new one was rejected, or its answer is lost for good and
 * no list tells of it. Asking again, with the old one, could revoke what a person may still accept or has put in place.
 */
export function waitsForPerson({ record, issuer }: Pick<TokenView, "record" | "issuer">, now: Instant): boolean {
  const { mint, trouble, quarantined, desired } = record;
  if (issuer.overlap !== "none" || !issuer.keeps) return false;
  if (mint === null)
    return desired !== null && quarantined !== null && quarantined.renewed !== false && quarantined.expAt > now;
  // One that a person had made from nothing took nothing away.
  if (mint.cause === "anew") return false;
  if (mint.fresh !== null || isRepeatable(mint) || issuer.lists) return false;
  return hasFailed(mint, trouble, now) || !mayStillAnswer(mint, now);
}

/** Not by a clock that was set back since, or leapt: then nobody knows how long ago it was sent. */
export function mayStillAnswer({ sentAt, settleAt }: Mint, now: Instant): boolean {
  return sentAt <= now && now < settleAt && settleAt - now <= RETRY_DELAY_MS_MAX;
}

function decideFresh(
  fresh: Issue,
  mint: Mint,
  view: TokenView,
  retryAt: Instant | undefined,
  now: Instant,
): TokenDecision {
  if (now >= fresh.expAt) return { do: "outlive", reason: "the fresh token expired before it could be verified" };
  const isAllThereIs = mint.kind === "extend" || view.issuer.overlap === "none";
  if (!isAllThereIs && canNoLongerServe(fresh, view, now)) {
    return { do: "outlive", reason: "the fresh token has too little life left to be of use" };
  }
  if (retryAt !== undefined) return { do: "wait", until: retryAt, reason: "the fresh token cannot be verified yet" };
  return { do: "verify", reason: "a fresh token was minted and waits to be verified" };
}

/** Too short for its readers, and no better than the token in use. */
function canNoLongerServe(fresh: Issue, view: TokenView, now: Instant): boolean {
  return now >= servesUntil(fresh, view.pace) && fresh.expAt <= (view.record.desired?.expAt ?? 0);
}

/** Until when all its readers would get as much as they need. */
export function servesUntil(issue: Issue, pace: Pace): Instant {
  return issue.expAt - greatestNeedMs(pace.uses, lifetimeMs(issue));
}

/** Windows gate only the start of a renewal, never the next try of one that failed since it was due. */
function hasBegun(record: TokenRecord, schedule: Schedule): boolean {
  return record.trouble !== null && record.trouble.since >= schedule.renewAt;
}

function dueNow(view: TokenView, now: Instant): TokenDecision {
  const { declared, record, pace } = view;
  if (record.wish?.anew === true) return renew("anew", "a person asked for a new one", record.desired === null);
  if (record.desired === null) return renew("first", "no verified token is known", true);
  const schedule = scheduleOf(record.desired, pace);
  const urgent = now >= schedule.latestAt;
  if (record.wish !== null) return renew("person", "a person asked for it", urgent);
  // What is to be extended must not be replaced for other powers: `roles_differ` says so.
  if (declared.create && declared.request.strategy === "replace" && rolesDiffer(declared, record)) {
    return renew("roles", "the roles in the settings are not those of the token", urgent);
  }
  const gainAt = Math.min(gainsFrom(view, record.desired), schedule.latestAt);
  const dueAt = Math.max(schedule.renewAt, gainAt);
  if (now < dueAt) {
    const until = openingFrom(view, dueAt, schedule.latestAt);
    return { do: "wait", until, reason: whyLater(schedule.renewAt, dueAt, until, now) };
  }
  if (hasBegun(record, schedule) || isOpen(declared.policy.windows, now))
    return renew("due", `due since ${formatInstant(dueAt)}`, urgent);
  if (urgent && view.clockTrusted) {
    return {
      ...renew("due", `no window opened before ${formatInstant(schedule.latestAt)}, so the window is overridden`, true),
      windowOverridden: true,
    };
  }
  if (urgent)
    return {
      do: "wait",
      until: now + 60_000,
      reason: "outside its windows, and the clock cannot be trusted to override them",
    };
  const until = openingFrom(view, now, schedule.latestAt);
  return { do: "wait", until, reason: `due, but outside its windows until ${formatInstant(until)}` };
}

/** Of the dates that there are for one renewal each says what it is. */
function whyLater(renewAt: Instant, dueAt: Instant, until: Instant, now: Instant): string {
  const from = `due ${formatInstant(dueAt)}`;
  if (until > dueAt) return `${from}; its window opens ${formatInstant(until)}`;
  const noGain = dueAt > renewAt ? ": before that a fresh one would live no longer" : "";
  return `${from}, ${formatDuration(until - now)} from now${noGain}`;
}

function renew(cause: RenewCause, reason: string, urgent: boolean): Extract<TokenDecision, { do: "renew" }> {
  return { do: "renew", cause, reason, urgent, windowOverridden: false };
}

/** When a renewal that is due at `from` may start: in a window, or at `latest` when none opens before. */
export function openingFrom(view: Pick<TokenView, "declared">, from: Instant, latestAt: Instant): Instant {
  if (from >= latestAt) return from;
  return nextOpening(view.declared.policy.windows, from, latestAt) ?? latestAt;
}

/** With roles in the claims: the token holds other roles than the settings name. */
export function rolesDiffer(declared: DeclaredToken, record: Pick<TokenRecord, "desired">): boolean {
  if (record.desired === null || declared.request.roles.length === 0) return false;
  const held = Object.keys(record.desired.scopes).sort();
  const wanted = declared.request.roles;
  return held.length !== wanted.length || held.some((role, index) => role !== wanted[index]);
}

/** Until when a pause lasts; undefined when there is none. */
export function pausedUntil(pause: Pause | null, now: Instant): Instant | undefined {
  if (pause === null) return undefined;
  if (pause.until === null) return now + HEARTBEAT_MS;
  return pause.until > now ? pause.until : undefined;
}

/** Until when targets are left alone; undefined when they are not. */
export function deliveriesPausedUntil(pause: Pause | null, now: Instant): Instant | undefined {
  return pause?.deliveries === true ? undefined : pausedUntil(pause, now);
}

function pauseReason(pause: Pause | null): string {
  return `paused by a person${pause?.reason == null ? "" : `: ${pause.reason}`}`;
}

/** From when on one may try again; undefined when at once. An instant further off than any backoff was written by a clock that leapt. */
export function retryFrom(trouble: Trouble | null, calls: readonly Instant[], now: Instant): Instant | undefined {
  if (trouble === null) return undefined;
  const backoffAt = trouble.nextTryAt <= now + RETRY_DELAY_MS_MAX ? trouble.nextTryAt : now;
  const at = Math.max(backoffAt, callAllowedAt(calls, now, CALLS_PER_HOUR_ONE - CALLS_PER_ATTEMPT + 1));
  return at > now ? at : undefined;
}

export function paceOf(declared: DeclaredToken, minIntervalMs: number): Pace {
  const uses: readonly Use[] = declared.targets;
  return { policy: declared.policy, minIntervalMs, uses };
}
