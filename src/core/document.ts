/** How a token stands in the text that a consumer reads. Pure; every other byte of the text is left as it was. */
import { RenewdError } from "./errors.ts";
import type { TargetFormat } from "./token.ts";

/**
 * The token in `text`, or null when there is none (the key is absent, or its value is empty). Throws `store_invalid`
 * when the text is not what the format says: not a JSON object, a key that stands twice or holds no text.
 */
export function tokenIn(format: TargetFormat, text: string): string | null {
  if (format.kind === "raw") return text.replace(/\r?\n$/, "") || null;
  if (format.kind === "json") return jsonToken(format.key, text);
  const line = dotenvLine(format.key, text);
  return line === undefined ? null : unquoted(line.value) || null;
}

/**
 * `text` with the token in its place; null means that there is no text yet. `tokenIn` of the answer is the token.
 * Throws `store_invalid` as `tokenIn` does, and for a token that cannot stand in this format.
 */
export function withToken(format: TargetFormat, text: string | null, token: string): string {
  if (token === "" || /[\r\n]$/.test(token)) throw invalid("an empty token, or one that ends in a newline, is refused");
  if (format.kind === "raw") return token;
  if (format.kind === "json") return withJsonToken(format.key, text ?? "", token);
  return withDotenvToken(format.key, text ?? "", token);
}

// ------------------------------------------------------------------ json

/** A member of the outermost object: its decoded key and where key and value stand in the text. */
interface Member {
  readonly key: string;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

const JSON_TOKEN = /"(?:[^"\\]+|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;

function jsonToken(key: string, text: string): string | null {
  const found = isBlank(text) ? undefined : memberOf(members(text), key);
  if (found === undefined) return null;
  const value: unknown = JSON.parse(text.slice(found.valueStart, found.valueEnd));
  if (value === null || value === "") return null;
  if (typeof value !== "string") throw invalid(`the JSON key ${key} holds something that is not text`);
  return value;
}

function withJsonToken(key: string, text: string, token: string): string {
  const value = JSON.stringify(token);
  if (isBlank(text)) return `{${JSON.stringify(key)}:${value}}`;
  const all = members(text);
  const found = memberOf(all, key);
  if (found !== undefined) return text.slice(0, found.valueStart) + value + text.slice(found.valueEnd);
  const last = all.at(-1);
  if (last === undefined) return text.replace(/\{\s*\}/, () => `{${JSON.stringify(key)}:${value}}`);
  // The new member looks like the last one: the same space before its key, and after its colon.
  const before = /[{,](\s*)$/.exec(text.slice(0, last.keyStart))?.[1] ?? "";
  const after = /:(\s*)$/.exec(text.slice(0, last.valueStart))?.[1] ?? "";
  const member = `,${before}${JSON.stringify(key)}:${after}${value}`;
  return text.slice(0, last.valueEnd) + member + text.slice(last.valueEnd);
}

/**
 * Positions rather than a parsed object, because writing an object back would change what is not ours: long numbers,
 * the order of keys that look like numbers, other people's formatting.
 */
function members(text: string): readonly Member[] {
  if (!isJsonObject(text)) throw invalid("the text is not a JSON object");
  const found: Member[] = [];
  let depth = 0;
  let open: { key: string; keyStart: number; valueStart: number } | undefined;
  let previousEnd = 0;
  for (const { 0: part, index } of text.matchAll(JSON_TOKEN)) {
    if (depth === 1 && open !== undefined && (part === "," || part === "}")) {
      found.push({ ...open, valueEnd: previousEnd });
      open = undefined;
    } else if (open === undefined && part.startsWith('"')) {
      open = { key: JSON.parse(part) as string, keyStart: index, valueStart: -1 };
    } else if (open?.valueStart === -1 && part !== ":") {
      open.valueStart = index;
    }
    if (part === "{" || part === "[") depth += 1;
    if (part === "}" || part === "]") depth -= 1;
    previousEnd = index + part.length;
  }
  return found;
}

function memberOf(all: readonly Member[], key: string): Member | undefined {
  const found = all.filter((member) => member.key === key);
  if (found.length > 1) throw invalid(`the JSON key ${key} stands ${found.length} times`);
  return found[0];
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

// ------------------------------------------------------------------ dotenv

interface DotenvLine {
  readonly value: string;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * Written unquoted, because readers disagree about quotes: Airflow and `docker --env-file` keep them, others take them
 * off. So only characters that mean nothing to any of them; every JWT qualifies.
 */
const UNQUOTED = /^[\w.~+/=:@%,-]+$/;

function withDotenvToken(key: string, text: string, token: string): string {
  if (!UNQUOTED.test(token)) throw invalid("the token has characters that cannot stand unquoted in a dotenv file");
  const line = dotenvLine(key, text);
  if (line !== undefined) return text.slice(0, line.valueStart) + token + text.slice(line.valueEnd);
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const separator = text === "" || text.endsWith("\n") ? "" : newline;
  return `${text}${separator}${key}=${token}${newline}`;
}

/** The one line that sets `key`, with or without `export`; what stands after the value (a comment) counts as the value. */
function dotenvLine(key: string, text: string): DotenvLine | undefined {
  if (!/^[A-Za-z_]\w*$/.test(key)) throw invalid(`${key} cannot be a key of a dotenv file`);
  const lines = [...text.matchAll(new RegExp(`^(\\uFEFF?[ \\t]*(?:export[ \\t]+)?${key}[ \\t]*=)([^\\r\\n]*)`, "gm"))];
  if (lines.length > 1) throw invalid(`the dotenv key ${key} stands on ${lines.length} lines`);
  const found = lines[0];
  if (found === undefined) return undefined;
  const [, before = "", value = ""] = found;
  const valueStart = found.index + before.length;
  return { value, valueStart, valueEnd: valueStart + value.length };
}

function unquoted(value: string): string {
  const quoted = /^\s*(["'])(.*?)\1\s*(?:#.*)?$/.exec(value);
  return quoted?.[2] ?? value.replace(/(^|\s)#.*$/, "").trim();
}

function isBlank(text: string): boolean {
  return text.trim() === "";
}

function invalid(message: string): RenewdError {
  return new RenewdError("store_invalid", message);
}
