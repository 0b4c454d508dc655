import type { IncidentReason } from "../../src/core/incidents.ts";
import { PREFIX } from "../../src/http/metric-list.ts";
import { last, merged, REMEMBERED } from "./recordings.ts";

export interface AlertRule {
  readonly alert: string;
  /** The incidents that it tells of; those of no rule are told by the one that catches all. */
  readonly covers: readonly IncidentReason[];
  readonly summary: string;
  readonly description: string;
  readonly levels: readonly Level[];
}

/** The same alert at another severity; the graver one fires beside the milder. */
interface Level {
  readonly severity: "warning" | "critical";
  readonly expr: string;
  /** How long it must hold; none where it is true for good at once. */
  readonly hold?: string;
}

/** Which consumer. */
const TARGET = "{{ $labels.token }} -> {{ $labels.target }}";
/** By these shares of the way from the planned renewal to the deadline. */
const LATE = [
  ["warning", 0.5],
  ["critical", 0.8],
] as const;

/** So many failures are no passing fault: fewer stay counted for long where nothing needs the service, or is to be told, any more. */
const REPEATED = 3;

/** Incidents that say why a renewal fails, and are told by rules of their own. */
const FAILING_BY: readonly IncidentReason[] = [
  "roles_lost",
  "no_progress",
  "token_absent",
  "outcome_unknown",
  "quarantined",
];

const renewal = last("token_renewal_timestamp_seconds");
const deadline = last("token_deadline_timestamp_seconds");
const EXPIRED = `time() - ${last("target_token_expiration_timestamp_seconds")} >= 0`;
const SAFE = safeBefore(deadline, "token");

const RULES: readonly AlertRule[] = [
  {
    alert: "RenewdAbsent",
    covers: ["daemon_absent"],
    summary: "{{ or $labels.job `renewd` }} cannot be scraped",
    description:
      "Nothing has been heard of renewd for 5 minutes: no token is renewed until it runs again. What each consumer holds stays valid until its deadline; the alerts of its tokens go on from what it said last.",
    levels: [
      {
        severity: "critical",
        hold: "5m",
        expr: [
          `max without (instance, pod, version, node) (last_over_time(${PREFIX}build_info[${REMEMBERED}]))`,
          `  unless on (job) ${PREFIX}build_info`,
          "or",
          `absent(last_over_time(${PREFIX}build_info[${REMEMBERED}]))`,
        ].join("\n"),
      },
    ],
  },
  {
    alert: "RenewdNotSweeping",
    covers: ["scheduler_stalled"],
    summary: "renewd {{ $labels.instance }} runs but does not look at its tokens",
    description: "It has not looked at its tokens for more than 5 minutes, or not at all since its start.",
    levels: [
      {
        severity: "critical",
        hold: "5m",
        expr: [
          `${PREFIX}sweep_lag_seconds > 300`,
          "or",
          `max without (version, node) (${PREFIX}build_info)`,
          `  unless on (job, instance) ${PREFIX}last_sweep_timestamp_seconds`,
        ].join("\n"),
      },
    ],
  },
  {
    alert: "RenewdSettingsRefused",
    covers: ["settings_refused"],
    summary: "renewd {{ $labels.instance }} refused its settings file",
    description: "The settings file as it is now was refused; the old settings are in force. `renewd check` says why.",
    levels: [{ severity: "warning", hold: "10m", expr: `${PREFIX}settings_last_reload_successful == 0` }],
  },
  {
    alert: "RenewdTokenLate",
    covers: ["late"],
    summary: "{{ $labels.token }} is not renewed yet",
    description: `{{ $value | humanizePercentage }} of the time between its planned renewal and its deadline is used up.${SAFE}`,
    levels: LATE.map(([severity, share]) => ({
      severity,
      hold: "5m",
      expr: [`(time() - ${renewal})`, `  / (${deadline} - ${renewal} > 0)`, `  > ${share}`].join("\n"),
    })),
  },
  {
    alert: "RenewdTokenDeadlineMissed",
    covers: ["deadline_missed", "paused_past_deadline"],
    summary: `${TARGET}: readers get a token that ends too early for them`,
    description: `For {{ $value | humanizeDuration }} readers have got less life than their \`hold\`.${lookedUp("What they get expires", last("target_token_expiration_timestamp_seconds"), ["token", "target"], ".")}`,
    levels: [
      {
        severity: "critical",
        expr: [`time() - ${last("target_deadline_timestamp_seconds")} > 0`, `unless ${EXPIRED}`].join("\n"),
      },
    ],
  },
  {
    alert: "RenewdTokenExpired",
    covers: ["expired"],
    summary: `${TARGET}: its token has expired`,
    description: "Readers have held an expired token for {{ $value | humanizeDuration }}.",
    levels: [{ severity: "critical", expr: EXPIRED }],
  },
  {
    alert: "RenewdTargetBehind",
    covers: [],
    summary: `${TARGET} still holds the old token`,
    description: `A newer token is verified and has not reached it.${safeBefore(last("target_deadline_timestamp_seconds"), "token", "target")}`,
    levels: LATE.map(([severity, share]) => ({ severity, hold: "5m", expr: behind(share) })),
  },
  {
    alert: "RenewdRenewalFailing",
    covers: ["issuer_failing"],
    summary: "{{ $labels.token }}: its renewal fails",
    description: `It is due and has failed for 30 minutes without a success, {{ $value }} times in a row.${SAFE}`,
    levels: [
      {
        severity: "warning",
        hold: "30m",
        expr: [
          `${merged("token_failures")} > 0`,
          "unless",
          `${merged("token_renewal_timestamp_seconds")} > time()`,
          "unless on (job, token)",
          `${merged("incident_severity", `reason=~"${FAILING_BY.join("|")}"`)} >= 2`,
        ].join("\n"),
      },
    ],
  },
  {
    alert: "RenewdDeliveryFailing",
    covers: ["target_failing"],
    summary: `${TARGET}: reading or writing it fails`,
    description: "It has failed for 30 minutes without a success, {{ $value }} times in a row.",
    levels: [{ severity: "warning", hold: "30m", expr: `${merged("target_failures")} > 0` }],
  },
  {
    alert: "RenewdIssuerFailing",
    covers: [],
    summary: "The issuer {{ $labels.service }} fails",
    description: "It has failed for 30 minutes, {{ $value }} times in a row; none of its tokens can be renewed.",
    levels: [
      { severity: "warning", hold: "30m", expr: `${merged("service_failures", 'kind="issuer"')} >= ${REPEATED}` },
    ],
  },
  {
    alert: "RenewdStoreFailing",
    covers: [],
    summary: "The store {{ $labels.service }} fails",
    description: "It has failed for 30 minutes, {{ $value }} times in a row; nothing can be delivered there.",
    levels: [
      { severity: "warning", hold: "30m", expr: `${merged("service_failures", 'kind="store"')} >= ${REPEATED}` },
    ],
  },
  {
    alert: "RenewdTokenQuarantined",
    covers: ["quarantined"],
    summary: "{{ $labels.token }}: a fresh token was rejected",
    description: "The fresh token failed a check and is kept out of every target.",
    levels: bySeverity('reason="quarantined"'),
  },
  {
    alert: "RenewdLifetimeCapped",
    covers: ["lifetime_capped"],
    summary: "{{ $labels.token }}: the issuer caps its lifetime",
    description: "It lives shorter than was asked for. Where the cap is a fixed day, each renewal will be shorter.",
    levels: [{ severity: "warning", hold: "15m", expr: `${merged("incidents_open", 'reason="lifetime_capped"')} > 0` }],
  },
  {
    alert: "RenewdTokenNeverDelivered",
    covers: ["never_delivered"],
    summary: "{{ $labels.token }}: {{ $value }} of its targets never got a token",
    description: "A target has held no token of ours since it was declared, for longer than `repair`.",
    levels: [{ severity: "critical", hold: "5m", expr: `${merged("incidents_open", 'reason="never_delivered"')} > 0` }],
  },
  {
    alert: "RenewdChannelFailing",
    covers: ["channel_failing"],
    summary: "renewd cannot tell people over {{ or $labels.channel `any of its channels` }}",
    description: "It has failed for 15 minutes: what renewd says there does not arrive.",
    levels: [
      { severity: "warning", hold: "15m", expr: `${merged("channel_failures")} >= ${REPEATED}` },
      {
        severity: "critical",
        hold: "15m",
        expr: `min without (instance, pod, channel) (${PREFIX}channel_failures) >= ${REPEATED}`,
      },
    ],
  },
];

