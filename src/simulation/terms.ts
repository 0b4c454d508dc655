import { DAY_MS, type Instant } from "../core/duration.ts";
import { type ClosedSpell, longestClosed, reckonedLifetimeMs, type Terms } from "../core/forecast.ts";
import type { Window } from "../core/policy.ts";
import type { ServiceKey } from "../core/state-store.ts";
import type { Member } from "../engine/fleet.ts";

/** A year, for the clocks are set in it: one weekend is an hour longer. */
const HORIZON_MS: number = 366 * DAY_MS;

export interface MemberTerms extends Terms {
  readonly member: Member;
  readonly closed: ClosedSpell | null;
}

/** Finds the terms of tokens, looking through the same windows once only. */
export class TermsFinder {
  readonly #fromAt: Instant;
  readonly #tickMs: number;
  readonly #closed = new Map<string, ClosedSpell | null>();

  constructor(fromAt: Instant, tickMs: number) {
    this.#fromAt = fromAt;
    this.#tickMs = tickMs;
  }

  /** Undefined for a token that is never due. */
  of(member: Member): MemberTerms | undefined {
    const lifetimeMs = reckonedLifetimeMs(member.declared);
    if (!Number.isFinite(lifetimeMs)) return undefined;
    const closed = this.#longestClosed(member.declared.policy.windows);
    const closedMs = closed === null ? 0 : closed.untilAt - closed.fromAt;
    return { member, lifetimeMs, pace: member.pace, closedMs, closed, tickMs: this.#tickMs };
  }

  #longestClosed(windows: readonly Window[]): ClosedSpell | null {
    const name = windowsName(windows);
    const known = this.#closed.get(name);
    if (known !== undefined) return known;
    const found = longestClosed(windows, this.#fromAt, this.#fromAt + HORIZON_MS);
    this.#closed.set(name, found);
    return found;
  }
}

/** Whether an outage of that service concerns this token. */
export function uses({ declared }: Member, { kind, key }: ServiceKey): boolean {
  return kind === "issuer" ? declared.issuer === key : declared.targets.some(({ store }) => store === key);
}

/** Tokens with one name of this kind fare alike, but for when they were issued. */
export function kindOf({ declared, pace, issuer }: Member): string {
  const { renewBefore, jitter, repairMs, windows } = declared.policy;
  const targets = declared.targets.map(({ store, holdMs, propagationMs }) => [store, holdMs, propagationMs]);
  const { request } = declared;
  return JSON.stringify([
    declared.issuer,
    issuer.capabilities,
    reckonedLifetimeMs(declared),
    request.strategy,
    [renewBefore, jitter, repairMs, windowsName(windows)],
    pace.minIntervalMs,
    targets,
  ]);
}

function windowsName(windows: readonly Window[]): string {
  return JSON.stringify(windows.map(({ opens, forMs, timezone }) => [opens, forMs, timezone]));
}
