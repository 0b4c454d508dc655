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
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return label.padEnd(indent) + [...lines, line].join(`\n${" ".repeat(indent)}`);
}

/** `labelled`, each of its lines in a style. */
export function painted(paint: Paint, style: Style, text: string): string {
  return text
    .split("\n")
    .map((line) => paint(style, line))
    .join("\n");
}

/** Columns as wide as their widest cell, two spaces apart, the last one ragged. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(clean));
  const widths = widthsOf(cells);
  return cells
    .map((row) =>
      row
        .map((cell, i) => padded(cell, widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** How wide each column of a table is. */
export function widthsOf(rows: readonly (readonly string[])[]): readonly number[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))));
  return widths;
}

export function padded(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - widthOf(cell)));
}

/** Two columns of a terminal each: Unicode's wide scripts (UAX 11) and pictures. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/u;

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const point of text) width += /[\p{Mn}\p{Me}\p{Cf}]/u.test(point) ? 0 : WIDE.test(point) ? 2 : 1;
  return width;
}

/** "1 token", "2 tokens". */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
