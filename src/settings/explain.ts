import type { z } from "zod";
import { valueAt } from "./plain.ts";
import { descriptionOf, isSecret, knownKeys, type SchemasAt, schemasAt } from "./schema-at.ts";
import { didYouMean } from "./suggest.ts";

/** A problem before it has a place. `path` counts from the value that was checked. */
interface Finding {
  readonly path: readonly PropertyKey[];
  readonly part: "key" | "value";
  readonly message: string;
  readonly hint: string | (() => string);
}

type Issue = z.core.$ZodIssue;

const LITERAL_SECRET = "a secret is { env }, { file } or { command: [argv] }, never a literal";
const NO_REFERENCE = "is not a reference to a secret: exactly one of { env }, { file } and { command: [argv] }";
const SECRET_HINT =
  "Put it into a file that only renewd may read and write { file: PATH }, or name a variable: { env: NAME }.";
const CORRECT = "Correct it; config/renewd.schema.json has what this key takes.";

/**
 * What a schema said of a value, in words: what is wrong and what to do. Never says what the value was: it may be a
 * secret in the wrong place. `alsoKnown` are keys that may be suggested besides the schema's own.
 */
export function explain(
  issues: readonly Issue[],
  schema: z.ZodType,
  value: unknown,
  alsoKnown: readonly string[] = [],
): readonly Finding[] {
  const about = schemasAt(schema, alsoKnown);
  return issues.flatMap((issue) => aboutSecret(issue, about, value) ?? aboutIssue(issue, about, value));
}

/** Anything wrong with a reference to a secret, or inside one, is told in the same words. */
function aboutSecret(issue: Issue, about: SchemasAt, value: unknown): Finding[] | undefined {
  for (let depth = 1; depth <= issue.path.length; depth++) {
    const path = issue.path.slice(0, depth);
    const found = valueAt(value, path);
    if (found === undefined || !isSecret(about(path))) continue;
    const message = kindOf(found) === KINDS["object"] ? NO_REFERENCE : LITERAL_SECRET;
    return [{ path, part: "value", message, hint: SECRET_HINT }];
  }
  return undefined;
}

function aboutIssue(issue: Issue, about: SchemasAt, value: unknown): Finding[] {
  const { path } = issue;
  const found = valueAt(value, path);
  const at = (message: string, hint: string = CORRECT): Finding[] => [{ path, part: "value", message, hint }];
  if (found === undefined && path.length > 0 && issue.code !== "custom") return at(...missing(issue, about));
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((unknown) => ({
        path: [...path, unknown],
        part: "key",
        message: `unknown key \`${clip(unknown, 80)}\``,
        hint: () => didYouMean(unknown, knownKeys(about(path))),
      }));
    case "invalid_key":
      return issue.issues.flatMap((each) => {
        const [message, hint = "Rename it."] = ownWords(each);
        return { path, part: "key", message, hint };
      });
    case "invalid_type":
      if (!issue.message.startsWith("Invalid input")) return at(...ownWords(issue));
      return at(`is ${kindOf(found)}, not ${nameOf(issue.expected)}`, typeHint(issue.expected, found));
    case "invalid_value":
      return at(...notAmong(issue.values.map(String), found));
    case "invalid_union":
      return meantBranch(issue, about, value) ?? at(...ownWords(issue));
    case "too_small":
      return at(bound(issue.origin, "at least", issue.minimum));
    case "too_big":
      return at(bound(issue.origin, "at most", issue.maximum));
    case "custom":
    case "invalid_format":
    case "invalid_element":
    case "not_multiple_of":
      return at(...ownWords(issue));
  }
}

function missing(issue: Issue, about: SchemasAt): [message: string, hint: string] {
  const name = String(issue.path.at(-1));
  const schemas = about(issue.path);
  const takes = isSecret(schemas) ? "{ file: PATH } or { env: NAME }" : descriptionOf(schemas)?.replace(/\.$/, "");
  return [`\`${name}\` is required`, `Add \`${name}\`${takes === undefined ? "" : `: ${takes}`}.`];
}

function notAmong(known: readonly string[], found: unknown): [message: string, hint: string] {
  if (known.length === 1) return [`is not ${known[0]}`, `Write ${known[0]}.`];
  return [`is none of ${known.join(", ")}`, typeof found === "string" ? didYouMean(found, known) : CORRECT];
}

/** Of a union's branches, the one that complains about something inside the value: that is the one that was meant. */
function meantBranch(issue: z.core.$ZodIssueInvalidUnion, about: SchemasAt, value: unknown): Finding[] | undefined {
  const meant = issue.errors.filter((branch) =>
    branch.every((each) => each.path.length > 0 || each.code !== "invalid_type"),
  );
  const nearest = meant.toSorted((a, b) => a.length - b.length)[0];
  return nearest?.flatMap((each) => aboutIssue({ ...each, path: [...issue.path, ...each.path] }, about, value));
}

function typeHint(expected: string, found: unknown): string {
  if (expected === "string" && (typeof found === "number" || typeof found === "boolean")) {
    return "Write it as text, in quotes; a duration needs a unit (90s, 15m, 6h, 30d).";
  }
  if (expected === "object" || expected === "record") return "Write keys and values under it, indented.";
  if (expected === "array") return "Write a list: [first, second].";
  return `Write ${nameOf(expected)}.`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
};

function nameOf(type: string): string {
  return KINDS[type] ?? type;
}

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  return nameOf(Array.isArray(value) ? "array" : typeof value);
}

function bound(origin: string, words: string, count: number | bigint): string {
  if (origin === "string") return count === 1 ? "is empty" : `must have ${words} ${count} characters`;
  if (origin === "array") return `must have ${words} ${count} ${count === 1 ? "entry" : "entries"}`;
  return `must be ${words} ${count}`;
}

/** A schema's own message; what it says after a semicolon is what to do. */
function ownWords(issue: Issue): [message: string, hint?: string] {
  if (issue.message === "Invalid input") return ["has the wrong form"];
  const [message = "", advice] = tidy(issue.message).split(/; (.*)/s);
  return advice === undefined ? [message] : [message, `${advice.charAt(0).toUpperCase()}${advice.slice(1)}.`];
}

/** Adapters write their own messages; whatever they quote, no credentials of a URL and no JWT come through. */
function tidy(message: string): string {
  return clip(
    message.replace(/:\/\/[^/@\s]*@/g, "://[redacted]@").replace(/eyJ[\w-]{8,}(\.[\w-]*)*/g, "[redacted]"),
    300,
  );
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
