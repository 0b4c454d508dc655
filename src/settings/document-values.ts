import { isAlias, isMap, isScalar, isSeq, type YAMLMap } from "yaml";
import { isMergeKey, mergeSources, type Targets } from "./structure.ts";

/**
 * The plain values of a faultless document. What has several aliases is one value in several places. The parser's own
 * conversion looks through all anchors for each alias.
 */
export function plainValueOf(root: unknown, targets: Targets): unknown {
  const known = new Map<unknown, unknown>();
  const plain = (node: unknown): unknown => {
    if (isAlias(node)) return plain(targets.get(node));
    if (isScalar(node)) return node.value;
    if (!isMap(node) && !isSeq(node)) return null;
    const before = known.get(node);
    if (before !== undefined) return before;
    const value = isMap(node) ? mapping(node) : node.items.map(plain);
    known.set(node, value);
    return value;
  };
  /** A mapping's own keys count before merged ones, and earlier merged ones before later. */
  const mapping = (map: YAMLMap): Record<string, unknown> => {
    const value: Record<string, unknown> = {};
    for (const pair of map.items) {
      if (!isMergeKey(pair)) value[String(plain(pair.key))] = plain(pair.value);
      else for (const source of mergeSources(pair, targets) ?? []) mergeInto(value, plain(source) as object);
    }
    return value;
  };
  return plain(root);
}

function mergeInto(value: Record<string, unknown>, source: object): void {
  for (const [key, each] of Object.entries(source)) {
    if (!Object.hasOwn(value, key)) value[key] = each;
  }
}
