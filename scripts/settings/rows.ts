/** A JSON Schema of a mapping as rows of a table, one for each key that holds something. */

export type Json = Readonly<Record<string, unknown>>;

export interface Row {
  /** `oidc.timeout`; `*` is a key of one's own, `[]` an entry of a list. */
  readonly path: string;
  readonly takes: string;
  readonly fallback: string | null;
  readonly required: boolean;
  readonly description: string | null;
}

const SECRET_KEYS = "command,env,file";

export function rowsOf(schema: Json, prefix = ""): readonly Row[] {
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, Json>>;
  const required = (schema["required"] ?? []) as readonly string[];
  return Object.entries(properties).flatMap(([name, value]) => {
    const path = prefix + name;
    const inner = innerOf(value);
    const row: Row = {
      path,
      takes: nameOf(name, takesOf(value)),
      fallback: fallbackOf(value),
      required: required.includes(name) && value["default"] === undefined,
      description: textOf(value["description"]),
    };
    return [row, ...inner.flatMap(([suffix, below]) => rowsOf(below, `${path}${suffix}.`))];
  });
}

/** The mappings within a value: itself, the values of its keys, the entries of its list, the branches of a choice. */
function innerOf(value: Json): readonly (readonly [string, Json])[] {
  if (isSecret(value) || isFile(value)) return [];
  const items = value["items"] as Json | undefined;
  const values = value["additionalProperties"];
  const branches = (value["oneOf"] ?? value["anyOf"]) as readonly Json[] | undefined;
  if (branches !== undefined) {
    const merged = branches.filter((branch) => branch["properties"] !== undefined && !isSecret(branch));
    return merged.length === 0 ? [] : [["", mergedOf(merged)]];
  }
  if (value["properties"] !== undefined) return [["", value]];
  if (items !== undefined) return innerOf(items).map(([suffix, below]) => [`[]${suffix}`, below]);
  if (typeof values === "object" && values !== null)
    return innerOf(values as Json).map(([suffix, below]) => [`.*${suffix}`, below]);
  return [];
}

function mergedOf(branches: readonly Json[]): Json {
  return { properties: Object.assign({}, ...branches.map((each) => each["properties"])) as unknown };
}

/** Adapters check these as texts, so that their schemas do not tell what is in them. */
const NAMED: Readonly<Record<string, string>> = {
  timeout: "duration",
  lifetime: "duration",
  max_life: "duration",
  every: "duration",
  resend: "duration",
  lasts: "duration",
  max_response: "size",
  latest: "instant",
};

function nameOf(key: string, takes: string): string {
  return takes === "text" ? (NAMED[key] ?? takes) : takes;
}

function takesOf(value: Json): string {
  if (isSecret(value)) return "secret";
  if (isFile(value)) return "`{ file }`";
  const choices = value["enum"] as readonly unknown[] | undefined;
  if (choices !== undefined) return choices.map((each) => `\`${String(each)}\``).join(", ");
  if (value["const"] !== undefined) return `\`${JSON.stringify(value["const"])}\``;
  const pattern = textOf(value["pattern"]) ?? "";
  if (pattern.includes("(%|")) return "share or duration";
  if (pattern.includes("ms|s|m|h|d")) return "duration";
  const branches = (value["anyOf"] ?? value["oneOf"]) as readonly Json[] | undefined;
  if (branches !== undefined) return [...new Set(branches.map(takesOf))].join(" or ");
  if (value["type"] === "array") return `list of ${plural(takesOf((value["items"] ?? {}) as Json))}`;
  if (value["type"] === "object") return value["additionalProperties"] ? "mapping by key" : "mapping";
  return (
    { string: "text", integer: "number", number: "number", boolean: "`true` or `false`" }[String(value["type"])] ??
    "any"
  );
}

function plural(word: string): string {
  const known: Readonly<Record<string, string>> = {
    text: "texts",
    mapping: "mappings",
    secret: "secrets",
    number: "numbers",
  };
  return known[word] ?? word;
}

function fallbackOf(value: Json): string | null {
  const given = value["default"];
  if (given === undefined) return null;
  if (typeof given === "object" && given !== null && Object.keys(given).length === 0) return null;
  return typeof given === "string" ? given : JSON.stringify(given);
}

function isSecret(value: Json): boolean {
  const branches = (value["anyOf"] ?? []) as readonly Json[];
  const keys = branches.flatMap((each) => Object.keys(each["properties"] ?? {})).toSorted();
  return keys.join() === SECRET_KEYS;
}

function isFile(value: Json): boolean {
  return Object.keys(value["properties"] ?? {}).join() === "file";
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
