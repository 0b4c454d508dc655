import { formatDuration, type Instant, MINUTE_MS } from "../core/duration.ts";
import { enduranceOf, keptMostMs, recoveryMs, renewBeforeMs, remedyFor, settingOf } from "../core/forecast.ts";
import { greatestNeedMs, needMs } from "../core/schedule.ts";
import type { ServiceKey } from "../core/state-store.ts";
import type { DeclaredTarget } from "../core/token.ts";
import type { Member } from "../engine/fleet.ts";
import type { ServiceEndurance } from "../core/simulation.ts";
import { revokes } from "./start.ts";
import { longestOutage, type TrialOptions } from "./trial.ts";
import { kindOf, type MemberTerms, TermsFinder, uses } from "./terms.ts";

/** What gives way first when a service is out. */
interface Limit {
  readonly terms: MemberTerms;
  readonly target: DeclaredTarget | undefined;
  readonly mostMs: number;
  readonly sureMs: number;
  /** The old token ends when the new one is made, so nothing is left to an outage that begins just then. */
  readonly isCutOff: boolean;
}

/** Of each issuer and each store: the longest outage that the promise outlasts, whenever it begins. */
export async function enduranceOfAll(
  services: readonly ServiceKey[],
  members: readonly Member[],
  options: TrialOptions & { readonly fromAt: Instant },
): Promise<readonly ServiceEndurance[]> {
  const finder = new TermsFinder(options.fromAt, options.tickMs);
  const kinds = new Map(members.map((member) => [kindOf(member), member]));
  const terms = [...kinds.values()].map((member) => finder.of(member)).filter((each) => each !== undefined);
  const found: ServiceEndurance[] = [];
  for (const service of services) {
    const users = members.filter((member) => uses(member, service)).length;
    const limits = tightest(terms, service);
    found.push(limits === undefined ? unconcerned(service, users) : await enduranceAt(service, users, limits, options));
  }
  return found;
}

async function enduranceAt(
  service: ServiceKey,
  tokens: number,
  { limit, next }: Limits,
  options: TrialOptions,
): Promise<ServiceEndurance> {
  const { terms, target, sureMs, mostMs } = limit;
  const survivesMs = limit.isCutOff ? 0 : await longestOutage(terms, { ...service, mostMs, sureMs }, options);
  const { key } = terms.member.declared;
  const found = { ...service, tokens, survivesMs, sureMs: Math.min(sureMs, survivesMs), token: key };
  return {
    ...found,
    target: target?.label ?? null,
    arithmetic: arithmeticOf(limit, service),
    advice: adviceFor(limit, next, survivesMs),
  };
}

function unconcerned(service: ServiceKey, tokens: number): ServiceEndurance {
  const nothing = { survivesMs: null, sureMs: null, token: null, target: null };
  return { ...service, tokens, ...nothing, arithmetic: [], advice: [] };
}

interface Limits {
  readonly limit: Limit;
  /** Of another token: what gives way once this one does not any more. */
  readonly next: Limit | undefined;
}

function tightest(all: readonly MemberTerms[], service: ServiceKey): Limits | undefined {
  const [limit, ...others] = all
    .flatMap((terms) => limitsOf(terms, service))
    .toSorted((one, other) => one.mostMs - other.mostMs);
  return limit === undefined ? undefined : { limit, next: others.find(({ terms }) => terms !== limit.terms) };
}

function limitsOf(terms: MemberTerms, service: ServiceKey): readonly Limit[] {
  const { declared } = terms.member;
  if (!uses(terms.member, service)) return [];
  if (service.kind === "issuer") {
    const neediest = declared.targets.toSorted(byNeed)[0];
    return [{ terms, target: neediest, ...enduranceOf(terms), isCutOff: false }];
  }
  // What is extended is not written anew, so nothing hangs on its store.
  if (declared.request.strategy === "extend") return [];
  const isCutOff = revokes(terms.member);
  return declared.targets
    .filter(({ store }) => store === service.key)
    .map((target) => {
      const endurance = enduranceOf(terms, target);
      return { terms, target, ...(isCutOff ? { mostMs: 0, sureMs: 0 } : endurance), isCutOff };
    });
}

