/** What promtool is to play, and what has to fire. */
import { DEADLINE_MIN, daemon, type Issue, JOB, RENEWAL_MIN, type Segment, token, type World } from "./series.ts";

export interface RuleCase {
  readonly name: string;
  readonly world: World;
  readonly checks: readonly Check[];
  /** What a person reads, where this case is the one that shows it. */
  readonly told: readonly Told[];
}

/** All that fires at a minute: the alert, its severity and its labels. */
interface Check {
  readonly at: number;
  readonly firing: readonly Firing[];
}

export type Firing = readonly [alert: string, severity: string, labels: Readonly<Record<string, string>>];

export interface Told {
  readonly at: number;
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

export const HERE = { job: "renewd" };
export const AIRFLOW = { ...HERE, token: "airflow" };
export const IRELAND = { ...AIRFLOW, target: "ireland" };
export const SCRAPED = { ...JOB };
const NOTHING: readonly Firing[] = [];

export const warning = (alert: string, labels: Readonly<Record<string, string>>): Firing => [alert, "warning", labels];
export const critical = (alert: string, labels: Readonly<Record<string, string>>): Firing => [
  alert,
  "critical",
  labels,
];
export const after = (minutes: number, ...then: readonly Segment[]): readonly Segment[] => [[minutes, 0], ...then];
export const always = (value: number): readonly Segment[] => [[20_000, value]];

export function quiet(name: string, world: World, at: readonly number[]): RuleCase {
  return { name: `silent: ${name}`, world, checks: at.map((each) => ({ at: each, firing: NOTHING })), told: [] };
}

export function loud(
  alert: string,
  name: string,
  world: World,
  checks: Readonly<Record<number, readonly Firing[]>>,
  told?: { readonly at: number; readonly summary: string; readonly description: string },
): RuleCase {
  const all = Object.entries(checks).map(([at, firing]) => ({ at: Number(at), firing }));
  const shown = all.find(({ at }) => at === told?.at)?.firing.filter(([each]) => each === alert) ?? [];
  return {
    name: `${alert}: ${name}`,
    world,
    checks: all,
    told:
      told === undefined
        ? []
        : shown.map(([, severity, labels]) => ({
            ...told,
            alert,
            labels: { severity, ...labels },
          })),
  };
}

export const LATE_WARNING = warning("RenewdTokenLate", AIRFLOW);
export const LATE_CRITICAL = critical("RenewdTokenLate", AIRFLOW);
export const MISSED = critical("RenewdTokenDeadlineMissed", IRELAND);
export const EXPIRED = critical("RenewdTokenExpired", IRELAND);
export const HALF_MIN = (RENEWAL_MIN + DEADLINE_MIN) / 2;
export const MOST_MIN = RENEWAL_MIN + 0.8 * (DEADLINE_MIN - RENEWAL_MIN);

/** Two renewals, each two minutes after it was due (its jitter is in the planned time already), delivered three minutes later. */
export const RENEWED: readonly Issue[] = [
  { minutes: 902, startMin: 0, deliveredMin: 0 },
  { minutes: 902, startMin: 902, deliveredMin: 3 },
  { minutes: 9_000, startMin: 1_804, deliveredMin: 3 },
];
export const healthy: World = new Map([...daemon(), ...token(RENEWED)]);
