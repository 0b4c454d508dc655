/** What a simulation is asked for, and what it found out; that is printed as it is, so its keys are relied on. */
import type { Instant } from "./duration.ts";
import type { IncidentReason, Severity } from "./incidents.ts";
import type { ServiceKey } from "./state-store.ts";

/** Where nobody says for how long, and at most. */
export const SIMULATED_DAYS = 90;
export const SIMULATED_DAYS_MAX = 3_650;

export interface SimulationOptions {
  /** Null: as many as show what matters, and are simulated soon. */
  readonly days: number | null;
  readonly outages: readonly Outage[];
  readonly seed: number;
  /** How far it is, as a share. */
  readonly onProgress?: (share: number) => void;
}

/** While it lasts nobody gets through to an issuer or a store: connections to it are refused. */
export interface Outage extends ServiceKey {
  readonly fromAt: Instant;
  readonly untilAt: Instant;
}

/** A time during which readers got a token that lived for less than `hold`. */
export interface Shortage {
  readonly fromAt: Instant;
  readonly untilAt: Instant;
}

export interface SimulationReport {
  readonly fromAt: Instant;
  readonly untilAt: Instant;
  readonly seed: number;
  readonly tokens: number;
  /** Tokens of which the state knew nothing: taken to be fresh in all their targets. */
  readonly assumedFresh: readonly string[];
  readonly outages: readonly Outage[];
  /** Every reader of every target got at least its `hold`, at every instant. */
  readonly promiseHeld: boolean;
  readonly renewals: readonly RenewalSeen[];
  /** Least margin first. */
  readonly targets: readonly TargetSeen[];
  readonly incidents: readonly IncidentSeen[];
  readonly services: readonly ServiceEndurance[];
  /** For what the outages of this run broke. */
  readonly remedies: readonly RemedySeen[];
  /** Where the promise is less than it looks. */
  readonly notes: readonly string[];
}

export interface RenewalSeen {
  readonly at: Instant;
  readonly token: string;
  readonly name: string;
  readonly issuer: string;
  readonly expAt: Instant;
  /** When every target had it; null when that had not come about at the end. */
  readonly deliveredAt: Instant | null;
  readonly windowOverridden: boolean;
}

export interface TargetSeen {
  readonly token: string;
  readonly name: string;
  readonly target: string;
  readonly store: string;
  readonly holdMs: number;
  /** Of the token that the unluckiest reader got, and when; null where there never was one. */
  readonly leastLifeMs: number | null;
  readonly leastLifeAt: Instant | null;
  /** Beyond `hold`; less than nothing when the promise was broken. */
  readonly marginMs: number | null;
  /** Since when readers got any token; null where nobody ever filled it. */
  readonly filledAt: Instant | null;
  readonly shortages: readonly Shortage[];
  /** It was short already when the simulation began. */
  readonly shortFromTheStart: boolean;
}

export interface IncidentSeen {
  readonly openedAt: Instant;
  readonly resolvedAt: Instant | null;
  readonly token: string;
  readonly target: string;
  readonly reason: IncidentReason;
  readonly severity: Severity;
  readonly message: string;
}

export interface ServiceEndurance extends ServiceKey {
  /** How many tokens depend on it. */
  readonly tokens: number;
  /** About the longest outage that the promise outlasts, as trials at the worst moments had it; null where nothing hangs on it. */
  readonly survivesMs: number | null;
  /** What the schedule vouches for, whenever it begins and whatever the luck of the retries: this is promised. */
  readonly sureMs: number | null;
  /** The token and the target that give way first. */
  readonly token: string | null;
  readonly target: string | null;
  readonly arithmetic: readonly string[];
  readonly advice: readonly string[];
}

export interface RemedySeen {
  /** Alike in all that matters here. */
  readonly tokens: readonly string[];
  readonly renewBefore: string;
  /** Null where the lifetime will do as it is. */
  readonly lifetime: string | null;
  /** Besides the settings, each is to be renewed once before the outage. */
  readonly renewFirst: boolean;
  /** Whether the same outages, simulated with it, keep the promise. */
  readonly holds: boolean;
  readonly arithmetic: readonly string[];
  readonly alternatives: readonly string[];
}