function byNeed(a: DeclaredTarget, b: DeclaredTarget): number {
  return b.holdMs + b.propagationMs - (a.holdMs + a.propagationMs);
}

function arithmeticOf(limit: Limit, { kind }: ServiceKey): readonly string[] {
  const { terms, target, mostMs, sureMs, isCutOff } = limit;
  if (isCutOff) return cutOffWords(terms);
  const { lifetimeMs, pace, closedMs, tickMs } = terms;
  const need = target === undefined ? greatestNeedMs(pace.uses, lifetimeMs) : needMs(target, lifetimeMs);
  const { startsAfterMs } = enduranceOf(terms);
  const why = closedMs > 0 ? ` (its windows close for up to ${formatDuration(closedMs)})` : "";
  const begins = kind === "issuer" ? "just before that" : "just after the new token was made";
  return [
    `it lives ${formatDuration(lifetimeMs)}; its renewal starts ${formatDuration(lifetimeMs - startsAfterMs)} before its end at the latest${why}`,
    `readers need ${formatDuration(need)} of it, which leaves ${formatDuration(mostMs)} to an outage that begins ${begins}`,
    ...(sureMs === 0 ? [] : [sureWords(sureMs, tickMs)]),
  ];
}

/** Every target is asked first, so that an outage of one store puts the renewal off for all. */
function cutOffWords(terms: MemberTerms): readonly string[] {
  const { mostMs, sureMs } = enduranceOf(terms);
  return [
    "its issuer revokes the old token when it makes the new one: an outage that begins between that and the write leaves readers without any that works, until it is over",
    `one that begins before only puts the renewal off, which every target has to be ready for: that leaves ${formatDuration(mostMs)}, surely ${formatDuration(sureMs)}`,
  ];
}

function sureWords(sureMs: number, tickMs: number): string {
  const recovery = formatDuration(recoveryMs(sureMs, tickMs));
  return `whatever the luck of the retries it outlasts ${formatDuration(sureMs)}: they may take ${recovery} after it`;
}

/** What would make it longer: more kept in hand, and beyond that a longer life. */
function adviceFor({ terms, isCutOff }: Limit, next: Limit | undefined, survivesMs: number): readonly string[] {
  if (isCutOff) return [];
  const { lifetimeMs, pace, closedMs, tickMs } = terms;
  const keptMs = renewBeforeMs(pace.policy, lifetimeMs);
  const need = greatestNeedMs(pace.uses, lifetimeMs);
  const mostKeptMs = Math.min(KEPT_SHARE_MAX * lifetimeMs, keptMostMs(terms));
  const reachMs = mostKeptMs - need - recoveryMs(Infinity, tickMs) - closedMs;
  const advice: string[] = [];
  if (reachMs > survivesMs && mostKeptMs > keptMs)
    advice.push(
      `surely ${formatDuration(reachMs)} with \`renew_before: ${KEPT_SHARE_MAX * 100}%\` (${formatDuration(keptMs)} now)`,
    );
  const doubledMs = 2 * Math.max(survivesMs, MINUTE_MS);
  const { lifetimeMs: longer, renewBeforeMs: before, alternatives } = remedyFor(terms, doubledMs);
  const both = longer === null ? "" : ` and \`lifetime: ${settingOf(longer)}\``;
  advice.push(`surely ${formatDuration(doubledMs)} with \`renew_before: ${settingOf(before)}\`${both}`);
  return [...advice, ...alternatives.map((each) => `or ${each}`), ...nextWords(next, Math.max(reachMs, doubledMs))];
}

/** What is advised for the first token is of no use to the next. */
function nextWords(next: Limit | undefined, advisedMs: number): readonly string[] {
  if (next === undefined || next.sureMs >= advisedMs) return [];
  const { key } = next.terms.member.declared;
  return [`then ${key} gives way first, surely not before ${formatDuration(next.sureMs)}`];
}

/** Of a lifetime two thirds can be kept in hand; this is as much in whole percent. */
const KEPT_SHARE_MAX = 0.66;
