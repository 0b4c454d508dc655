/** An alert as text for people. Everything in it may come from elsewhere: it is made plain and bounded here. */
import { createHash } from "node:crypto";
import type { Alert, AlertLines } from "../core/alert.ts";
import { SEVERITIES } from "../core/incidents.ts";
import { withoutTokens } from "../core/redact.ts";

const MOST_LINE = 1_000;
const MOST_REASON = 100;

/** On one line, without control characters, signs that turn the direction of text, and tokens; at most `most` UTF-16 units. */
export function plain(text: string, most: number = MOST_LINE): string {
  const said = text
    // What lies beyond any bound would only take time.
    .slice(0, 4 * most)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .replaceAll(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g, "");
  return cut(withoutTokens(said).trim(), most);
}

/** At most `most` UTF-16 units, never half a character. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

export function plainLines(lines: AlertLines): AlertLines {
  const [who, until, why, next, you] = [lines.who, lines.until, lines.why, lines.next, lines.you].map((line) =>
    plain(line),
  ) as [string, string, string, string, string];
  return { who, until, why, next, you };
}

/** `CRITICAL`, `RESOLVED`, `TEST (critical)`: what kind of message this is. */
export function mark(alert: Alert): string {
  if (alert.cause === "test") return alert.status === "resolved" ? "TEST (resolved)" : `TEST (${alert.severity})`;
  return alert.status === "resolved" ? "RESOLVED" : alert.severity.toUpperCase();
}

/** Who, until when and what it is, in one line: "airflow -> ireland: readers from 02:45Z, in 1 h 12 min, … (target failing)". */
export function headline(alert: Alert, most: number = MOST_LINE): string {
  const { who, until } = plainLines(alert.lines);
  const reason = reasonOf(alert);
  const inner = until.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase()).replace(/\.$/, "");
  const end = reason === "" ? "" : ` (${reason})`;
  return cut(inner === "" ? who : `${who}: ${inner}`, most - end.length) + end;
}

/** What it is, in words: "target failing". */
export function reasonOf({ labels }: Alert): string {
  return plain(labels["reason"] ?? "", MOST_REASON).replaceAll("_", " ");
}

/** The five lines under each other. */
export function fiveLines(alert: Alert): string {
  const { who, until, why, next, you } = plainLines(alert.lines);
  return [who, until, `Why: ${why}`, `Next: ${next}`, `You: ${you}`].filter((line) => line !== "").join("\n");
}

/** Firing before resolved, the gravest first, then as they came. */
export function gravestFirst(alerts: readonly Alert[]): readonly Alert[] {
  const rank = (alert: Alert): number =>
    (alert.status === "firing" ? SEVERITIES.length : 0) + SEVERITIES.indexOf(alert.severity);
  return alerts.toSorted((a, b) => rank(b) - rank(a));
}

/** `2 critical, 1 warning, 3 resolved`. */
export function tally(alerts: readonly Alert[]): string {
  const counts = new Map<string, number>();
  for (const alert of gravestFirst(alerts)) {
    const kind = alert.status === "resolved" ? "resolved" : alert.severity;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
}

/** Names this telling, in 40 hex digits: the same when it is told again after a failure. */
export function tellingId({ key, status, severity, openedAt, toldTimes }: Alert): string {
  return digest(JSON.stringify([key, status, severity, openedAt, toldTimes]));
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}
