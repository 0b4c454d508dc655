import { type LabelOf, type MetricName, METRICS, PREFIX } from "../../src/http/metric-list.ts";
import { graph, type Panel, panelJson, rowJson, stat, table } from "./panels.ts";

const HOUR_S = 3_600;

/** A metric of the chosen renewd, and of the chosen tokens where it has that label. */
function chosen(name: MetricName, matchers = ""): string {
  const labels: readonly string[] = METRICS[name].labels;
  const token = labels.includes("token") ? ['token=~"$token"'] : [];
  const all = ['job=~"$job"', ...token, ...(matchers === "" ? [] : [matchers])];
  return `${PREFIX}${name}{${all.join(",")}}`;
}

function by<Name extends MetricName>(
  aggregate: "max" | "min" | "sum",
  name: Name,
  labels: readonly LabelOf<Name>[],
  matchers = "",
): string {
  return `${aggregate} by (${labels.join(", ")}) (${chosen(name, matchers)})`;
}

/** Per interval of the graph. */
function increased<Name extends MetricName>(name: Name, labels: readonly LabelOf<Name>[]): string {
  return `sum by (${labels.join(", ")}) (increase(${chosen(name)}[$__rate_interval]))`;
}

const LEFT = [
  [null, "red"],
  [0, "orange"],
  [24 * HOUR_S, "green"],
] as const;
const DEADLINES = by("max", "target_deadline_timestamp_seconds", ["token", "target"]);
const EXPIRIES = by("max", "target_token_expiration_timestamp_seconds", ["token", "target"]);

const OVERVIEW: readonly Panel[] = [
  stat(
    "Tokens that need attention",
    "With an open incident that is a warning or worse.",
    `count(${by("max", "incident_severity", ["token"], 'token!=""')} >= 2) or vector(0)`,
  ),
  stat(
    "Critical incidents",
    "A consumer is in danger, or nothing goes on without a person.",
    `count(max by (token, reason) (${PREFIX}incident_severity{job=~"$job"}) >= 3) or vector(0)`,
  ),
  stat(
    "Shortest time to a deadline",
    "After it some consumer gets a token that ends too early for it.",
    `min(${chosen("token_deadline_timestamp_seconds")}) - time()`,
    { unit: "s", steps: LEFT },
  ),
  stat(
    "Next renewal",
    "When the next token is to be renewed.",
    `min(${chosen("token_renewal_timestamp_seconds")}) - time()`,
    {
      unit: "s",
      steps: [[null, "blue"]],
    },
  ),
  stat("Since the last sweep", "How long ago renewd looked at its tokens.", `max(${chosen("sweep_lag_seconds")})`, {
    unit: "s",
    steps: [
      [null, "green"],
      [300, "red"],
    ],
  }),
  stat(
    "Settings in force",
    "0: the file as it is now was refused, and the old settings are in force.",
    `min(${chosen("settings_last_reload_successful")})`,
    {
      steps: [
        [null, "red"],
        [1, "green"],
      ],
    },
  ),
  table(
    "Tokens by danger",
    "What each consumer holds, the one whose deadline comes first on top.",
    [
      { name: "until the deadline", expr: `${DEADLINES} - time()` },
      { name: "deadline", expr: `${DEADLINES} * 1000` },
      { name: "expiry", expr: `${EXPIRIES} * 1000` },
      {
        name: "renewal",
        expr: `${by("max", "token_renewal_timestamp_seconds", ["token"])} * 1000 * on (token) group_right () ${EXPIRIES} ^ 0`,
      },
    ],
    [
      { name: "until the deadline", unit: "s", steps: LEFT },
      { name: "deadline", unit: "dateTimeAsIso" },
      { name: "expiry", unit: "dateTimeAsIso" },
      { name: "renewal", unit: "dateTimeAsIso" },
    ],
    { width: 16 },
  ),
  table(
    "Open incidents",
    "1 for information, 2 a warning, 3 critical. Those without a token are of renewd itself.",
    [
      {
        name: "severity",
        expr: `max by (token, reason) (${PREFIX}incident_severity{job=~"$job"}) > 0`,
      },
    ],
    [
      {
        name: "severity",
        unit: "none",
        steps: [
          [null, "blue"],
          [2, "orange"],
          [3, "red"],
        ],
      },
    ],
    { width: 8, descending: true },
  ),
  graph(
    "Time to the deadline, by target",
    "Saws: up with each delivery. Below 0 the promise is broken.",
    [{ name: "{{token}} -> {{target}}", expr: `${DEADLINES} - time()` }],
    { unit: "s" },
  ),
  graph("Tokens by state", "The states that docs/failure-modes.md tells of.", [
    { name: "{{state}}", expr: `${by("max", "tokens", ["state"])} > 0` },
  ]),
];

