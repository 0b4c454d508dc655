import { type Instant, MINUTE_MS } from "../core/duration.ts";
import { enduranceOf } from "../core/forecast.ts";
import type { Random } from "../core/ports.ts";
import { leewayMs, scheduleOf } from "../core/schedule.ts";
import type { ServiceKey, StateStore } from "../core/state-store.ts";
import { SeededRandom, WorstRandom } from "./seeded-random.ts";
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
  /** One that lasts no longer is. */
  readonly sureMs: number;
}

/** How luck has it. */
interface Luck {
  /** So long before the renewal starts the outage begins; null: just after the new token was made. */
  readonly earlierMs: number | null;
  readonly random: () => Random;
}

interface Trial {
  readonly held: boolean;
  /** When the outage began, and when somebody did not get through. */
  readonly beganAt: Instant;
  readonly refusals: readonly Instant[];
}

/**
 * About the longest outage of a service that one token outlasts in the real engine, whenever it begins: just before the
 * renewal starts, as late as it can, or, of a store, just after the new token was made; with more than one draw of
 * the retries. Under an outage without an end the tries tell when it could have ended at the latest; that it could is then
 * tried out. What luck was not tried may do worse, but never worse than what is sure.
 */
export async function longestOutage(
  terms: MemberTerms,
  service: FailingService,
  options: TrialOptions,
): Promise<number> {
  const lucks = lucksOf(service, options.tickMs);
  let leastMs = Infinity;
  // Until each of them was tried with what is the least by now.
  for (let turn = 0, unchanged = 0; unchanged < lucks.length - 1; turn += 1) {
    const luck = lucks[turn % lucks.length] ?? WORST;
    const foundMs = await longestWith(luck, leastMs, terms, service, options);
    unchanged = foundMs === leastMs ? unchanged + 1 : 0;
    leastMs = foundMs;
    if (leastMs <= service.sureMs) break;
  }
  return leastMs;
}

/** A trial takes a while, so there are few: at the worst moments with the longest retries, and with others. */
const WORST: Luck = { earlierMs: 0, random: () => new WorstRandom() };

function lucksOf({ kind }: ServiceKey, tickMs: number): readonly Luck[] {
  const other = (): Random => new SeededRandom(1);
  if (kind === "store")
    return [
      { ...WORST, earlierMs: null },
      { ...WORST, earlierMs: 1 },
      { earlierMs: null, random: other },
    ];
  return [WORST, { ...WORST, earlierMs: Math.max(MINUTE_MS, tickMs) }, { earlierMs: 1, random: other }];
}

/** With this luck, none longer than `mostMs`. */
async function longestWith(
  luck: Luck,
  mostMs: number,
  terms: MemberTerms,
  service: FailingService,
  options: TrialOptions,
): Promise<number> {
  const { sureMs } = service;
  if (mostMs <= sureMs || (Number.isFinite(mostMs) && (await attempt(terms, service, mostMs, luck, options)).held))
    return mostMs;
  const { refusals, beganAt } = await attempt(terms, service, Infinity, luck, options);
  const shorter = refusals.map((at) => at - beganAt).filter((lastsMs) => lastsMs < mostMs && lastsMs > sureMs);
  for (const lastsMs of shorter.slice(-TRIES_MAX).toReversed())
    if ((await attempt(terms, service, lastsMs, luck, options)).held) return lastsMs;
  return Math.min(mostMs, sureMs);
}

async function attempt(
  terms: MemberTerms,
  service: FailingService,
  lastsMs: number,
  { earlierMs, random }: Luck,
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
  const roles = rolesOf(member.declared.request.roles);
  const common = { pause: null, assumed: false, waitsForPerson: false, endedAt: null, troubled: [] };
  const start = { newest, roles, held, ...common };
  let beganAt = startsAt - (earlierMs ?? 0);
  const untilAt = (at: Instant): Instant => at + lastsMs;
  const { kind, key: serviceKey } = service;
  const outages = earlierMs === null ? [] : [{ kind, key: serviceKey, fromAt: beganAt, untilAt: untilAt(beganAt) }];
  const world = await World.begin({
    members: [member],
    starts: new Map([[key, start]]),
    outages,
    fromAt: Math.max(issuedAt, wholeTick(beganAt, tickMs) - tickMs),
    tickMs,
    random: random(),
    state: await openState(),
    breathe,
    onEvent: () => undefined,
    onMint: () => {
      if (earlierMs !== null) return;
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
