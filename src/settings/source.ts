import { LineCounter, parseDocument } from "yaml";
import type { ErrorCode } from "yaml";
import { plainValueOf } from "./document-values.ts";
import { Places } from "./places.ts";
import { valueAt } from "./plain.ts";
import type { Problem } from "./problems.ts";
import { type Fault, QUOTES, structureOf, TAGGED, TOO_DEEP, type Words } from "./structure.ts";

/** A settings file as plain values, and the place of each of them. */
export interface Source {
  readonly file: string;
  readonly value: unknown;
  /** Where the value of `path` stands, or its nearest ancestor; with `key`, where the last key of `path` itself stands. */
  locate(path: readonly PropertyKey[], part?: "key" | "value"): Place;
  /** Whether something stands at `path` itself. */
  has(path: readonly PropertyKey[]): boolean;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

const MAX_SYNTAX_PROBLEMS = 5;

/**
 * YAML 1.2 text (core schema, with `<<` merges) -> its values with their places, or what keeps it from being read.
 * One document of unique text keys, at most 64 levels deep; aliases cannot blow it up. The parser's own messages are
 * never passed on, since they quote the text, which may hold a password.
 */
export function readSource(text: string, file: string): Source | readonly Problem[] {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    merge: true,
    resolveKnownTags: false,
    // The parser would compare each key with all before it.
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults: readonly Fault[] = [...document.errors, ...document.warnings].map((each) => ({
    offset: each.pos[0],
    ...(SYNTAX[each.code] ?? NOT_YAML),
  }));
  if (faults.length > 0) return syntaxProblems(faults, place, file);
  const structure = structureOf(document);
  if (structure.faults.length > 0) return syntaxProblems(structure.faults, place, file);
  const value = plainValueOf(document.contents, structure.targets);
  const places = new Places(document.contents, structure.targets);
  return {
    file,
    value,
    locate: (path, part) => place(places.offsetOf(path, part ?? "value")),
    has: (path) => path.length === 0 || valueAt(value, path) !== undefined,
  };
}

const NOT_YAML: Words = { message: "is not YAML", hint: `Look at the indentation and the quotes here. ${QUOTES}` };
const SYNTAX: Partial<Record<ErrorCode, Words>> = {
  MULTIPLE_DOCS: { message: "a second document begins", hint: "Keep one document in a file; remove the `---`." },
  NON_STRING_KEY: { message: "a key is not text", hint: "Quote the key." },
  TAB_AS_INDENT: { message: "a tab indents", hint: "Indent with spaces." },
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAG_RESOLVE_FAILED: TAGGED,
  BAD_DIRECTIVE: { message: "has a directive", hint: "Directives (`%`) mean nothing here; remove it." },
};

function syntaxProblems(faults: readonly Fault[], place: (offset: number) => Place, file: string): readonly Problem[] {
  const problems: Problem[] = [];
  for (const { offset, message, hint } of faults.toSorted((a, b) => a.offset - b.offset)) {
    const { line, column } = place(offset);
    if (problems.some((each) => each.line === line)) continue;
    problems.push({ file, line, column, path: "", message, hint });
    if (problems.length === MAX_SYNTAX_PROBLEMS) break;
  }
  return problems;
}
