import { z } from "zod";
import { explain } from "./explain.ts";
import { KEY_PATTERN, keyed } from "./fields.ts";
import { isMapping } from "./plain.ts";
import { printable, type Problem, renderPath, SettingsError } from "./problems.ts";
import type { Source } from "./source.ts";

type Path = readonly PropertyKey[];

/** A hint that takes time to make is made only when it is told. */
type Hint = string | (() => string);

/** Further problems are only counted: nobody reads them, and to word each one would take minutes in a large file. */
const MAX_WORDED_PROBLEMS = 1_000;

const MAX_WARNINGS = 100;

const KEYED = keyed(z.unknown());

/** Collects all that is wrong with one settings file. */
export class Report {
  readonly source: Source;
  readonly #problems = new Map<string, Problem>();
  readonly #warnings = new Map<string, Problem>();
  #unworded = 0;

  constructor(source: Source) {
    this.source = source;
  }

  /** The same words at the same place are told once, as when ten tokens inherit one mistake. */
  add(path: Path, message: string, hint: Hint, part: "key" | "value" = "value"): void {
    if (this.#isFull) {
      this.#unworded += 1;
      return;
    }
    this.#note(this.#problems, path, message, hint, part);
  }

  /** What is allowed and probably not meant: it is told, and the settings are used all the same. */
  warn(path: Path, message: string, hint: string): void {
    if (this.#warnings.size < MAX_WARNINGS) this.#note(this.#warnings, path, message, hint, "value");
  }

  /** In the order of the file. */
  get warnings(): readonly Problem[] {
    return inOrder(this.#warnings.values());
  }

  #note(among: Map<string, Problem>, path: Path, message: string, hint: Hint, part: "key" | "value"): void {
    const { line, column } = this.#locate(path, part);
    const id = `${line}:${column}:${message}`;
    if (among.has(id)) return;
    among.set(id, {
      file: this.source.file,
      line,
      column,
      path: renderPath(path),
      message: printable(message),
      hint: printable(textOf(hint)),
    });
  }

  /**
   * `value` through its schema, or undefined with its problems noted. `alsoKnown` are keys that were taken out of
   * `value` before and may still be suggested.
   */
  check<T>(schema: z.ZodType<T>, value: unknown, path: Path, alsoKnown: readonly string[] = []): T | undefined {
    const answer = schema.safeParse(value);
    if (answer.success) return answer.data;
    if (this.#isFull) {
      this.#unworded += answer.error.issues.length;
      return undefined;
    }
    for (const found of explain(answer.error.issues, schema, value, alsoKnown)) {
      this.add([...path, ...found.path], found.message, found.hint, found.part);
    }
    return undefined;
  }

  /** The entries of a mapping whose keys may be keys of ours; an absent or empty one has none. */
  entries(value: unknown, path: Path): readonly (readonly [key: string, value: unknown])[] {
    if (value === undefined || value === null) return [];
    this.check(KEYED, value, path);
    return isMapping(value) ? Object.entries(value).filter(([name]) => KEY_PATTERN.test(name)) : [];
  }

  get hasProblems(): boolean {
    return this.#problems.size > 0;
  }

  throwIfAny(): void {
    if (!this.hasProblems) return;
    const problems = inOrder(this.#problems.values());
    const last = problems.at(-1);
    if (last !== undefined && this.#unworded > 0) {
      const message = `${this.#unworded} more problems were found`;
      problems.push({ ...last, path: "", message, hint: "Mend those above first.", count: this.#unworded });
    }
    throw new SettingsError(problems);
  }

  get #isFull(): boolean {
    return this.#problems.size >= MAX_WORDED_PROBLEMS;
  }

  /** What a token or target inherited stands under `defaults`. */
  #locate(path: Path, part: "key" | "value"): { readonly line: number; readonly column: number } {
    const { source } = this;
    for (const candidate of [path, ...inherited(path)]) {
      if (source.has(candidate)) return source.locate(candidate, part);
    }
    return source.locate(path, part);
  }
}

function inOrder(problems: Iterable<Problem>): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

function textOf(hint: Hint): string {
  return typeof hint === "string" ? hint : hint();
}

function inherited(path: Path): readonly Path[] {
  if (path[0] !== "tokens" || path.length < 3) return [];
  const fromToken = ["defaults", "token", ...path.slice(2)];
  return path[2] === "targets" && path.length > 4 ? [["defaults", "target", ...path.slice(4)], fromToken] : [fromToken];
}
