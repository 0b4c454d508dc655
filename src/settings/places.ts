import { isAlias, isMap, isScalar, isSeq, type Pair, type YAMLMap } from "yaml";
import { isMergeKey, mergeSources, startOf, type Targets } from "./structure.ts";

/** Finds where in its text a value of a document stands, in time that does not grow with the document. */
export class Places {
  readonly #root: unknown;
  readonly #targets: Targets;
  readonly #indices = new WeakMap<YAMLMap, Index>();

  constructor(root: unknown, targets: Targets) {
    this.#root = root;
    this.#targets = targets;
  }

  /** Walks down as far as `path` leads; a value without a line of its own stands where its key stands. */
  offsetOf(path: readonly PropertyKey[], part: "key" | "value"): number {
    let node = this.#root;
    let key: unknown;
    let walked = 0;
    for (const step of path) {
      const [nextKey, next] = this.#child(isAlias(node) ? this.#targets.get(node) : node, step);
      if (nextKey === undefined && next === undefined) break;
      key = nextKey;
      node = next;
      walked++;
    }
    const wantsKey = part === "key" && walked === path.length;
    const scalar = isScalar(node) && node.value !== null;
    const alias = isAlias(node);
    const wanted = key !== undefined && (wantsKey || !(scalar || alias)) ? key : node;
    return startOf(wanted) || startOf(key) || 0;
  }

  #child(node: unknown, step: PropertyKey): [key: unknown, value: unknown] {
    if (isSeq(node)) return [undefined, typeof step === "number" ? node.items[step] : undefined];
    if (!isMap(node)) return [undefined, undefined];
    const { pairs, merges } = this.#indexOf(node);
    const own = pairs.get(step);
    if (own !== undefined) return [own.key, own.value ?? own.key];
    for (const source of merges) {
      const found = this.#child(source, step);
      if (found[0] !== undefined) return found;
    }
    return [undefined, undefined];
  }

  #indexOf(map: YAMLMap): Index {
    const known = this.#indices.get(map);
    if (known !== undefined) return known;
    const pairs = new Map<unknown, Pair>();
    const merges: YAMLMap[] = [];
    for (const pair of map.items) {
      if (isMergeKey(pair)) merges.push(...(mergeSources(pair, this.#targets) ?? []));
      else if (isScalar(pair.key)) pairs.set(pair.key.value, pair);
    }
    const index = { pairs, merges };
    this.#indices.set(map, index);
    return index;
  }
}

interface Index {
  readonly pairs: ReadonlyMap<unknown, Pair>;
  readonly merges: readonly YAMLMap[];
}
