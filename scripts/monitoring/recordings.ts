import { type MetricName, PREFIX } from "../../src/http/metric-list.ts";

/** What a rule writes down under a name, for other rules to read. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
}

/** For so long a daemon that is gone, and what it said last, is remembered. */
export const REMEMBERED = "7d";

/** One series for a token, whichever pod or worker tells of it: an alert stays the same over restarts. */
export function merged(name: MetricName, matchers = ""): string {
  return `max without (instance, pod) (${PREFIX}${name}${matchers === "" ? "" : `{${matchers}}`})`;
}

const LASTING = {
  token_renewal_timestamp_seconds: "token",
  token_deadline_timestamp_seconds: "token",
  target_deadline_timestamp_seconds: "target",
  target_token_expiration_timestamp_seconds: "target",
} as const satisfies Partial<Record<MetricName, string>>;

/** A time that still holds when the daemon is gone: what it told last. */
export function last(name: keyof typeof LASTING): string {
  return `${LASTING[name]}:${PREFIX}${name}:last`;
}

/** Each reads its own last sample on while its daemon is gone; a token that left the settings of a living one is forgotten. */
export const RECORDINGS: readonly Recording[] = (Object.keys(LASTING) as (keyof typeof LASTING)[]).map((name) => ({
  record: last(name),
  expr: [
    merged(name),
    "or",
    `(${last(name)} unless on (job) ${PREFIX}build_info)`,
    `  and on (job) last_over_time(${PREFIX}build_info[${REMEMBERED}])`,
  ].join("\n"),
}));
