import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Alias, ErrorCode, Node, Pair, YAMLMap } from "yaml";
import { valueAt } from "./plain.ts";
import type { Problem } from "./problems.ts";

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

const MAX_DEPTH = 64;
const MAX_ALIASES = 20_000;
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
    uniqueKeys: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults: Fault[] = [...document.errors, ...document.warnings].map((each) => ({
    offset: each.pos[0],
    ...(SYNTAX[each.code] ?? NOT_YAML),
  }));
  if (faults.length === 0) faults.push(...structureFaults(document));
  if (faults.length > 0) return syntaxProblems(faults, place, file);
  const value = plainValue(document);
  if (value === undefined) return syntaxProblems([{ offset: 0, ...TOO_MANY_ALIASES }], place, file);
  const { plain } = value;
  return {
    file,
    value: plain,
    locate: (path, part) => place(offsetOf(document, path, part ?? "value")),
    has: (path) => path.length === 0 || valueAt(plain, path) !== undefined,
  };
}

interface Words {
  readonly message: string;
  readonly hint: string;
}

interface Fault extends Words {
  readonly offset: number;
}

const QUOTES = "Put text that begins with * & ! % @ or holds `: ` or ` #` in quotes.";
const NOT_YAML: Words = { message: "is not YAML", hint: `Look at the indentation and the quotes here. ${QUOTES}` };
const TOO_DEEP: Words = { message: "is nested too deep", hint: `At most ${MAX_DEPTH} levels are read; flatten it.` };
const TAGGED: Words = { message: "has a tag", hint: `Tags (\`!name\`) mean nothing here; remove it. ${QUOTES}` };
const TOO_MANY_ALIASES: Words = {
  message: "repeats its anchors too often",
  hint: `At most ${MAX_ALIASES} values may come from one anchor (\`&name\`); write some of them out.`,
};
const NO_ANCHOR: Words = {
  message: "is an alias without an anchor before it",
  hint: `Define it above as \`&name\`, or, if it is text, quote it. ${QUOTES}`,
};
const BAD_MERGE: Words = { message: "merges something that is no mapping", hint: "Give `<<` an alias of a mapping." };
const SYNTAX: Partial<Record<ErrorCode, Words>> = {
  DUPLICATE_KEY: { message: "this key is already there", hint: "Remove one of the two; a later one would win unseen." },
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

/** What the parser lets pass, or would only throw without a place later. */
function structureFaults(document: Document): readonly Fault[] {
  const faults: Fault[] = [];
  // An alias means the last anchor of its name before it; asking the document for each would walk it anew every time.
  const anchors = new Map<string, unknown>();
  const resolve: Resolve = (alias) => anchors.get(alias.source);
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== "1.2") {
    faults.push({ offset: 0, message: "is not YAML 1.2", hint: "Remove the `%YAML` line." });
  }
  const visit = (node: unknown, above: readonly unknown[]): void => {
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isPair(node)) {
      visit(node.key, above);
      visit(node.value, above);
    } else if (isAlias(node)) {
      const target = resolve(node);
      const words = target === undefined ? NO_ANCHOR : above.includes(target) ? TOO_DEEP : undefined;
      if (words !== undefined) faults.push({ offset: start(node), ...words });
    } else if (isMap(node) || isSeq(node)) {
      if (above.length >= MAX_DEPTH) {
        faults.push({ offset: start(node), ...TOO_DEEP });
        return;
      }
      const below = [...above, node];
      if (isMap(node)) {
        for (const pair of node.items) {
          if (isMergeKey(pair) && mergeSources(resolve, pair) === undefined) {
            faults.push({ offset: start(pair.key), ...BAD_MERGE });
          }
        }
      }
      for (const item of node.items) visit(item, below);
    }
    if (isTagged(node)) faults.push({ offset: start(node), ...TAGGED });
  };
  visit(document.contents, []);
  return faults;
}

function isTagged(node: unknown): boolean {
  return (isScalar(node) || isMap(node) || isSeq(node)) && node.tag !== undefined && node.tag.startsWith("!");
}

function plainValue(document: Document): { readonly plain: unknown } | undefined {
  try {
    return { plain: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown };
  } catch (error) {
    // Everything else that conversion refuses was found with its place before.
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** Walks down as far as `path` leads; a value without a line of its own stands where its key stands. */
function offsetOf(document: Document, path: readonly PropertyKey[], part: "key" | "value"): number {
  let node: unknown = document.contents;
  let key: unknown;
  let walked = 0;
  for (const step of path) {
    const [nextKey, next] = child(document, isAlias(node) ? node.resolve(document) : node, step);
    if (nextKey === undefined && next === undefined) break;
    key = nextKey;
    node = next;
    walked++;
  }
  const wantsKey = part === "key" && walked === path.length;
  const scalar = isScalar(node) && node.value !== null;
  const alias = isAlias(node);
  const wanted = key !== undefined && (wantsKey || !(scalar || alias)) ? key : node;
  return start(wanted) || start(key) || 0;
}

function child(document: Document, node: unknown, step: PropertyKey): [key: unknown, value: unknown] {
  if (isSeq(node)) return [undefined, typeof step === "number" ? node.items[step] : undefined];
  if (!isMap(node)) return [undefined, undefined];
  for (const pair of node.items) {
    if (!isMergeKey(pair) && isScalar(pair.key) && pair.key.value === step) return [pair.key, pair.value ?? pair.key];
  }
  for (const pair of node.items.filter(isMergeKey)) {
    for (const source of mergeSources((alias) => alias.resolve(document), pair) ?? []) {
      const found = child(document, source, step);
      if (found[0] !== undefined) return found;
    }
  }
  return [undefined, undefined];
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === "<<" && pair.key.type === "PLAIN";
}

type Resolve = (alias: Alias) => unknown;

function mergeSources(resolve: Resolve, pair: Pair): readonly YAMLMap[] | undefined {
  const resolved = (node: unknown): unknown => (isAlias(node) ? resolve(node) : node);
  const value = resolved(pair.value);
  const sources = isSeq(value) ? value.items.map(resolved) : [value];
  return sources.every((each) => isMap(each)) ? sources : undefined;
}

function start(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}
