import { z } from "zod";
import { explain } from "./explain.ts";
import { KEY_PATTERN, keyed } from "./fields.ts";
import { isMapping } from "./plain.ts";
import { type Problem, renderPath, SettingsError } from "./problems.ts";
import type { Source } from "./source.ts";

type Path = readonly PropertyKey[];

/** Collects all that is wrong with one settings file. */
export class Report {
  readonly source: Source;
  readonly #problems = new Map<string, Problem>();

  constructor(source: Source) {
    this.source = source;
  }

  /** The same words at the same place are told once, as when ten tokens inherit one mistake. */
  add(path: Path, message: string, hint: string, part: "key" | "value" = "value"): void {
    const { line, column } = this.#locate(path, part);
    const id = `${line}:${column}:${message}`;
    if (this.#problems.has(id)) return;
    this.#problems.set(id, { file: this.source.file, line, column, path: renderPath(path), message, hint });
  }

  /**
   * `value` through its schema, or undefined with its problems noted. `alsoKnown` are keys that were taken out of
   * `value` before and may still be suggested.
   */
  check<T>(schema: z.ZodType<T>, value: unknown, path: Path, alsoKnown: readonly string[] = []): T | undefined {
    const answer = schema.safeParse(value);
    if (answer.success) return answer.data;
    for (const found of explain(answer.error.issues, schema, value, alsoKnown)) {
      this.add([...path, ...found.path], found.message, found.hint, found.part);
    }
    return undefined;
  }

  /** The entries of a mapping whose keys may be keys of ours; an absent or empty one has none. */
  entries(value: unknown, path: Path): readonly (readonly [key: string, value: unknown])[] {
    if (value === undefined || value === null) return [];
    this.check(keyed(z.unknown()), value, path);
    return isMapping(value) ? Object.entries(value).filter(([name]) => KEY_PATTERN.test(name)) : [];
  }

  get hasProblems(): boolean {
    return this.#problems.size > 0;
  }

  throwIfAny(): void {
    if (!this.hasProblems) return;
    throw new SettingsError([...this.#problems.values()].sort((a, b) => a.line - b.line || a.column - b.column));
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

function inherited(path: Path): readonly Path[] {
  if (path[0] !== "tokens" || path.length < 3) return [];
  const fromToken = ["defaults", "token", ...path.slice(2)];
  return path[2] === "targets" && path.length > 4 ? [["defaults", "target", ...path.slice(4)], fromToken] : [fromToken];
}
