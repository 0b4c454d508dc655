import { RenewdError, type RenewdErrorOptions } from "../core/errors.ts";

/** One thing wrong with a settings file: where, what, and what to do. Never holds the value of a secret. */
export interface Problem {
  /** As it was given on the command line, so that an editor's terminal can open it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `tokens.airflow.targets.x.hold`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly hint: string;
  /** How many problems this entry stands for; 1 when left out. */
  readonly count?: number;
}

/** How many problems are told at once; more are only counted. */
const MAX_PROBLEMS = 50;

/** The settings cannot be used. `problems` has all that is wrong with them, in the order of the file. */
export class SettingsError extends RenewdError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options: RenewdErrorOptions = {}) {
    super("settings_invalid", summary(problems), options);
    this.name = "SettingsError";
    this.problems = problems;
  }
}

/**
 * For people, two indented lines under each place:
 *
 *     config/renewd.yaml:12:5  tokens.airflow.targets.x.hold
 *       a consumer holds it for longer than it lives: …
 *       -> Ask for a `request.lifetime` of more than 7 h.
 */
export function renderProblems(problems: readonly Problem[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS).map((each) => {
    const place = `${each.file}:${each.line}:${each.column}${each.path === "" ? "" : `  ${each.path}`}`;
    return `${place}\n  ${each.message}\n  -> ${each.hint}`;
  });
  const left = countOf(problems.slice(MAX_PROBLEMS));
  if (left > 0) shown.push(`and ${left} more`);
  return shown.join("\n");
}

/** Keys and messages may quote anything that is in the file; what moves a terminal's cursor does not come through. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "\u{FFFD}");
}

/** `["tokens", "a.b", "targets", 0]` -> `tokens["a.b"].targets[0]`. */
export function renderPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, depth) => {
      if (typeof key === "number") return `[${key}]`;
      const text = printable(String(key).slice(0, 80));
      if (!/^[\w$<-]+$/.test(text)) return `[${JSON.stringify(text)}]`;
      return depth === 0 ? text : `.${text}`;
    })
    .join("");
}

function summary(problems: readonly Problem[]): string {
  const first = problems[0];
  if (first === undefined) throw new TypeError("a SettingsError without a problem");
  const path = first.path === "" ? "" : ` ${first.path}:`;
  const more = problems.length === 1 ? "" : ` (and ${countOf(problems) - 1} more)`;
  return `${first.file}:${first.line}:${first.column}:${path} ${first.message}${more}`;
}

function countOf(problems: readonly Problem[]): number {
  return problems.reduce((sum, each) => sum + (each.count ?? 1), 0);
}
