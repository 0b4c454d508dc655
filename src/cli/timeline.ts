import { formatInstant, type Instant } from "../core/duration.ts";
import type { PlanEntry } from "../core/plan.ts";
import { inWords } from "./format.ts";

interface Mark {
  readonly letter: string;
  readonly at: Instant;
  readonly words: string;
}

const WIDTH_MAX = 76;

/**
 * A token's life as a line: `=` gone, `-` to come, `!` from `latest` on, `#` when readers get less than they need.
 * Undefined where no token is known.
 */
export function timeline(entry: PlanEntry, now: Instant, columns: number): readonly string[] | undefined {
  const { startAt, expAt } = entry;
  if (startAt === null || expAt === null || expAt <= startAt) return undefined;
  const marks = marksOf(entry, now).toSorted((a, b) => a.at - b.at);
  const first = Math.min(startAt, ...marks.map(({ at }) => at));
  const last = Math.max(expAt, ...marks.map(({ at }) => at));
  const width = Math.min(columns - 4, WIDTH_MAX);
  const cellOf = (at: Instant): number => Math.round(((at - first) / (last - first)) * (width - 1));
  const bar = Array.from({ length: width }, (_, cell) => signOf(cell, cellOf, entry, now)).join("");
  return [`  ${bar}`, `  ${lettersUnder(marks, cellOf, width)}`, ...marks.map((mark) => legend(mark, now, columns))];
}

function marksOf(entry: PlanEntry, now: Instant): readonly Mark[] {
  const { startAt, floorAt, renewAt, latestAt, deadlineAt, expAt } = entry;
  const all: readonly (readonly [string, Instant | null, string])[] = [
    ["i", startAt, "issued"],
    ["f", floorAt, "floor, never due before it"],
    ["r", renewAt, "renewal"],
    ["l", latestAt, "latest, urgent from here on"],
    ["d", deadlineAt, "deadline, too short for readers"],
    ["e", expAt, "expiry"],
    ["N", now, "now"],
  ];
  return all.flatMap(([letter, at, words]) => (at === null ? [] : [{ letter, at, words }]));
}

function signOf(
  cell: number,
  cellOf: (at: Instant) => number,
  { latestAt, deadlineAt }: PlanEntry,
  now: Instant,
): string {
  if (deadlineAt !== null && cell >= cellOf(deadlineAt)) return "#";
  if (latestAt !== null && cell >= cellOf(latestAt)) return "!";
  return cell <= cellOf(now) ? "=" : "-";
}

/** Two at one place stand side by side, in order of time. */
function lettersUnder(marks: readonly Mark[], cellOf: (at: Instant) => number, width: number): string {
  let line = "";
  marks.forEach(({ letter, at }, index) => {
    const room = width - (marks.length - index);
    line = line.padEnd(Math.min(cellOf(at), room)) + letter;
  });
  return line;
}

/** On a narrow terminal the words stand below. */
function legend({ letter, at, words }: Mark, now: Instant, columns: number): string {
  const when = letter === "N" ? "" : `  ${inWords(at, now)}`;
  const head = `  ${letter} ${formatInstant(at)}${when.padEnd(18)}`;
  const line = `${head}  ${words}`;
  return line.length <= columns ? line : `${head.trimEnd()}\n    ${words}`;
}
