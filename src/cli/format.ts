import { styleText } from "node:util";
import { DAY_MS, formatDuration, formatInstant, type Instant } from "../core/duration.ts";

export type Style = "good" | "bad" | "warn" | "faint" | "strong" | "plain";

/** Colours a text; every text that somebody else wrote passes through here or through `clean`. */
export type Paint = (style: Style, text: string) => string;

const STYLES = { good: "green", bad: "red", warn: "yellow", faint: "dim", strong: "bold" } as const;

export function painter(colour: boolean): Paint {
  return (style, text) =>
    colour && style !== "plain" ? styleText(STYLES[style], clean(text), { validateStream: false }) : clean(text);
}

/** Without what could drive a terminal: the text may come from an issuer or a store. Line ends become spaces. */
export function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\r\n\t]+/g, " ").replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "");
}

/** "in 2 min 5 s", "3 h ago", "now". */
export function inWords(at: Instant, now: Instant): string {
  const ms = at - now;
  if (Math.abs(ms) < 500) return "now";
  return ms > 0 ? `in ${formatDuration(ms)}` : `${formatDuration(-ms)} ago`;
}

/** "2026-07-01T12:04:10Z (in 2 min 5 s)". */
export function instantInWords(at: Instant, now: Instant): string {
  return `${formatInstant(at)} (${inWords(at, now)})`;
}

/** "12:04:10" in the reader's own zone; with the date when it is more than half a day from `now`. */
export function localTime(at: Instant, now: Instant): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  if (Math.abs(at - now) < DAY_MS / 2) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

/**
 * Breaks a text at spaces so that it stands in `columns`, later lines indented as the first one's `label` is wide.
 * A word that is longer than a line stays whole, so that it can be copied.
 */
export function labelled(label: string, text: string, columns: number, indent: number = label.length): string {
  const room = Math.max(20, columns - indent);
  const lines: string[] = [];
  let line = "";
  for (const word of clean(text).split(" ")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return label.padEnd(indent) + [...lines, line].join(`\n${" ".repeat(indent)}`);
}

/** Columns as wide as their widest cell, two spaces apart, the last one ragged. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(clean));
  const widths: number[] = [];
  for (const row of cells) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** "1 token", "2 tokens". */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
