/** The real engine on the operator's own settings, under a simulated clock: nothing real is called or written. */
import { DAY_MS, type Instant } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import { reckonedLifetimeMs } from "../core/forecast.ts";
import { lifetimeMs } from "../core/issue.ts";
import type { Outage, SimulationOptions, SimulationReport } from "../core/simulation.ts";
import type { Settings } from "../core/settings.ts";
import type { ServiceKey, StateStore } from "../core/state-store.ts";
import type { StatusReport, TokenStatus } from "../core/status.ts";
import type { Member } from "../engine/fleet.ts";
import { daysFor } from "./days.ts";
import { enduranceOfAll } from "./endurance.ts";
import { MemoryState } from "./memory-state.ts";
import { absenceNotes, cappedNotes, lifetimeNote, notesOn } from "./notes.ts";
import { Recorder, targetsSeen } from "./recorder.ts";
import { remediesFor } from "./remedies.ts";
import { SeededRandom } from "./seeded-random.ts";
import { startsOf } from "./start.ts";
import { World } from "./world.ts";

export interface SimulationParts {
  /** The declared tokens with the real adapters: only what these are capable of is used. */
  readonly members: readonly Member[];
  /** Another state than the one in memory. */
  readonly openState?: () => Promise<StateStore>;
  /** False where nobody asks how long an outage each service may have, which takes longest. */
  readonly weighs?: boolean;
  /** Lets whatever else the process does have its turn. */
  readonly breathe?: () => Promise<void>;
}

/** `known` is what the state knows now; null where there is none. Throws `usage`. */
export async function simulate(
  settings: Pick<Settings, "issuers" | "stores" | "tickMs">,
  known: StatusReport | null,
  fromAt: Instant,
  options: SimulationOptions,
  parts: SimulationParts,
): Promise<SimulationReport> {
  const { seed } = options;
  const statuses = new Map(known?.tokens.map((status) => [status.token, status]));
  const members = parts.members.map((member) => asGranted(member, statuses));
  const services = servicesOf(settings);
  const outages = options.outages.map((outage) => assertDeclared(outage, services));
  const { days, note } = daysFor(options.days, members, outages, fromAt);
  const untilAt = fromAt + days * DAY_MS;
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
  const targets = targetsSeen(world, members, fromAt, untilAt);
  const promiseHeld = targets.every(({ shortages }) => shortages.length === 0);
  const found = parts.weighs === false ? [] : await enduranceOfAll(services, members, trials);
  const remedies = promiseHeld ? [] : await remediesFor({ ...common, ...trials, targets, untilAt, seed });
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
    services: found,
    remedies,
    notes: [
      ...(note === null ? [] : [note]),
      ...notesOn(members, starts),
      ...absenceNotes(members, starts, outages, fromAt),
      ...cappedNotes(parts.members, members),
      ...lifetimeNote(remedies, found),
    ],
  };
}

/** Where the last one was not allowed to live as long as was asked for, those to come are not either. */
function asGranted(member: Member, known: ReadonlyMap<string, TokenStatus>): Member {
  const { declared } = member;
  const status = known.get(declared.key);
  const isCapped = status?.conditions.some(({ reason }) => reason === "lifetime_capped") === true;
  if (!isCapped || status.newest === null) return member;
  const grantedMs = lifetimeMs(status.newest);
  if (grantedMs >= reckonedLifetimeMs(declared)) return member;
  return { ...member, declared: { ...declared, request: { ...declared.request, lifetimeMs: grantedMs } } };
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
