/** As much of PromQL as is needed to see which metrics and labels an expression names. Not a parser: promtool is one. */
export interface Named {
  /** With the labels that are matched on. */
  readonly metrics: readonly { readonly name: string; readonly labels: readonly string[] }[];
  /** In `by`, `without`, `on`, `ignoring` and groups. */
  readonly grouped: readonly string[];
  readonly functions: readonly string[];
}

const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const OPERATORS = new Set(["and", "or", "unless", "bool", "offset"]);

export function namesIn(expr: string): Named {
  const grouped: string[] = [];
  const bare = expr.replaceAll(/"[^"]*"|`[^`]*`/g, '""').replaceAll(/\[[^\]]*\]/g, "");
  const ungrouped = bare.replaceAll(GROUPING, (_, labels: string) => {
    grouped.push(
      ...labels
        .split(",")
        .map((each) => each.trim())
        .filter((each) => each !== ""),
    );
    return " ";
  });
  const functions: string[] = [];
  const metrics: { name: string; labels: string[] }[] = [];
  for (const [, name = "", follows = "", matchers = ""] of ungrouped.matchAll(
    /([a-zA-Z_:][\w:]*)\s*(?:(\()|\{([^}]*)\})?/g,
  )) {
    if (OPERATORS.has(name)) continue;
    // An aggregation may have its labels before its parenthesis, where they were taken out above.
    if (follows === "(") functions.push(name);
    else
      metrics.push({ name, labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label ?? "") });
  }
  return { metrics, grouped, functions };
}
