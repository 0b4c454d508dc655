/** Alerts as one mail. */
import type { SendMailOptions } from "nodemailer";
import type { Alert } from "../../core/alert.ts";
import { formatInstant, type Instant } from "../../core/duration.ts";
import { cut, digest, fiveLines, gravestFirst, headline, mark, plain, plainLines, tally, tellingId } from "../text.ts";

/** RFC 5322 §2.1.1 allows lines of 998; longer ones are cut off by most programs anyway. */
const MOST_SUBJECT = 200;

export interface Addresses {
  readonly instance: string;
  readonly from: string;
  readonly to: readonly string[];
}

/** The mail and its Message-ID, which is the same when the same alerts are told again. */
export function toMail(
  alerts: readonly Alert[],
  { instance, from, to }: Addresses,
  now: Instant,
): SendMailOptions & { readonly messageId: string } {
  const ordered = gravestFirst(alerts);
  const [first] = ordered;
  if (first === undefined) throw new TypeError("a mail of no alert");
  const isOne = ordered.length === 1;
  const what = isOne ? `${mark(first)} ${headline(first)}` : `${tally(ordered)}: ${headline(first)}`;
  const id = (name: string): string => `<${name}@${from.slice(from.lastIndexOf("@") + 1)}>`;
  // Every mail of one incident points to its first: that is what makes them one thread (RFC 5322 §3.6.4).
  const root = id(digest(`${first.key} ${first.openedAt}`));
  const own = id(digest(ordered.map(tellingId).join(" ")));
  const isRoot = isOne && first.cause === "opened";
  return {
    from: { name: `renewd/${plain(instance, 100)}`, address: from },
    to: to.map((address) => ({ name: "", address })),
    subject: cut(`[renewd/${plain(instance, 100)}] ${what}`, MOST_SUBJECT),
    date: new Date(now),
    messageId: isRoot ? root : own,
    ...(isOne && !isRoot ? { inReplyTo: root, references: root } : {}),
    // RFC 3834 §5, and what Exchange goes by: no answers from those who are away.
    headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
    text: `${ordered.map(toText).join("\n\n----\n\n")}\n`,
    html: `<!doctype html><html><body style="font-family:sans-serif">${ordered.map(toHtml).join("<hr>")}</body></html>`,
  };
}

function toText(alert: Alert): string {
  const links = linksOf(alert).map(([name, url]) => `${name}: ${url}`);
  return [mark(alert), fiveLines(alert), `Since: ${formatInstant(alert.openedAt)}`, ...links].join("\n");
}

function toHtml(alert: Alert): string {
  const { who, until, why, next, you } = plainLines(alert.lines);
  const rows = [
    ["Who", who],
    ["Until", until],
    ["Why", why],
    ["Next", next],
    ["You", you],
    ["Since", formatInstant(alert.openedAt)],
  ] as const;
  const cells = rows
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `<tr><th align="left" valign="top">${name}</th><td>${escape(text)}</td></tr>`);
  const links = linksOf(alert).map(([name, url]) => `<a href="${escape(url)}">${name}</a>`);
  return `<h2>${escape(mark(alert))}</h2><table cellpadding="4">${cells.join("")}</table><p>${links.join(" · ")}</p>`;
}

function linksOf(alert: Alert): readonly (readonly [name: string, url: string])[] {
  const links = [
    ["Runbook", alert.runbookUrl],
    ["Dashboard", alert.pageUrl ?? ""],
  ] as const;
  return links.filter(([, url]) => /^https?:$/.test(URL.parse(url)?.protocol ?? ""));
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
