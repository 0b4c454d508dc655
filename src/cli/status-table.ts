/** Many tokens: a row each, those that need attention first and with what to do. What does not need anybody is bounded. */
import { byDanger, dangerAt, openConditions } from "../core/danger.ts";
import { type Instant, NEVER_AT } from "../core/duration.ts";
import { renewalAt, type TokenStatus } from "../core/status.ts";
import type { Output } from "./command.ts";
import { inWords, labelled, padded, type Style, widthOf, widthsOf } from "./format.ts";
import { conditionText, wordOf } from "./status-parts.ts";

/** So many rows are shown unless all are asked for. */
const ROWS_MAX = 100;
/** So many things are told of one token; `status TOKEN` tells all. */
const TROUBLES_MAX = 3;

const HEAD = [" ", "STATE", "NEXT RENEWAL", "SAFE UNTIL", "TARGETS"];

/** A row's cells, all but the token itself: its name may be long and stands last. */
interface Row {
  readonly token: TokenStatus;
  readonly cells: readonly string[];
}

export function tokenTable(tokens: readonly TokenStatus[], at: Instant, out: Output, all: boolean): string {
  const ordered = byDanger(tokens);
  const unwell = ordered.filter(({ ok }) => !ok);
  const shown = all || ordered.length <= ROWS_MAX ? ordered : unwell.slice(0, ROWS_MAX);
  const rows = shown.map((token) => ({ token, cells: cellsOf(token, at) }));
  const widths = widthsOf([HEAD, ...rows.map(({ cells }) => cells)]);
  const lines = rows.flatMap((row) => [rowText(row, widths, out), ...troubleLines(row.token, out)]);
  const head = [out.paint("faint", `${joined(HEAD, widths).join("")}TOKEN`), ...lines];
  return [...(rows.length === 0 ? [] : head), ...restLines(ordered, shown, unwell.length, out)].join("\n");
}

function cellsOf(token: TokenStatus, at: Instant): readonly string[] {
  const { ok, state, pause, targets } = token;
  const renewAt = renewalAt(token);
  const next = pause !== null ? "paused" : renewAt === null ? "-" : renewAt <= at ? "due" : when(renewAt, at);
  const safeAt = dangerAt(token);
  const well = targets.filter((target) => target.ok && target.held !== null).length;
  return [ok ? "" : "!", wordOf(state), next, safeAt === null ? "-" : when(safeAt, at), `${well}/${targets.length}`];
}

function when(instant: Instant, at: Instant): string {
  return instant >= NEVER_AT ? "no end" : inWords(instant, at);
}

/** The mark stands close to the state, the others two spaces apart. */
function joined(cells: readonly string[], widths: readonly number[]): readonly [state: string, rest: string] {
  const [mark = "", state = "", ...rest] = cells.map((cell, i) => padded(cell, widths[i] ?? 0));
  return [`${mark} ${state}  `, rest.map((cell) => `${cell}  `).join("")];
}

/** A name that does not fit beside its cells gets a line of its own, whole. */
function rowText({ token, cells }: Row, widths: readonly number[], out: Output): string {
  const style: Style = token.ok ? "good" : "bad";
  const [first, plain] = joined(cells, widths);
  const fits = widthOf(first) + widthOf(plain) + widthOf(token.token) <= out.columns;
  const tail = fits ? plain : plain.trimEnd();
  const name = out.paint("strong", token.token);
  return `${out.paint(style, first)}${out.paint("plain", tail)}${fits ? "" : "\n    "}${name}`;
}

function troubleLines(token: TokenStatus, out: Output): readonly string[] {
  if (token.ok) return [];
  const troubles = openConditions(token).filter(({ severity }) => severity !== "info");
  const more = troubles.length - TROUBLES_MAX;
  const told = troubles
    .slice(0, TROUBLES_MAX)
    .map((condition) => conditionText(condition, out, condition.target ?? ""));
  if (more <= 0) return told;
  return [...told, labelled("  …", `and ${more} more: \`renewd status ${token.token}\``, out.columns, 12)];
}

function restLines(
  ordered: readonly TokenStatus[],
  shown: readonly TokenStatus[],
  unwell: number,
  out: Output,
): readonly string[] {
  const hidden = ordered.length - shown.length;
  if (hidden === 0) return [];
  const counts = new Map<string, number>();
  for (const { state } of ordered) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].sort(([, a], [, b]) => b - a).map(([state, n]) => `${n} ${wordOf(state)}`);
  const more = unwell > shown.length ? `${unwell - shown.length} more need attention. ` : "";
  const how = "`--all` lists every token, `--state` and `--issuer` choose among them.";
  return [
    ...(shown.length === 0 ? [] : [""]),
    labelled("", `${more}${hidden} not shown. By state: ${states.join(", ")}.`, out.columns),
    labelled("  -> ", how, out.columns),
  ];
}
