import type { NotifierType } from "../core/ports.ts";
import { RUNBOOKS } from "../core/runbooks.ts";
import type { AlertSettings, Route } from "../core/settings.ts";
import { valueAt } from "./plain.ts";
import type { Report } from "./report.ts";
import { readServices, referred, type Service } from "./services.ts";
import { alertsShape } from "./shapes.ts";

/** What every alert has; a token's own labels may not take these names. */
export const OWN_LABELS: readonly string[] = [
  "alertname",
  "instance",
  "severity",
  "reason",
  "token",
  "name",
  "issuer",
  "target",
  "store",
  "channel",
];

/** The section `alerts`. `labels` are those that some token has. */
export function readAlerts(
  report: Report,
  section: { readonly value: unknown; readonly folder: string; readonly labels: ReadonlySet<string> },
  kinds: readonly NotifierType[],
): AlertSettings {
  const read = report.check(alertsShape, section.value, ["alerts"]);
  const path = ["alerts", "channels"];
  const value = valueAt(section.value, ["channels"]);
  const channels = readServices(report, { path, what: "alert channel", value, folder: section.folder }, kinds);
  const routes = (read?.routes ?? []).map((route, index): Route => {
    for (const [place, to] of route.to.entries()) {
      referred(report, { to, what: "alert channel", path: ["alerts", "routes", index, "to", place] }, channels);
    }
    for (const label of Object.keys(route.match)) refuseUnknown(report, label, index, section.labels);
    return route;
  });
  return {
    pageUrl: read?.url?.replace(/\/+$/, "") ?? null,
    runbooks: read?.runbooks ?? RUNBOOKS,
    channels: [...channels.values()].flatMap((each) => each.declared ?? []),
    routes: read?.routes === undefined ? toAll(channels) : routes,
  };
}

/** Without routes every channel is told of what is not well. */
function toAll(channels: ReadonlyMap<string, Service<NotifierType>>): readonly Route[] {
  return channels.size === 0 ? [] : [{ to: [...channels.keys()], severity: "warning", match: {} }];
}

function refuseUnknown(report: Report, label: string, index: number, labels: ReadonlySet<string>): void {
  if (OWN_LABELS.includes(label) || labels.has(label)) return;
  const known = [...OWN_LABELS, ...labels].join(", ");
  report.add(
    ["alerts", "routes", index, "match", label],
    "is a label that no alert has, so the route would never tell anybody",
    `There are ${known}; a token has others by its \`labels\`.`,
    "key",
  );
}
