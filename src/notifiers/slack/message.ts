/** Alerts as one message of a Slack incoming webhook: `text` for notifications, an attachment with blocks for each alert. */
import type { Alert } from "../../core/alert.ts";
import { fiveLines, gravestFirst, headline, mark, plain, plainLines, reasonOf, tally } from "../text.ts";

/** More would not be read in one message; of the others there is who and what, a line each. */
const MOST_SHOWN = 10;
/** Of these lines so many make a section, with a name and a reason of at most so many characters once they are escaped. */
const SECTION_LINES = 8;
const MOST_NAME = 200;
const MOST_REASON = 100;
/** A section's text may have 3,000 characters, counted once they are escaped, and holds up to four of these. */
const MOST_LINE = 700;
const MOST_FALLBACK = 3_000;

const COLOURS = { critical: "#c62828", warning: "#f9a825", info: "#1565c0", resolved: "#2e7d32" } as const;
const SIGNS = { critical: ":red_circle:", warning: ":large_yellow_circle:", info: ":information_source:" } as const;

export type SlackMessage = Readonly<Record<string, unknown>>;

export function toMessage(alerts: readonly Alert[], instance: string): SlackMessage {
  const ordered = gravestFirst(alerts);
  const [first] = ordered;
  if (first === undefined) throw new TypeError("a message of no alert");
  if (ordered.length === 1) {
    return {
      text: titleOf(first),
      mrkdwn: true,
      link_names: false,
      attachments: [attachment(first, detailsOf(first))],
    };
  }
  const shown = ordered.slice(0, MOST_SHOWN);
  return {
    text: `*renewd/${escape(plain(instance, 100))}*: ${tally(ordered)}`,
    mrkdwn: true,
    link_names: false,
    attachments: [
      ...shown.map((alert) => attachment(alert, `${titleOf(alert)}\n${shortOf(alert)}`)),
      ...listed(ordered.slice(MOST_SHOWN)),
    ],
  };
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** At most `most` characters with Slack's three escapes; and no word that calls people, should a workspace link such words. */
function escape(text: string, most: number = MOST_LINE): string {
  let escaped = "";
  for (const character of text.replaceAll(/(?<!\w)@(?=\w)/g, "@\u200B")) {
    const next = ESCAPES[character] ?? character;
    if (escaped.length + next.length >= most) return `${escaped}…`;
    escaped += next;
  }
  return escaped;
}

function titleOf(alert: Alert): string {
  return `${signOf(alert)} ${escape(headline(alert))}`;
}

function signOf(alert: Alert): string {
  const sign = alert.status === "resolved" ? ":white_check_mark:" : SIGNS[alert.severity];
  return `${sign} *${escape(mark(alert))}*`;
}

function listed(alerts: readonly Alert[]): readonly Readonly<Record<string, unknown>>[] {
  if (alerts.length === 0) return [];
  const lines = alerts.map((alert) => {
    const what = escape(reasonOf(alert), MOST_REASON);
    return `${signOf(alert)} ${escape(plainLines(alert.lines).who, MOST_NAME)}${what === "" ? "" : ` (${what})`}`;
  });
  const sections = lines.flatMap((_, at) => (at % SECTION_LINES === 0 ? [lines.slice(at, at + SECTION_LINES)] : []));
  const blocks = sections.map((section) => ({
    type: "section",
    text: { type: "mrkdwn", text: section.join("\n"), verbatim: true },
  }));
  return [{ fallback: `and ${alerts.length} more`, blocks }];
}

function detailsOf(alert: Alert): string {
  const { why, next, you } = plainLines(alert.lines);
  return [line("Why", why), line("Next", next), line("You", you)].join("\n");
}

function shortOf(alert: Alert): string {
  const { why, you } = plainLines(alert.lines);
  return [line("Why", why), line("You", you)].join("\n");
}

function line(name: string, text: string): string {
  return `*${name}:* ${escape(text)}`;
}

function attachment(alert: Alert, text: string): Readonly<Record<string, unknown>> {
  const links = [link(alert.runbookUrl, "Runbook"), link(alert.pageUrl ?? "", "Dashboard")].filter(
    (each) => each !== "",
  );
  const context = { type: "context", elements: [{ type: "mrkdwn", text: links.join(" · "), verbatim: true }] };
  return {
    color: alert.status === "resolved" ? COLOURS.resolved : COLOURS[alert.severity],
    fallback: escape(fiveLines(alert), MOST_FALLBACK),
    blocks: [
      { type: "section", text: { type: "mrkdwn", text, verbatim: true } },
      ...(links.length === 0 ? [] : [context]),
    ],
  };
}

function link(url: string, text: string): string {
  const href = URL.parse(url)?.href.replaceAll("|", "%7C").replaceAll(">", "%3E").replaceAll("<", "%3C");
  return href === undefined ? "" : `<${href.replaceAll("&", "&amp;")}|${text}>`;
}
