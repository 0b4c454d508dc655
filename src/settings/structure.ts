import { type Document, isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Alias, Pair, YAMLMap } from "yaml";

export interface Words {
  readonly message: string;
  readonly hint: string;
}

export interface Fault extends Words {
  readonly offset: number;
}

/** What a document is besides its nodes: what keeps it from being read, and what each alias means. */
export interface Structure {
  readonly faults: readonly Fault[];
  readonly targets: Targets;
}

/** What each alias stands for. Asking the document instead would walk it anew for every one of them. */
export type Targets = ReadonlyMap<Alias, unknown>;

const MAX_DEPTH = 64;
/** A thousand tokens that share two hundred values each; a chain of anchors grows faster than the memory. */
const MAX_REPEATED_VALUES = 200_000;

export const QUOTES = "Put text that begins with * & ! % @ or holds `: ` or ` #` in quotes.";
export const TOO_DEEP: Words = {
  message: "is nested too deep",
  hint: `At most ${MAX_DEPTH} levels are read; flatten it.`,
};
export const TAGGED: Words = {
  message: "has a tag",
  hint: `Tags (\`!name\`) mean nothing here; remove it. ${QUOTES}`,
};
const TOO_MANY_REPEATED: Words = {
  message: "repeats its anchors too often",
  hint: `At most ${MAX_REPEATED_VALUES} values may come from aliases (\`*name\`) in one file; share smaller mappings.`,
};
const NO_ANCHOR: Words = {
  message: "is an alias without an anchor before it",
  hint: `Define it above as \`&name\`, or, if it is text, quote it. ${QUOTES}`,
};
const BAD_MERGE: Words = { message: "merges something that is no mapping", hint: "Give `<<` an alias of a mapping." };
const TWICE: Words = {
  message: "this key is already there",
  hint: "Remove one of the two; a later one would win unseen.",
};
/** Setting it on an object of the language changes the object instead, so it would be dropped somewhere on the way. */
const RESERVED: Words = { message: "`__proto__` cannot be a key", hint: "Rename it, or remove it." };

/** What the parser lets pass, or would look for in quadratic time, or only throw without a place later. */
export function structureOf(document: Document): Structure {
  const walk = new Walk();
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== "1.2") {
    walk.faults.push({ offset: 0, message: "is not YAML 1.2", hint: "Remove the `%YAML` line." });
  }
  walk.visit(document.contents, []);
  return walk;
}

class Walk implements Structure {
  readonly faults: Fault[] = [];
  readonly targets = new Map<Alias, unknown>();
  /** An alias means the last anchor of its name before it. */
  readonly #anchors = new Map<string, unknown>();
  /** How many values there are in what has an anchor, aliases written out. */
  readonly #sizes = new Map<unknown, number>();
  #repeated = 0;

  /** Answers how many values `node` has, aliases written out. */
  visit(node: unknown, above: readonly unknown[]): number {
    if (isAlias(node)) return this.#visitAlias(node, above);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return 0;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (node.tag?.startsWith("!") === true) this.#fault(node, TAGGED);
    const size = 1 + (isScalar(node) ? 0 : this.#visitItems(node, above));
    if (node.anchor !== undefined) this.#sizes.set(node, size);
    return size;
  }

  #visitAlias(alias: Alias, above: readonly unknown[]): number {
    const target = this.#anchors.get(alias.source);
    const size = this.#sizes.get(target) ?? 1;
    this.targets.set(alias, target);
    if (target === undefined) this.#fault(alias, NO_ANCHOR);
    else if (above.includes(target)) this.#fault(alias, TOO_DEEP);
    else if (this.#repeated <= MAX_REPEATED_VALUES && this.#repeated + size > MAX_REPEATED_VALUES) {
      this.#fault(alias, TOO_MANY_REPEATED);
    }
    this.#repeated += size;
    return size;
  }

  #visitItems(node: { readonly items: readonly unknown[] }, above: readonly unknown[]): number {
    if (above.length >= MAX_DEPTH) {
      this.#fault(node, TOO_DEEP);
      return 0;
    }
    const below = [...above, node];
    if (!isMap(node)) return node.items.reduce<number>((sum, item) => sum + this.visit(item, below), 0);
    const keys = new Set<unknown>();
    let size = 0;
    for (const pair of node.items) {
      this.visit(pair.key, below);
      size += this.visit(pair.value, below);
      this.#judgeKey(pair, keys);
    }
    return size;
  }

  #judgeKey(pair: Pair, before: Set<unknown>): void {
    const name = isScalar(pair.key) ? pair.key.value : pair.key;
    if (before.has(name)) this.#fault(pair.key, TWICE);
    else if (name === "__proto__") this.#fault(pair.key, RESERVED);
    else if (isMergeKey(pair) && mergeSources(pair, this.targets) === undefined) this.#fault(pair.key, BAD_MERGE);
    before.add(name);
  }

  #fault(node: unknown, words: Words): void {
    this.faults.push({ offset: startOf(node), ...words });
  }
}

export function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === "<<" && pair.key.type === "PLAIN";
}

/** The mappings that a `<<` brings, the first one winning; undefined when something else is among them. */
export function mergeSources(pair: Pair, targets: Targets): readonly YAMLMap[] | undefined {
  const resolved = (node: unknown): unknown => (isAlias(node) ? targets.get(node) : node);
  const value = resolved(pair.value);
  const sources = isSeq(value) ? value.items.map(resolved) : [value];
  return sources.every((each) => isMap(each)) ? sources : undefined;
}

export function startOf(node: unknown): number {
  return (node as { readonly range?: readonly number[] } | null | undefined)?.range?.[0] ?? 0;
}
