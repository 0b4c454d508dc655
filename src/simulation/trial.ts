import { type Instant, MINUTE_MS } from "../core/duration.ts";
import { enduranceOf } from "../core/forecast.ts";
import { leewayMs, scheduleOf } from "../core/schedule.ts";
import type { ServiceKey, StateStore } from "../core/state-store.ts";
import { WorstRandom } from "./seeded-random.ts";
import { rolesOf } from "./start.ts";
import type { MemberTerms } from "./terms.ts";
import { World } from "./world.ts";

export interface TrialOptions {
  readonly tickMs: number;
  /** Some instant: where there are windows, others are chosen. */
  readonly fromAt: Instant;
  readonly openState: () => Promise<StateStore>;
  readonly breathe?: (() => Promise<void>) | undefined;
}

/** An outage that ends when somebody tries is as good as one that ended since the try before. So many last tries are looked at. */
const TRIES_MAX = 40;

interface FailingService extends ServiceKey {
  /** No outage that lasts longer is outlasted, as the schedule has it. */
  readonly mostMs: number;
}

interface Trial {
  readonly held: boolean;
  /** When the outage began, and when somebody did not get through. */
  readonly beganAt: Instant;
  readonly refusals: readonly Instant[];
}

/**
 * The longest outage of a service that one token outlasts in the real engine, with the worst luck: it begins just before the
 * renewal starts, as late as it can, or just after the new token was made. Under an outage without an end the tries tell
 * when it could have ended at the latest; that it could is then tried out.
 */
export async function longestOutage(
  terms: MemberTerms,
  service: FailingService,
  options: TrialOptions,
): Promise<number> {
  const endless = await attempt(terms, service, Infinity, options);
  for (const at of endless.refusals.slice(-TRIES_MAX).toReversed()) {
    const lastsMs = at - endless.beganAt;
    if ((await attempt(terms, service, lastsMs, options)).held) return lastsMs;
  }
  return 0;
}

async function attempt(
  terms: MemberTerms,
  service: FailingService,
  lastsMs: number,
  { tickMs, fromAt, openState, breathe }: TrialOptions,
): Promise<Trial> {
  const { member, lifetimeMs } = terms;
  const { key } = member.declared;
  const { startsAfterMs } = enduranceOf(terms);
  const { renewAt } = scheduleOf({ startAt: 0, expAt: lifetimeMs, u: 0 }, terms.pace);
  const issuedAt = terms.closed === null ? wholeTick(fromAt, tickMs) : terms.closed.fromAt - renewAt;
  const startsAt = issuedAt + startsAfterMs;
  const newest = { startAt: issuedAt, expAt: issuedAt + lifetimeMs, u: 0 };
  const held = new Map(member.declared.targets.map(({ label }) => [label, newest]));
  const start = { newest, roles: rolesOf(member.declared.request.roles), held, pause: null, assumed: false };
  let beganAt = startsAt;
  const untilAt = (at: Instant): Instant => at + lastsMs;
  const { kind, key: serviceKey } = service;
  const outages = kind === "issuer" ? [{ kind, key: serviceKey, fromAt: startsAt, untilAt: untilAt(startsAt) }] : [];
  const world = await World.begin({
    members: [member],
    starts: new Map([[key, start]]),
    outages,
    fromAt: Math.max(issuedAt, wholeTick(startsAt, tickMs) - tickMs),
    tickMs,
    random: new WorstRandom(),
    state: await openState(),
    breathe,
    onEvent: () => undefined,
    onMint: () => {
      if (service.kind === "issuer") return;
      const now = world.clock.now();
      if (world.reach(service).cut(now, untilAt(now))) beganAt = now;
    },
  });
  await world.run(startsAt + graceMs(terms) + service.mostMs);
  await world.close();
  const readers = [...(world.readers.get(key)?.values() ?? [])];
  const { refusals } = world.reach(service);
  return { held: readers.every(({ shortages }) => shortages.length === 0), beganAt, refusals: [...refusals] };
}

/** A late reader is still served when a write shows at once, or is within the leeway. */
function graceMs({ pace, lifetimeMs }: MemberTerms): number {
  return Math.max(0, ...pace.uses.map(({ propagationMs }) => propagationMs)) + leewayMs(lifetimeMs) + MINUTE_MS;
}

function wholeTick(at: Instant, tickMs: number): Instant {
  return Math.floor(at / tickMs) * tickMs;
}
