/** An alert as a CloudEvent 1.0 in its JSON format. */
import type { Alert } from "../../core/alert.ts";
import { formatInstant } from "../../core/duration.ts";
import { present } from "../../core/present.ts";
import { plain, plainLines, tellingId } from "../text.ts";

const MOST_LABEL = 500;

export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: "dev.renewd.alert.firing" | "dev.renewd.alert.resolved";
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly data: Readonly<Record<string, unknown>>;
}

export function toCloudEvent(alert: Alert, instance: string): CloudEvent {
  const { labels, lines, ...rest } = alert;
  // The labels' names are the operator's: they go out as they are.
  const entries = Object.entries(labels).map(([name, value]) => [name, plain(value, MOST_LABEL)]);
  return {
    specversion: "1.0",
    id: tellingId(alert),
    source: `urn:renewd:${encodeURIComponent(instance)}`,
    type: `dev.renewd.alert.${alert.status}`,
    subject: alert.key,
    time: formatInstant(alert.resolvedAt ?? alert.openedAt),
    datacontenttype: "application/json",
    data: {
      ...(present(rest) as Readonly<Record<string, unknown>>),
      labels: Object.fromEntries(entries),
      lines: plainLines(lines),
    },
  };
}
