import { FOR_PERSON } from "../core/conditions.ts";
import { type Instant, NEVER_AT, spanMs } from "../core/duration.ts";
import { reckonedLifetimeMs } from "../core/forecast.ts";
import { lifetimeMs } from "../core/issue.ts";
import type { Pause, QuarantinedIssue } from "../core/records.ts";
import { scheduleOf } from "../core/schedule.ts";
import type { StatusReport, TokenStatus } from "../core/status.ts";
import type { Member } from "../engine/fleet.ts";

/** An issue as far as time goes. */
export interface Times {
  readonly startAt: Instant;
  readonly expAt: Instant;
}

/** How a token stands when the simulation begins. */
export interface TokenStart {
  readonly newest: Times & { readonly u: number };
  readonly roles: readonly string[];
  /** By target; null where it holds nothing of ours. */
  readonly held: ReadonlyMap<string, Times | null>;
  readonly pause: Pause | null;
  /** Nothing was known of it: it is taken to be fresh in all its targets. */
  readonly assumed: boolean;
  /** Only a person can free it: it is left unrenewed. */
  readonly waitsForPerson: boolean;
  /** When its issuer ended what is in use for another that is quarantined: its recorded expiry says nothing then. */
  readonly endedAt: Instant | null;
  /** What is in trouble now: the token, or targets of it. */
  readonly troubled: readonly string[];
}

/** From what the state knows; of what it knows nothing is taken to be fresh, as after a first start. */
function startOf(member: Member, status: TokenStatus | undefined, now: Instant, u: number): TokenStart {
  const { declared } = member;
  const waitsForPerson = status?.conditions.some(({ next }) => next === FOR_PERSON) === true;
  if (status?.newest == null) return waitsForPerson ? emptyStart(member, now, u) : freshStart(member, now, u);
  const { startAt, expAt, roles, fingerprint } = status.newest;
  const times = { startAt, expAt };
  const same = status.targets.find(({ held }) => held?.fingerprint === fingerprint)?.held;
  const drawn = same?.u ?? drawnOf(times, status.schedule?.renewAt, member);
  const held = declared.targets.map(({ label }): [string, Times | null] => {
    const found = status.targets.find(({ target }) => target === label)?.held ?? null;
    if (found === null) return [label, null];
    // What was extended since is the same text.
    if (found.fingerprint === fingerprint) return [label, times];
    return [label, { startAt: found.startAt, expAt: revokes(member) ? Math.min(found.expAt, startAt) : found.expAt }];
  });
  const pause = waitsForPerson ? endlessly(now) : status.pause;
  const endedAt = revokes(member) ? endedFor(status.quarantined) : null;
  const common = { roles, held: new Map(held), assumed: false, endedAt, troubled: troubledOf(status) };
  return { newest: { ...times, u: drawn }, pause, waitsForPerson, ...common };
}

/** One that was made from nothing took nothing away. */
function endedFor(quarantined: QuarantinedIssue | null): Instant | null {
  return quarantined === null || quarantined.renewed === false ? null : quarantined.startAt;
}

/** Whether a newer token ends the older at once. */
export function revokes({ declared, issuer }: Member): boolean {
  return issuer.capabilities.overlap === "none" && declared.request.strategy === "replace";
}

function troubledOf({ token, trouble, quarantined, targets }: TokenStatus): readonly string[] {
  const failing = targets.filter((target) => target.trouble !== null || target.state === "not_owned");
  return [
    ...(trouble === null && quarantined === null ? [] : [token]),
    ...failing.map(({ target }) => `${token} -> ${target}`),
  ];
}

export function startsOf(
  members: readonly Member[],
  report: StatusReport | null,
  now: Instant,
  share: () => number,
): ReadonlyMap<string, TokenStart> {
  const known = new Map(report?.tokens.map((token) => [token.token, token]));
  return new Map(
    members.map((member) => [member.declared.key, startOf(member, known.get(member.declared.key), now, share())]),
  );
}

function freshStart({ declared }: Member, now: Instant, u: number): TokenStart {
  const times = { startAt: now, expAt: Math.min(now + reckonedLifetimeMs(declared), NEVER_AT) };
  const held = new Map(declared.targets.map(({ label }) => [label, times]));
  const roles = rolesOf(declared.request.roles);
  const common = { roles, pause: null, assumed: true, waitsForPerson: false, endedAt: null, troubled: [] };
  return { newest: { ...times, u }, held, ...common };
}

/** What never had a token, and waits for a person to get one. */
function emptyStart(member: Member, now: Instant, u: number): TokenStart {
  const held = new Map(member.declared.targets.map(({ label }) => [label, null]));
  const pause = endlessly(now);
  return { ...freshStart(member, now, u), held, pause, assumed: false, waitsForPerson: true };
}

function endlessly(now: Instant): Pause {
  return { since: now, until: null, reason: FOR_PERSON, deliveries: false };
}

export function rolesOf(roles: readonly string[]): readonly string[] {
  return roles.length > 0 ? roles : [""];
}

/** The share that was drawn for an issue, from when it is due. */
function drawnOf(times: Times, renewAt: Instant | undefined, { pace }: Member): number {
  const jitterMs = spanMs(pace.policy.jitter, lifetimeMs(times));
  if (renewAt === undefined || jitterMs <= 0) return 0;
  const undrawnAt = scheduleOf({ ...times, u: 0 }, pace).renewAt;
  return Math.min(Math.max((undrawnAt - renewAt) / jitterMs, 0), 0.999_999);
}
