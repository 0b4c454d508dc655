/** Every metric, its labels and what it means. What is exported is made from this, and so are the rules, the dashboard and the documents. */

interface MetricFacts {
  readonly type: "counter" | "gauge";
  readonly labels: readonly string[];
  readonly help: string;
}

/** Names without the prefix, in the order in which they are told. */
export const METRICS = {
  target_token_expiration_timestamp_seconds: gauge(
    ["token", "target"],
    "Expiry of the token that a consumer of this target can really read.",
  ),
  target_deadline_timestamp_seconds: gauge(
    ["token", "target"],
    "From when on a consumer of this target would read a token that ends too early for it.",
  ),
  target_failures: gauge(["token", "target"], "Failures in a row of reading or writing this target."),
  token_expiration_timestamp_seconds: gauge(
    ["token"],
    "The earliest expiry of the tokens that consumers can really read.",
  ),
  issued_token_start_timestamp_seconds: gauge(["token"], "When the newest verified token began to be valid."),
  issued_token_expiration_timestamp_seconds: gauge(["token"], "Expiry of the newest verified token, delivered or not."),
  token_renewal_timestamp_seconds: gauge(
    ["token"],
    "When the next renewal is to start: due by the schedule, and inside a window.",
  ),
  token_deadline_timestamp_seconds: gauge(
    ["token"],
    "From when on some consumer would read a token that ends too early for it.",
  ),
  token_last_success_timestamp_seconds: gauge(["token"], "When the newest token was last verified in all targets."),
  token_failures: gauge(["token"], "Failures in a row of renewing this token."),
  tokens: gauge(["state"], "Declared tokens by state."),
  incidents_open: gauge(["token", "reason"], "Open incidents."),
  incident_severity: gauge(
    ["token", "reason"],
    "The gravest of these incidents: 1 for information, 2 a warning, 3 critical; 0 when none is open.",
  ),
  service_failures: gauge(["kind", "service"], "Failures in a row of an issuer or a store as a whole."),
  channel_failures: gauge(["channel"], "Failures in a row of an alert channel."),
  channel_last_success_timestamp_seconds: gauge(["channel"], "When an alert channel last took what it was told."),
  last_sweep_timestamp_seconds: gauge([], "When the daemon last looked at all its tokens."),
  sweep_lag_seconds: gauge([], "How long ago that was."),
  settings_last_reload_successful: gauge(
    [],
    "1 when the settings file as it was last read is in force, 0 when it was refused.",
  ),
  build_info: gauge(["version", "node"], "Always 1; the labels say what runs."),
  renewals_total: counter(["token", "result"], "Renewals by how they ended."),
  deliveries_total: counter(["token", "target", "result"], "Deliveries by how they ended."),
  issuer_requests_total: counter(["issuer", "call", "status"], "Requests to issuers."),
  store_requests_total: counter(["store", "call", "status"], "Requests to stores."),
  notifications_total: counter(["channel", "result"], "Calls to alert channels by how they ended."),
} as const satisfies Readonly<Record<string, MetricFacts>>;

export const PREFIX = "renewd_";

export type MetricName = keyof typeof METRICS;
export type LabelOf<Name extends MetricName> = (typeof METRICS)[Name]["labels"][number];

function gauge<const Labels extends readonly string[]>(
  labels: Labels,
  help: string,
): { readonly type: "gauge"; readonly labels: Labels; readonly help: string } {
  return { type: "gauge", labels, help };
}

function counter<const Labels extends readonly string[]>(
  labels: Labels,
  help: string,
): { readonly type: "counter"; readonly labels: Labels; readonly help: string } {
  return { type: "counter", labels, help };
}
