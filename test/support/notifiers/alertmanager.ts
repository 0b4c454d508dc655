/**
 * Stands in for Prometheus' Alertmanager. Follows api/v2/openapi.yaml of prometheus/alertmanager 0.25 and up (`postAlerts`,
 * `getAlerts`) and the checks of `Alert.Validate` in prometheus/common: labels are the identity, an alert ends at `endsAt`,
 * names of labels are restricted, values and names are not empty, no end lies before its start.
 */
import { type ChannelAnswer, type ChannelCall, HttpChannel } from "./http-channel.ts";

export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

export class FakeAlertmanager extends HttpChannel {
  /** Every alert that was taken, in order. */
  readonly taken: PostedAlert[] = [];
  /** By labels: what was posted last. */
  readonly alerts = new Map<string, PostedAlert>();
  /** What the `Authorization` header must be; undefined: none is asked for. */
  authorization: string | undefined;

  firingAt(at: number): readonly PostedAlert[] {
    return [...this.alerts.values()].filter((alert) => Date.parse(alert.endsAt) > at);
  }

  protected serve({ method, path, headers, body }: ChannelCall): ChannelAnswer {
    if (method !== "POST" || path !== "/api/v2/alerts") return { status: 404, text: "not found" };
    if (headers.authorization !== this.authorization) return { status: 401, text: "unauthorized" };
    if (headers["content-type"] !== "application/json") return { status: 415, text: "unsupported media type" };
    for (const alert of JSON.parse(body) as readonly PostedAlert[]) {
      const wrong = wrongOf(alert);
      if (wrong !== null) return { status: 400, text: JSON.stringify(wrong) };
      const identity = JSON.stringify(Object.entries(alert.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
      this.alerts.set(identity, alert);
      this.taken.push(alert);
    }
    return { status: 200 };
  }
}

function wrongOf({ labels, startsAt, endsAt, generatorURL }: PostedAlert): string | null {
  const entries = Object.entries(labels);
  if (entries.length === 0) return "at least one label pair required";
  if (entries.some(([name, value]) => !/^[a-zA-Z_]\w*$/.test(name) || value === "")) return "invalid label";
  if (Number.isNaN(Date.parse(startsAt)) || Number.isNaN(Date.parse(endsAt))) return "invalid time";
  if (Date.parse(endsAt) < Date.parse(startsAt)) return "start time must be before end time";
  if (generatorURL !== undefined && !URL.canParse(generatorURL)) return "generatorURL must be of type uri";
  return null;
}
