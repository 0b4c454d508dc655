/** An alert as Alertmanager's API v2 takes it (openapi.yaml, `postableAlert`). */
import type { Alert } from "../../core/alert.ts";
import { formatInstant, type Instant } from "../../core/duration.ts";
import { fiveLines, headline, plain, plainLines } from "../text.ts";

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const MOST_LABEL = 500;

type Labels = Readonly<Record<string, string>>;

export interface PostableAlert {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

/** What Alertmanager knows an alert by. A label that it would refuse is left out, for it would refuse the whole alert. */
export function labelsOf({ labels }: Pick<Alert, "labels">): Labels {
  const entries = Object.entries(labels).map(([name, value]) => [name, plain(value, MOST_LABEL)] as const);
  const fit = entries.filter(([name, value]) => LABEL_NAME.test(name) && value !== "");
  return Object.fromEntries(fit);
}

/** `endsAt` may lie ahead: the alert fires until then, unless told again. */
export function toPostable(alert: Alert, labels: Labels, endsAt: Instant): PostableAlert {
  const { why, next, you } = plainLines(alert.lines);
  const annotations = {
    summary: `${alert.cause === "test" ? "TEST: " : ""}${headline(alert)}`,
    description: fiveLines(alert),
    why,
    next,
    you,
    runbook_url: alert.runbookUrl,
    dashboard: alert.pageUrl ?? "",
  };
  return {
    labels,
    annotations: Object.fromEntries(Object.entries(annotations).filter(([, text]) => text !== "")),
    // Refused when it ends before it starts, as it does after a jump of our clock.
    startsAt: formatInstant(Math.min(alert.openedAt, endsAt)),
    endsAt: formatInstant(endsAt),
    ...(alert.pageUrl !== null && URL.canParse(alert.pageUrl) ? { generatorURL: alert.pageUrl } : {}),
  };
}
