import { Gauge, type Registry } from "prom-client";
import { type Instant, SECOND_MS } from "../core/duration.ts";
import type { IncidentReason } from "../core/incidents.ts";
import type { StatusReport, TokenStatus } from "../core/status.ts";

/** Gauges that the recorded state fills at each scrape. What is not known has no series, rather than a 0 that would read as 1970. */
export class MetricGauges {
  readonly #gauges: readonly { readonly gauge: Gauge; readonly view: View }[];

  constructor(registry: Registry) {
    this.#gauges = VIEWS.map((view) => {
      const { name, help, labels } = view;
      const gauge = new Gauge({ name: `renewd_${name}`, help, labelNames: [...labels], registers: [registry] });
      return { gauge, view };
    });
  }

  show(report: StatusReport): void {
    for (const { gauge, view } of this.#gauges) {
      gauge.reset();
      // A gauge without labels would be reset to 0, not to nothing.
      if (view.labels.length === 0) gauge.remove();
      view.show(gauge, report);
    }
  }
}

interface View {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly show: (gauge: Gauge, report: StatusReport) => void;
}

const VIEWS: readonly View[] = [
  {
    name: "target_token_expiration_timestamp_seconds",
    help: "Expiry of the token that a consumer of this target can really read.",
    labels: ["token", "target"],
    show: (gauge, { tokens }) => {
      for (const { token, targets } of tokens) {
        for (const { target, held } of targets) if (held !== null) gauge.set({ token, target }, seconds(held.expAt));
      }
    },
  },
  perToken(
    "token_expiration_timestamp_seconds",
    "The earliest expiry of the tokens that consumers can really read.",
    ({ targets }) => least(targets.map(({ held }) => held?.expAt ?? null)),
  ),
  perToken(
    "issued_token_expiration_timestamp_seconds",
    "Expiry of the newest verified token, delivered or not.",
    ({ newest }) => newest?.expAt ?? null,
  ),
  perToken(
    "token_renewal_timestamp_seconds",
    "When the renewal is due by the schedule.",
    ({ schedule }) => schedule?.renewAt ?? null,
  ),
  perToken(
    "token_deadline_timestamp_seconds",
    "From when on some consumer would read a token that ends too early for it.",
    ({ targets }) => least(targets.map(({ deadlineAt }) => deadlineAt)),
  ),
  perToken(
    "token_last_success_timestamp_seconds",
    "When the newest token was last verified in all targets.",
    ({ lastSuccessAt }) => lastSuccessAt,
  ),
  {
    name: "last_sweep_timestamp_seconds",
    help: "When the daemon last looked at all its tokens.",
    labels: [],
    show: (gauge, { lastSweepAt }) => {
      if (lastSweepAt !== null) gauge.set(seconds(lastSweepAt));
    },
  },
  {
    name: "sweep_lag_seconds",
    help: "How long ago that was.",
    labels: [],
    show: (gauge, { at, lastSweepAt }) => {
      if (lastSweepAt !== null) gauge.set(Math.max(0, seconds(at - lastSweepAt)));
    },
  },
];

function perToken(name: string, help: string, instantOf: (status: TokenStatus) => Instant | null): View {
  return {
    name,
    help,
    labels: ["token"],
    show: (gauge, { tokens }) => {
      for (const status of tokens) {
        const at = instantOf(status);
        if (at !== null) gauge.set({ token: status.token }, seconds(at));
      }
    },
  };
}

/**
 * `incidents_open{token,reason}`: of how many targets (or of the token as a whole) this is true now. What was open since
 * the start and is over stays at 0, so that its end can be seen. The daemon's own have an empty token.
 */
export class IncidentGauge {
  readonly #gauge: Gauge<"token" | "reason">;
  #seen: ReadonlyMap<string, ReadonlyMap<IncidentReason, number>> = new Map();

  constructor(registry: Registry) {
    const help = "Open incidents.";
    this.#gauge = new Gauge({
      name: "renewd_incidents_open",
      help,
      labelNames: ["token", "reason"],
      registers: [registry],
    });
  }

  show({ tokens, daemon }: StatusReport): void {
    const all = [{ token: "", conditions: daemon, targets: [] }, ...tokens];
    this.#seen = new Map(
      all.map((status) => [status.token, countsOf(status, this.#seen.get(status.token)?.keys() ?? [])]),
    );
    this.#gauge.reset();
    for (const [token, counts] of this.#seen) {
      for (const [reason, open] of counts) this.#gauge.set({ token, reason }, open);
    }
  }
}

function countsOf(
  { conditions, targets }: Pick<TokenStatus, "conditions" | "targets">,
  before: Iterable<IncidentReason>,
): ReadonlyMap<IncidentReason, number> {
  const counts = new Map([...before].map((reason) => [reason, 0]));
  for (const { reason } of [conditions, ...targets.map((target) => target.conditions)].flat()) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}

function least(instants: readonly (Instant | null)[]): Instant | null {
  const known = instants.filter((at) => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function seconds(ms: number): number {
  return ms / SECOND_MS;
}
