/** How long an outage a token outlasts by its schedule alone, and which settings would let it outlast a longer one. */
import { DAY_MS, formatDuration, HOUR_MS, type Instant, MINUTE_MS, spanMs } from "./duration.ts";
import type { Policy, Window } from "./policy.ts";
import type { AcceptedIssue } from "./records.ts";
import { greatestNeedMs, needMs, type Pace, scheduleOf, type Use } from "./schedule.ts";
import type { DeclaredToken } from "./token.ts";
import { openingsBetween } from "./windows.ts";

/**
 * So long after an outage at most the next try goes out and succeeds: no backoff is longer than an hour, and within an hour
 * the calls of a failing token are counted; those of its first minute are quick. The daemon looks at each tick.
 */
export function recoveryMs(outageMs: number, tickMs: number): number {
  return (outageMs <= MINUTE_MS ? MINUTE_MS : HOUR_MS) + 2 * tickMs;
}

/** What a token of these settings lives, as renewd reckons it; `Infinity` for one that is never renewed. */
export function reckonedLifetimeMs({ request, policy }: Pick<DeclaredToken, "request" | "policy">): number {
  return Number.isFinite(request.lifetimeMs) ? request.lifetimeMs : (policy.renewEveryMs ?? Infinity);
}

/** The same of those to come, which live no longer than the last one was allowed to. */
export function grantedLifetimeMs(
  declared: Pick<DeclaredToken, "request" | "policy">,
  desired: Pick<AcceptedIssue, "warnings"> | null,
): number {
  const capped = desired?.warnings.find((warning) => warning.kind === "lifetime_capped");
  return Math.min(reckonedLifetimeMs(declared), capped?.issuedMs ?? Infinity);
}

/** While no window is open. */
export interface ClosedSpell {
  readonly fromAt: Instant;
  readonly untilAt: Instant;
}

/** The longest time in which a renewal that becomes due may not start; null without windows. What reaches beyond is cut off. */
export function longestClosed(windows: readonly Window[], fromAt: Instant, untilAt: Instant): ClosedSpell | null {
  if (windows.length === 0) return null;
  let longest: ClosedSpell = { fromAt, untilAt: fromAt };
  let closedSince = fromAt;
  const end = { opensAt: untilAt, closesAt: untilAt };
  for (const { opensAt, closesAt } of [...openingsBetween(windows, fromAt, untilAt, OPENINGS_MAX), end]) {
    if (opensAt - closedSince > longest.untilAt - longest.fromAt) longest = { fromAt: closedSince, untilAt: opensAt };
    closedSince = closesAt;
  }
  return longest;
}

/** Windows that open more often than this in the time that is looked through are hardly ever closed. */
const OPENINGS_MAX = 10_000;

/** One token's settings, as far as outages go. */
export interface Terms {
  readonly lifetimeMs: number;
  readonly pace: Pace;
  /** The longest time in which none of its windows is open. */
  readonly closedMs: number;
  /** How often the daemon looks. */
  readonly tickMs: number;
}

export interface Endurance {
  /** So long after it was minted its renewal starts at the latest: without jitter, and due just when its windows close. */
  readonly startsAfterMs: number;
  /** From that start to the deadline: an outage that begins then and lasts longer breaks the promise. */
  readonly mostMs: number;
  /** An outage that lasts no longer never does. */
  readonly sureMs: number;
}

/** Against an outage of the issuer; or, with the use of one target, against one of that target's store. */
export function enduranceOf({ lifetimeMs, pace, closedMs, tickMs }: Terms, use?: Use): Endurance {
  const { renewAt, latestAt, deadlineAt } = scheduleOf({ startAt: 0, expAt: lifetimeMs, u: 0 }, pace);
  const startsAfterMs = Math.max(renewAt, Math.min(renewAt + closedMs, latestAt));
  const endsAt = use === undefined ? deadlineAt : lifetimeMs - needMs(use, lifetimeMs);
  const mostMs = Math.max(0, endsAt - startsAfterMs);
  return { startsAfterMs, mostMs, sureMs: sureWithin(mostMs, tickMs) };
}

function sureWithin(mostMs: number, tickMs: number): number {
  const short = Math.min(MINUTE_MS, mostMs - recoveryMs(0, tickMs));
  return Math.max(0, short, mostMs - recoveryMs(Infinity, tickMs));
}

/** Settings with which a token outlasts an outage, whenever it begins. */
export interface Remedy {
  readonly renewBeforeMs: number;
  /** To be asked for, where the one of the settings is too short; null where it will do. */
  readonly lifetimeMs: number | null;
  /** One line each, for people. */
  readonly arithmetic: readonly string[];
  /** What would help in its place. */
  readonly alternatives: readonly string[];
}

/** Of a lifetime no more than two thirds can be kept in hand, */
const KEPT_SHARE: number = 2 / 3;

