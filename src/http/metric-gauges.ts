import type { Gauge, Registry } from "prom-client";
import { openingFrom } from "../core/decide.ts";
import { type Instant, SECOND_MS } from "../core/duration.ts";
import type { Breathe } from "../core/in-turns.ts";
import type { Settings } from "../core/settings.ts";
import type { StatusReport, TargetStatus, TokenState, TokenStatus } from "../core/status.ts";
import type { DeclaredToken } from "../core/token.ts";
import { type LabelOf, METRICS } from "./metric-list.ts";
import { type GaugeName, makeGauge } from "./metric-make.ts";

/** What the settings in force name: all that is measured. */
export type Declared = Pick<Settings, "issuers" | "stores" | "tokens" | "alerts">;

/** Gauges that the recorded state fills at each scrape. What is not known has no series, rather than a 0 that would read as 1970. */
export class MetricGauges {
  readonly #gauges: readonly (View & { readonly gauge: Gauge })[];

  constructor(registry: Registry) {
    this.#gauges = VIEWS.map((each) => ({ ...each, gauge: makeGauge(registry, each.name) }));
  }

  async show(report: StatusReport, declared: Declared, breathe: Breathe): Promise<void> {
    for (const { name, gauge, samplesOf } of this.#gauges) {
      gauge.reset();
      const samples = samplesOf(report, declared);
      // A gauge without labels was reset to 0, not to nothing.
      if (METRICS[name].labels.length === 0) gauge.remove();
      for (const { labels, value } of samples) gauge.set(labels, value);
      await breathe();
    }
  }
}

interface Sample<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

interface View {
  readonly name: GaugeName;
  readonly samplesOf: (report: StatusReport, declared: Declared) => readonly Sample[];
}

/** Every state has its series, so that one that empties is seen to be empty. */
const STATES: Readonly<Record<TokenState, 0>> = {
  ok: 0,
  first: 0,
  due: 0,
  renewing: 0,
  undelivered: 0,
  delivered_in_part: 0,
  in_doubt: 0,
  waiting_for_person: 0,
  verifying: 0,
  failing: 0,
  quarantined: 0,
  paused: 0,
  late: 0,
  expired: 0,
};

const VIEWS: readonly View[] = [
  perTarget("target_token_expiration_timestamp_seconds", ({ held }) => timestamp(held?.expAt)),
  perTarget("target_deadline_timestamp_seconds", ({ deadlineAt }) => timestamp(deadlineAt)),
  perTarget("target_failures", ({ trouble }) => trouble?.attempts ?? 0),
  perToken("token_expiration_timestamp_seconds", ({ targets }) =>
    timestamp(least(targets.map(({ held }) => held?.expAt ?? null))),
  ),
  perToken("issued_token_start_timestamp_seconds", ({ newest }) => timestamp(newest?.startAt)),
  perToken("issued_token_expiration_timestamp_seconds", ({ newest }) => timestamp(newest?.expAt)),
  view("token_renewal_timestamp_seconds", ({ tokens }, declared) => {
    const byKey = new Map(declared.tokens.map((token) => [token.key, token]));
    return tokens.flatMap((status) =>
      sampled({ token: status.token }, timestamp(renewalAt(status, byKey.get(status.token)))),
    );
  }),
  perToken("token_deadline_timestamp_seconds", ({ targets }) =>
    timestamp(least(targets.map(({ deadlineAt }) => deadlineAt))),
  ),
  perToken("token_last_success_timestamp_seconds", ({ lastSuccessAt }) => timestamp(lastSuccessAt)),
  perToken("token_failures", ({ trouble }) => trouble?.attempts ?? 0),
  view("tokens", ({ tokens }) => {
    const counts: Record<TokenState, number> = { ...STATES };
    for (const { state } of tokens) counts[state] += 1;
    return Object.entries(counts).map(([state, value]) => ({ labels: { state }, value }));
  }),
  view("service_failures", ({ services }, { issuers, stores }) => {
    const failuresOf = (kind: string, key: string): number =>
      services.find((each) => each.kind === kind && each.key === key)?.failures ?? 0;
    const all = [
      ...issuers.map(({ key }) => ({ kind: "issuer", service: key })),
      ...stores.map(({ key }) => ({ kind: "store", service: key })),
    ];
    return all.map((labels) => ({ labels, value: failuresOf(labels.kind, labels.service) }));
  }),
  view("channel_failures", ({ channels }) =>
    channels.map(({ channel, failures }) => ({ labels: { channel }, value: failures })),
  ),
  view("channel_last_success_timestamp_seconds", ({ channels }) =>
    channels.flatMap(({ channel, lastSuccessAt }) => sampled({ channel }, timestamp(lastSuccessAt))),
  ),
  view("last_sweep_timestamp_seconds", ({ lastSweepAt }) => sampled({}, timestamp(lastSweepAt))),
  view("sweep_lag_seconds", ({ at, lastSweepAt }) =>
    lastSweepAt === null ? [] : [{ labels: {}, value: Math.max(0, (at - lastSweepAt) / SECOND_MS) }],
  ),
];

/** Waiting for a window is not being late, so the start that is shown is the one inside a window. */
function renewalAt({ schedule }: TokenStatus, declared: DeclaredToken | undefined): Instant | null {
  if (schedule === null || declared === undefined) return schedule?.renewAt ?? null;
  return openingFrom({ declared }, schedule.renewAt, schedule.latestAt);
}

function view<Name extends GaugeName>(
  name: Name,
  samplesOf: (report: StatusReport, declared: Declared) => readonly Sample<LabelOf<Name>>[],
): View {
  return { name, samplesOf };
}

type NameWith<Label extends string> = {
  [Name in GaugeName]: [LabelOf<Name>, Label] extends [Label, LabelOf<Name>] ? Name : never;
}[GaugeName];

function perToken(name: NameWith<"token">, valueOf: (status: TokenStatus) => number | null): View {
  return view(name, ({ tokens }) => tokens.flatMap((status) => sampled({ token: status.token }, valueOf(status))));
}

function perTarget(name: NameWith<"token" | "target">, valueOf: (status: TargetStatus) => number | null): View {
  return view(name, ({ tokens }) =>
    tokens.flatMap(({ token, targets }) =>
      targets.flatMap((status) => sampled({ token, target: status.target }, valueOf(status))),
    ),
  );
}

function sampled<Label extends string>(
  labels: Readonly<Record<Label, string>>,
  value: number | null,
): readonly Sample<Label>[] {
  return value === null ? [] : [{ labels, value }];
}

function least(instants: readonly (Instant | null)[]): Instant | null {
  const known = instants.filter((at) => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function timestamp(at: Instant | null | undefined): number | null {
  return at == null ? null : at / SECOND_MS;
}
