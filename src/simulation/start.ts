import { type Instant, NEVER_AT, spanMs } from "../core/duration.ts";
import { reckonedLifetimeMs } from "../core/forecast.ts";
import { lifetimeMs } from "../core/issue.ts";
import type { Pause } from "../core/records.ts";
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
}

/** From what the state knows; of what it knows nothing is taken to be fresh, as after a first start. */
function startOf(member: Member, status: TokenStatus | undefined, now: Instant, u: number): TokenStart {
  const { declared } = member;
  if (status?.newest == null) return freshStart(member, now, u);
  const { startAt, expAt, roles, fingerprint } = status.newest;
  const times = { startAt, expAt };
  const same = status.targets.find(({ held }) => held?.fingerprint === fingerprint)?.held;
  const drawn = same?.u ?? drawnOf(times, status.schedule?.renewAt, member);
  const held = declared.targets.map(({ label }): [string, Times | null] => {
    const found = status.targets.find(({ target }) => target === label)?.held ?? null;
    if (found === null) return [label, null];
    // What was extended since is the same text.
    return [label, found.fingerprint === fingerprint ? times : { startAt: found.startAt, expAt: found.expAt }];
  });
  return { newest: { ...times, u: drawn }, roles, held: new Map(held), pause: status.pause, assumed: false };
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
  return { newest: { ...times, u }, roles: rolesOf(declared.request.roles), held, pause: null, assumed: true };
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
