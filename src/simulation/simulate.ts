/** The real engine on the operator's own settings, under a simulated clock: nothing real is called or written. */
import { cautionsOf } from "../core/cautions.ts";
import { DAY_MS, type Instant } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import { reckonedLifetimeMs } from "../core/forecast.ts";
import { scheduleOf } from "../core/schedule.ts";
import type { Outage, SimulationOptions, SimulationReport } from "../core/simulation.ts";
import type { Settings } from "../core/settings.ts";
import type { ServiceKey, StateStore } from "../core/state-store.ts";
import type { StatusReport } from "../core/status.ts";
import type { Member } from "../engine/fleet.ts";
import { enduranceOfAll } from "./endurance.ts";
import { MemoryState } from "./memory-state.ts";
import { Recorder, targetsSeen } from "./recorder.ts";
import { remediesFor } from "./remedies.ts";
import { SeededRandom } from "./seeded-random.ts";
import { startsOf, type TokenStart } from "./start.ts";
import { World } from "./world.ts";

export interface SimulationParts {
  /** The declared tokens with the real adapters: only what these are capable of is used. */
  readonly members: readonly Member[];
  /** Another state than the one in memory. */
  readonly openState?: () => Promise<StateStore>;
  /** Lets whatever else the process does have its turn. */
  readonly breathe?: () => Promise<void>;
}

/** More renewals than this take too long, and tell nothing new. */
const RENEWALS_MAX = 500_000;

/** `known` is what the state knows now; null where there is none. Throws `usage`. */
export async function simulate(
  settings: Pick<Settings, "issuers" | "stores" | "tickMs">,
  known: StatusReport | null,
  fromAt: Instant,
  options: SimulationOptions,
  parts: SimulationParts,
): Promise<SimulationReport> {
  const { seed, days } = options;
  const { members } = parts;
  const untilAt = fromAt + days * DAY_MS;
  const services = servicesOf(settings);
  const outages = options.outages.map((outage) => assertDeclared(outage, services));
  assertBounded(members, days);
  const openState = parts.openState ?? (() => Promise.resolve(new MemoryState()));
  const trials = { fromAt, tickMs: settings.tickMs, openState, breathe: parts.breathe };
  const random = new SeededRandom(seed);
  const starts = startsOf(members, known, fromAt, () => random.share());
  const common = { members, starts, outages, fromAt, tickMs: settings.tickMs };
  const recorder = new Recorder(members);
  const onEvent = recorder.note.bind(recorder);
  const breathe = async (now: Instant): Promise<void> => {
    options.onProgress?.((now - fromAt) / (untilAt - fromAt));
    await parts.breathe?.();
  };
  const world = await World.begin({ ...common, random, state: await openState(), onEvent, breathe });
  await world.run(untilAt);
  await world.close();
  const targets = targetsSeen(world, members, fromAt);
  const promiseHeld = targets.every(({ shortages }) => shortages.length === 0);
  return {
    fromAt,
    untilAt,
    seed,
    tokens: members.length,
    assumedFresh: [...starts].filter(([, { assumed }]) => assumed).map(([key]) => key),
    outages,
    promiseHeld,
    renewals: recorder.renewals,
    targets,
    incidents: recorder.incidents,
    services: await enduranceOfAll(services, members, trials),
    remedies: promiseHeld ? [] : await remediesFor({ ...common, ...trials, targets, untilAt, seed }),
    notes: notesOn(members, starts),
  };
}

function servicesOf({ issuers, stores }: Pick<Settings, "issuers" | "stores">): readonly ServiceKey[] {
  return [
    ...issuers.map(({ key }) => ({ kind: "issuer", key }) as const),
    ...stores.map(({ key }) => ({ kind: "store", key }) as const),
  ];
}

function assertDeclared(outage: Outage, services: readonly ServiceKey[]): Outage {
  if (services.some(({ kind, key }) => kind === outage.kind && key === outage.key)) return outage;
  throw new RenewdError("usage", `no ${outage.kind} ${outage.key} is declared`);
}

function assertBounded(members: readonly Member[], days: number): void {
  const renewals = members.reduce((sum, { declared, pace }) => {
    const lifetimeMs = reckonedLifetimeMs(declared);
    if (!Number.isFinite(lifetimeMs)) return sum;
    const { renewAt } = scheduleOf({ startAt: 0, expAt: lifetimeMs, u: 0.5 }, pace);
    return sum + (days * DAY_MS) / Math.max(renewAt, 1);
  }, 0);
  if (renewals <= RENEWALS_MAX) return;
  const fitting = Math.floor((days * RENEWALS_MAX) / renewals);
  const message = `${days} days of these tokens are ${Math.round(renewals)} renewals; at most ${RENEWALS_MAX} are simulated`;
  throw new RenewdError("usage", fitting < 1 ? message : `${message}, so take --days ${fitting} or fewer`);
}

function notesOn(members: readonly Member[], starts: ReadonlyMap<string, TokenStart>): readonly string[] {
  const cautions = new Map<string, string[]>();
  for (const { declared, issuer } of members) {
    for (const caution of cautionsOf(declared, issuer.capabilities))
      cautions.set(caution, [...(cautions.get(caution) ?? []), declared.key]);
  }
  const paused = [...starts].filter(([, { pause }]) => pause !== null).map(([key]) => key);
  return [
    ...[...cautions].map(([caution, keys]) => `${some(keys)}: ${caution}`),
    ...(paused.length === 0 ? [] : [`${some(paused)}: paused, as the state has it`]),
  ];
}

function some(keys: readonly string[]): string {
  const rest = keys.length - 3;
  return keys.slice(0, 3).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
