import { type Remedy, remedyFor, settingOf } from "../core/forecast.ts";
import type { Instant } from "../core/duration.ts";
import type { Member } from "../engine/fleet.ts";
import type { Outage, RemedySeen, TargetSeen } from "../core/simulation.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { TokenStart } from "./start.ts";
import { kindOf, type MemberTerms, TermsFinder, uses } from "./terms.ts";
import type { TrialOptions } from "./trial.ts";
import { World } from "./world.ts";

export interface Broken extends TrialOptions {
  readonly members: readonly Member[];
  readonly starts: ReadonlyMap<string, TokenStart>;
  readonly outages: readonly Outage[];
  readonly untilAt: Instant;
  readonly seed: number;
  readonly targets: readonly TargetSeen[];
}

/** So many kinds of tokens get a remedy of their own, and so many of each kind try it out. */
const KINDS_MAX = 20;
const TRIED_MAX = 50;

/** What the settings would have had to be for the promise to hold, each tried in the same world. */
export async function remediesFor(broken: Broken): Promise<readonly RemedySeen[]> {
  // What was empty is not kept waiting by its settings.
  const short = new Set(broken.targets.filter(wasShort(broken.fromAt)).map(({ token }) => token));
  const members = broken.members.filter(({ declared }) => short.has(declared.key));
  const finder = new TermsFinder(broken.fromAt, broken.tickMs);
  const found: RemedySeen[] = [];
  for (const alike of [...Map.groupBy(members, kindOf).values()].slice(0, KINDS_MAX)) {
    const terms = alike[0] === undefined ? undefined : finder.of(alike[0]);
    const lastsMs = longestOf(broken.outages, alike);
    if (terms !== undefined && lastsMs > 0) found.push(await remedyOf(broken, alike, terms, lastsMs));
  }
  return found;
}

function wasShort(fromAt: Instant): (target: TargetSeen) => boolean {
  return ({ shortages, filledAt }) =>
    shortages.some((each) => filledAt !== null && (filledAt <= fromAt || each.fromAt >= filledAt));
}

/** The longest outage that concerns them. Those that follow each other closely count as one. */
function longestOf(outages: readonly Outage[], members: readonly Member[]): number {
  const concerning = outages
    .filter((outage) => members.some((member) => uses(member, outage)))
    .toSorted((a, b) => a.fromAt - b.fromAt);
  let longestMs = 0;
  let [beganAt, endsAt] = [-Infinity, -Infinity];
  for (const { fromAt, untilAt } of concerning) {
    if (fromAt > endsAt) beganAt = fromAt;
    endsAt = Math.max(endsAt, untilAt);
    longestMs = Math.max(longestMs, endsAt - beganAt);
  }
  return longestMs;
}

async function remedyOf(
  broken: Broken,
  alike: readonly Member[],
  terms: MemberTerms,
  lastsMs: number,
): Promise<RemedySeen> {
  const remedy = remedyFor(terms, lastsMs);
  const tried = alike.slice(0, TRIED_MAX);
  const bySettings = await holdsWith(broken, tried, remedy, false);
  const byBoth = bySettings || (await holdsWith(broken, tried, remedy, true));
  return {
    tokens: alike.map(({ declared }) => declared.key),
    renewBefore: settingOf(remedy.renewBeforeMs),
    lifetime: remedy.lifetimeMs === null ? null : settingOf(remedy.lifetimeMs),
    renewFirst: byBoth && !bySettings,
    holds: byBoth,
    arithmetic: remedy.arithmetic,
    alternatives: remedy.alternatives,
  };
}

async function holdsWith(
  { starts, outages, fromAt, untilAt, tickMs, seed, openState, breathe }: Broken,
  members: readonly Member[],
  remedy: Remedy,
  renewFirst: boolean,
): Promise<boolean> {
  const mended = members.map((member) => mend(member, remedy));
  const state = await openState();
  const world = await World.begin({
    members: mended,
    starts,
    outages,
    fromAt,
    tickMs,
    random: new SeededRandom(seed),
    state,
    breathe,
    onEvent: () => undefined,
  });
  const wish = { at: fromAt, lifetimeMs: null, anew: false };
  if (renewFirst) for (const { declared } of mended) await state.ask(declared.key, fromAt, { wish });
  await world.run(untilAt);
  await world.close();
  return [...world.readers.values()].every((byTarget) =>
    [...byTarget.values()].every(({ shortages }) => shortages.length === 0),
  );
}

function mend(member: Member, { renewBeforeMs, lifetimeMs }: Remedy): Member {
  const { declared, pace } = member;
  const policy = { ...declared.policy, renewBefore: { ms: renewBeforeMs } };
  const request = lifetimeMs === null ? declared.request : { ...declared.request, lifetimeMs };
  return { ...member, declared: { ...declared, policy, request }, pace: { ...pace, policy } };
}