/** and of one so short that the floor counts, less. */
export function keptMostMs({ lifetimeMs, pace }: Pick<Terms, "lifetimeMs" | "pace">): number {
  const { floorAt } = scheduleOf({ startAt: 0, expAt: lifetimeMs, u: 0 }, pace);
  return Math.min(KEPT_SHARE * lifetimeMs, lifetimeMs - floorAt);
}

export function remedyFor(terms: Terms, outageMs: number): Remedy {
  const { lifetimeMs, pace, closedMs, tickMs } = terms;
  const need = greatestNeedMs(pace.uses, lifetimeMs);
  const recovery = recoveryMs(outageMs, tickMs);
  const sumMs = roundUp(need + outageMs + recovery + closedMs);
  const mostMs = keptMostMs(terms);
  const closed = closedMs > 0 ? ` + windows closed ${formatDuration(closedMs)}` : "";
  const sum = `renew_before at least ${formatDuration(sumMs)} = need ${formatDuration(need)} + outage ${formatDuration(outageMs)} + recovery ${formatDuration(recovery)}${closed}`;
  const bound = `at most ${formatDuration(mostMs)} ${boundWords(lifetimeMs, mostMs)}`;
  if (sumMs <= mostMs) return { renewBeforeMs: sumMs, lifetimeMs: null, arithmetic: [sum, bound], alternatives: [] };
  // With a longer life comes a longer leeway, a minute at most.
  const keptMs = roundUp(need + MINUTE_MS + outageMs + recovery + closedMs);
  const byFloor = keptMs + pace.minIntervalMs > keptMs / KEPT_SHARE;
  const longerMs = roundUp(byFloor ? keptMs + pace.minIntervalMs : keptMs / KEPT_SHARE);
  const why = byFloor ? `that + ${formatDuration(pace.minIntervalMs)} between two renewals` : "3/2 of that";
  const lifetime = `so the lifetime has to be at least ${formatDuration(longerMs)} = ${why}`;
  return {
    renewBeforeMs: keptMs,
    lifetimeMs: longerMs,
    arithmetic: [sum, `but ${bound}`, lifetime],
    alternatives: alternativesTo(sumMs, terms),
  };
}

function boundWords(lifetimeMs: number, mostMs: number): string {
  const lifetime = formatDuration(lifetimeMs);
  const floorMs = lifetimeMs - mostMs;
  if (floorMs <= lifetimeMs - KEPT_SHARE * lifetimeMs) return `= two thirds of the lifetime ${lifetime}`;
  return `= the lifetime ${lifetime} - ${formatDuration(floorMs)} between two renewals`;
}

/** Each with as much kept in hand as a lifetime allows for. */
function alternativesTo(sumMs: number, terms: Terms): readonly string[] {
  const { pace, closedMs, lifetimeMs } = terms;
  const keptMs = Math.floor(keptMostMs(terms) / MINUTE_MS) * MINUTE_MS;
  const shortMs = sumMs - keptMs;
  const before = `with \`renew_before: ${settingOf(keptMs)}\``;
  const holdMs = Math.max(0, ...pace.uses.map((use) => use.holdMs));
  const lessMs = holdMs - shortMs;
  const uses = pace.uses.map((use) => ({ ...use, holdMs: Math.min(use.holdMs, lessMs) }));
  const sparedMs = greatestNeedMs(pace.uses, lifetimeMs) - greatestNeedMs(uses, lifetimeMs);
  const alternatives: string[] = [];
  if (lessMs >= MINUTE_MS && sparedMs >= shortMs)
    alternatives.push(`${before} a hold of at most ${shown(lessMs)} in place of ${formatDuration(holdMs)}`);
  if (closedMs - shortMs >= MINUTE_MS)
    alternatives.push(
      `${before} windows that are never closed for more than ${shown(closedMs - shortMs)}, in place of ${formatDuration(closedMs)}`,
    );
  return alternatives;
}

/** A bound in two units, for what is said must hold as it is said. */
function shown(ms: number): string {
  const unitMs = ms >= DAY_MS ? HOUR_MS : MINUTE_MS;
  return formatDuration(Math.floor(ms / unitMs) * unitMs);
}

/** Whole days of what is longer than four, else whole hours, or minutes of what is shorter than two. */
function roundUp(ms: number): number {
  const unitMs = ms > 4 * DAY_MS ? DAY_MS : ms > 2 * HOUR_MS ? HOUR_MS : MINUTE_MS;
  return Math.ceil(ms / unitMs) * unitMs;
}

/** As the settings write it: `9d`, `30h`, `45m`. */
export function settingOf(ms: number): string {
  if (ms % DAY_MS === 0) return `${ms / DAY_MS}d`;
  if (ms % HOUR_MS === 0) return `${ms / HOUR_MS}h`;
  return `${Math.ceil(ms / MINUTE_MS)}m`;
}

/** How much of its life a token has left when its renewal is due. */
export function renewBeforeMs({ renewBefore }: Pick<Policy, "renewBefore">, lifetime: number): number {
  return Math.min(spanMs(renewBefore, lifetime), KEPT_SHARE * lifetime);
}