const RENEWALS: readonly Panel[] = [
  graph("Renewals", "By how they ended.", [{ name: "{{result}}", expr: increased("renewals_total", ["result"]) }], {
    bars: true,
  }),
  graph("Deliveries", "By how they ended.", [{ name: "{{result}}", expr: increased("deliveries_total", ["result"]) }], {
    bars: true,
  }),
  graph("Renewals that fail", "Failures in a row.", [
    { name: "{{token}}", expr: `${by("max", "token_failures", ["token"])} > 0` },
  ]),
  graph("Deliveries that fail", "Failures in a row.", [
    { name: "{{token}} -> {{target}}", expr: `${by("max", "target_failures", ["token", "target"])} > 0` },
  ]),
];

const SERVICES: readonly Panel[] = [
  graph(
    "Requests to issuers",
    "By what was asked and how it was answered.",
    [
      {
        name: "{{issuer}} {{call}} {{status}}",
        expr: increased("issuer_requests_total", ["issuer", "call", "status"]),
      },
    ],
    { bars: true },
  ),
  graph(
    "Requests to stores",
    "By what was asked and how it was answered.",
    [{ name: "{{store}} {{call}} {{status}}", expr: increased("store_requests_total", ["store", "call", "status"]) }],
    { bars: true },
  ),
  graph("Issuers and stores that fail", "Failures in a row; from the fifth on they are only probed now and then.", [
    { name: "{{kind}} {{service}}", expr: by("max", "service_failures", ["kind", "service"]) },
  ]),
  graph(
    "Sweep lag",
    "How long ago each renewd looked at its tokens.",
    [{ name: "{{instance}}", expr: `max by (instance) (${chosen("sweep_lag_seconds")})` }],
    { unit: "s" },
  ),
];

const CHANNELS: readonly Panel[] = [
  graph(
    "Calls to alert channels",
    "By how they ended.",
    [{ name: "{{channel}} {{result}}", expr: increased("notifications_total", ["channel", "result"]) }],
    { bars: true },
  ),
  graph("Channels that fail", "Failures in a row.", [
    { name: "{{channel}}", expr: by("max", "channel_failures", ["channel"]) },
  ]),
  table(
    "When each channel last took something",
    "One that was never needed has no line.",
    [
      {
        name: "last success",
        expr: `${by("max", "channel_last_success_timestamp_seconds", ["channel"])} * 1000`,
      },
    ],
    [{ name: "last success", unit: "dateTimeAsIso" }],
    { width: 12 },
  ),
];

const ROWS: readonly (readonly [title: string, panels: readonly Panel[]])[] = [
  ["Who is in danger", OVERVIEW],
  ["Renewals and deliveries", RENEWALS],
  ["Issuers, stores and the daemon", SERVICES],
  ["Alert channels", CHANNELS],
];

export function dashboard(): object {
  return {
    uid: "renewd",
    title: "renewd",
    description: "Who is in danger, until when, and why. Made by scripts/generate-monitoring.ts.",
    tags: ["renewd"],
    editable: true,
    graphTooltip: 1,
    refresh: "1m",
    schemaVersion: 39,
    time: { from: "now-7d", to: "now" },
    timezone: "utc",
    templating: { list: variables() },
    annotations: { list: [] },
    links: [],
    panels: placed(),
  };
}

function variables(): readonly object[] {
  const query = (name: string, label: string, expr: string): object => ({
    name,
    label,
    type: "query",
    datasource: { type: "prometheus", uid: "${datasource}" },
    definition: expr,
    query: { query: expr, refId: "variable" },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    current: { text: "All", value: "$__all" },
  });
  return [
    { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", current: {} },
    query("job", "Job", `label_values(${PREFIX}build_info, job)`),
    query("token", "Token", `label_values(${PREFIX}token_failures{job=~"$job"}, token)`),
  ];
}

/** From left to right, as many in a line as fit. */
function placed(): readonly object[] {
  const made: object[] = [];
  let y = 0;
  for (const [title, panels] of ROWS) {
    made.push(rowJson(title, made.length + 1, y));
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      if (x + panel.width > 24) [x, y, height] = [0, y + height, 0];
      made.push(panelJson(panel, made.length + 1, x, y));
      x += panel.width;
      height = Math.max(height, panel.height);
    }
    y += height;
  }
  return made;
}
