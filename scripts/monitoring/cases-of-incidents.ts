/** What fires by the incidents that renewd itself shows. */
import { after, AIRFLOW, critical, type Firing, loud, type RuleCase, warning } from "./rule-case.ts";
import { of, well } from "./series.ts";

interface ReasonCase {
  readonly reason: string;
  readonly severity: 2 | 3;
  readonly checks: Readonly<Record<number, readonly Firing[]>>;
  readonly told?: { readonly at: number; readonly summary: string; readonly description: string };
}

function ofIncident(alert: string, { reason, severity, checks, told }: ReasonCase): RuleCase {
  const labels = { token: "airflow", reason };
  const world = well(
    new Map([
      [of("incidents_open", labels), after(10, [60, 1], [9_000, 0])],
      [of("incident_severity", labels), after(10, [60, severity], [9_000, 0])],
    ]),
  );
  return loud(alert, `the incident ${reason}`, world, checks, told);
}

/** Why a renewal fails, where an incident says it better. */
function ofFailure(reason: string, alert: string): RuleCase {
  const labels = { token: "airflow", reason };
  const world = well(
    new Map([
      [of("token_failures", { token: "airflow" }), after(901, [120, 5], [9_000, 0])],
      [of("incidents_open", labels), after(901, [60, 1], [9_000, 0])],
      [of("incident_severity", labels), after(901, [60, 2], [9_000, 0])],
    ]),
  );
  const checks = {
    912: [warning(alert, reasoned(reason))],
    940: [warning(alert, reasoned(reason))],
    // The incident is over and the failing is not: its half hour begins.
    990: [],
    993: [warning("RenewdRenewalFailing", AIRFLOW)],
  };
  return loud(alert, `a renewal that fails, told once by its incident ${reason}`, world, checks);
}

const reasoned = (reason: string): Readonly<Record<string, string>> => ({ ...AIRFLOW, reason });

export const OF_INCIDENTS: readonly RuleCase[] = [
  ...["roles_lost", "no_progress", "token_absent", "outcome_unknown"].map((reason) =>
    ofFailure(reason, "RenewdIncidentOpen"),
  ),
  ofFailure("quarantined", "RenewdTokenQuarantined"),
  ofIncident("RenewdTokenQuarantined", {
    reason: "quarantined",
    severity: 2,
    checks: { 19: [], 21: [warning("RenewdTokenQuarantined", reasoned("quarantined"))], 71: [] },
    told: {
      at: 21,
      summary: "airflow: a fresh token was rejected",
      description: "The fresh token failed a check and is kept out of every target.",
    },
  }),
  ofIncident("RenewdTokenQuarantined", {
    reason: "quarantined",
    severity: 3,
    checks: {
      14: [],
      16: [critical("RenewdTokenQuarantined", reasoned("quarantined"))],
      21: [
        warning("RenewdTokenQuarantined", reasoned("quarantined")),
        critical("RenewdTokenQuarantined", reasoned("quarantined")),
      ],
      71: [],
    },
  }),
  ofIncident("RenewdLifetimeCapped", {
    reason: "lifetime_capped",
    severity: 2,
    checks: { 24: [], 26: [warning("RenewdLifetimeCapped", reasoned("lifetime_capped"))], 71: [] },
    told: {
      at: 26,
      summary: "airflow: the issuer caps its lifetime",
      description: "It lives shorter than was asked for. Where the cap is a fixed day, each renewal will be shorter.",
    },
  }),
  ofIncident("RenewdTokenNeverDelivered", {
    reason: "never_delivered",
    severity: 3,
    checks: { 14: [], 16: [critical("RenewdTokenNeverDelivered", reasoned("never_delivered"))], 71: [] },
    told: {
      at: 16,
      summary: "airflow: 1 of its targets never got a token",
      description: "A target has held no token of ours since it was declared, for longer than `repair`.",
    },
  }),
  ofIncident("RenewdIncidentOpen", {
    reason: "not_owned",
    severity: 3,
    checks: {
      14: [],
      16: [critical("RenewdIncidentOpen", reasoned("not_owned"))],
      21: [warning("RenewdIncidentOpen", reasoned("not_owned")), critical("RenewdIncidentOpen", reasoned("not_owned"))],
      71: [],
    },
    told: {
      at: 16,
      summary: "airflow: not_owned",
      description: "renewd has an open incident; `renewd status` says why, what it does next and what you do.",
    },
  }),
];
