import type { Gauge, Registry } from "prom-client";
import { type IncidentReason, SEVERITIES } from "../core/incidents.ts";
import type { StatusReport, TokenStatus } from "../core/status.ts";
import { makeGauge } from "./metric-make.ts";

interface Standing {
  readonly open: number;
  readonly severity: number;
}

const OVER: Standing = { open: 0, severity: 0 };

/**
 * `incidents_open{token,reason}`: of how many targets (or of the token as a whole) this is true now, and how grave it is. What
 * was open since the start and is over stays at 0, so that its end can be seen. The daemon's own have an empty token.
 */
export class IncidentGauges {
  readonly #open: Gauge<"token" | "reason">;
  readonly #severity: Gauge<"token" | "reason">;
  #seen: ReadonlyMap<string, ReadonlyMap<IncidentReason, Standing>> = new Map();

  constructor(registry: Registry) {
    this.#open = makeGauge(registry, "incidents_open");
    this.#severity = makeGauge(registry, "incident_severity");
  }

  show({ tokens, daemon }: StatusReport): void {
    const all = [{ token: "", conditions: daemon, targets: [] }, ...tokens];
    this.#seen = new Map(
      all.map((status) => [status.token, standings(status, this.#seen.get(status.token)?.keys() ?? [])]),
    );
    this.#open.reset();
    this.#severity.reset();
    for (const [token, reasons] of this.#seen) {
      for (const [reason, { open, severity }] of reasons) {
        this.#open.set({ token, reason }, open);
        this.#severity.set({ token, reason }, severity);
      }
    }
  }
}

function standings(
  { conditions, targets }: Pick<TokenStatus, "conditions" | "targets">,
  before: Iterable<IncidentReason>,
): ReadonlyMap<IncidentReason, Standing> {
  const found = new Map([...before].map((reason) => [reason, OVER]));
  for (const { reason, severity } of [conditions, ...targets.map((target) => target.conditions)].flat()) {
    const { open, severity: gravest } = found.get(reason) ?? OVER;
    found.set(reason, { open: open + 1, severity: Math.max(gravest, 1 + SEVERITIES.indexOf(severity)) });
  }
  return found;
}
