/** An alert as an event of PagerDuty's Events API v2. */
import type { Alert } from "../../core/alert.ts";
import { formatInstant } from "../../core/duration.ts";
import { cut, headline, plain, plainLines } from "../text.ts";

const MOST_SUMMARY = 1_024;
const MOST_KEY = 255;
const MOST_NAME = 200;
const MOST_LABELS = 50;

export function toEvent(alert: Alert, routingKey: string, instance: string): Readonly<Record<string, unknown>> {
  // Resolving needs the key of the triggering, and nothing more.
  const base = { routing_key: routingKey, dedup_key: cut(alert.key, MOST_KEY), client: "renewd" };
  if (alert.status === "resolved") return { ...base, event_action: "resolve" };
  const links = [
    ...(alert.pageUrl === null ? [] : [{ href: alert.pageUrl, text: "Dashboard" }]),
    ...(alert.runbookUrl === "" ? [] : [{ href: alert.runbookUrl, text: "Runbook" }]),
  ];
  return {
    ...base,
    event_action: "trigger",
    ...(alert.pageUrl === null ? {} : { client_url: alert.pageUrl }),
    links,
    payload: {
      summary: cut(`${alert.cause === "test" ? "TEST: " : ""}${headline(alert, MOST_SUMMARY)}`, MOST_SUMMARY),
      source: `renewd/${instance}`,
      severity: alert.severity,
      timestamp: formatInstant(alert.openedAt),
      component: plain(alert.labels["token"] ?? instance, MOST_NAME),
      group: plain(instance, MOST_NAME),
      class: plain(alert.labels["reason"] ?? "renewd", MOST_NAME),
      custom_details: { ...plainLines(alert.lines), labels: labelsOf(alert) },
    },
  };
}

function labelsOf(alert: Alert): Readonly<Record<string, string>> {
  const entries = Object.entries(alert.labels).slice(0, MOST_LABELS);
  return Object.fromEntries(entries.map(([name, value]) => [plain(name, MOST_NAME), plain(value, MOST_NAME)]));
}