/** Of what no rule above tells, as grave as renewd itself says. */
const CAUGHT: AlertRule = {
  alert: "RenewdIncidentOpen",
  covers: [],
  summary: "{{ or $labels.token `renewd` }}: {{ $labels.reason }}",
  description: "renewd has an open incident; `renewd status` says why, what it does next and what you do.",
  levels: bySeverity(`reason!~"${RULES.flatMap(({ covers }) => covers).join("|")}"`),
};

/** On every alert of these rules, so that they can be told from those that renewd sends itself. */
export const MARK = { told_by: "prometheus" };

export const ALL_RULES: readonly AlertRule[] = [...RULES, CAUGHT];

/** What only informs alerts nobody. */
function bySeverity(matchers: string): readonly Level[] {
  const severity = merged("incident_severity", matchers);
  return [
    { severity: "warning", hold: "10m", expr: `${severity} >= 2` },
    { severity: "critical", hold: "5m", expr: `${severity} >= 3` },
  ];
}

/** By this share of the way from the start of the newer token to the deadline of the one that is there. */
function behind(share: number): string {
  const byTarget = (name: "target_token_expiration_timestamp_seconds" | "target_deadline_timestamp_seconds"): string =>
    merged(name);
  return [
    byTarget("target_token_expiration_timestamp_seconds"),
    `  < ignoring (target) group_left () ${merged("issued_token_expiration_timestamp_seconds")}`,
    "and",
    `time() > ${share} * ${byTarget("target_deadline_timestamp_seconds")}`,
    `  + ignoring (target) group_left () ${Number((1 - share).toFixed(2))} * ${merged("issued_token_start_timestamp_seconds")}`,
  ].join("\n");
}

/** True before the deadline and after it. */
function safeBefore(series: string, ...labels: readonly string[]): string {
  return lookedUp("Readers that start before", series, labels, " are safe.");
}

/** A sentence about a time that is looked up, for the value of an alert can say one thing only; nothing where there is no such time. */
function lookedUp(words: string, series: string, labels: readonly string[], end: string): string {
  const all = ["job", ...labels];
  const matchers = all.map((label) => `${label}=%q`).join(",");
  const values = all.map((label) => `$labels.${label}`).join(" ");
  const found = "{{ . | first | value | humanizeTimestamp }}";
  return `{{ with query (printf \`${series}{${matchers}}\` ${values}) }} ${words} ${found}${end}{{ end }}`;
}
