/** What an issuer writes in JSON, read with care: undefined wherever it is not what it should be. */
import { type Instant, NEVER_AT, parseInstant, SECOND_MS } from "../../core/duration.ts";
import type { Scopes } from "../../core/issue.ts";
import { SecretText } from "../../core/secret-text.ts";

const MOST_TOKEN_CHARACTERS = 64 * 1024;
const MOST_ID_CHARACTERS = 256;
const MOST_SCOPES = 1_000;
const MOST_SCOPE_CHARACTERS = 256;

/** Seconds and milliseconds since 1970 are told apart by size: the one since 2001, the other until the year 5138. */
const LEAST_SECONDS = 1e9;
const LEAST_MILLISECONDS = 1e11;

/** Consumers put it into a header, so it is printable and has no spaces. */
export function readToken(value: unknown): SecretText | undefined {
  if (typeof value !== "string" || value.length > MOST_TOKEN_CHARACTERS) return undefined;
  return isSendable(value) ? new SecretText(value) : undefined;
}

export function isSendable(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** A number that JSON carries exactly, or a short text. */
export function readId(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value !== "string" || value.length > MOST_ID_CHARACTERS) return undefined;
  return /^[^\p{C}]+$/u.test(value) ? value : undefined;
}

/**
 * RFC 3339, seconds or milliseconds since 1970, or a date, which ends as it begins, at 00:00 UTC: whoever means its last
 * second gives a day more than we count on. `null` is without an end.
 */
export function readInstant(value: unknown): Instant | undefined {
  if (value === null) return NEVER_AT;
  if (typeof value === "number") return readEpoch(value);
  if (typeof value !== "string") return undefined;
  if (/^\d{10,16}$/.test(value)) return readEpoch(Number(value));
  const date = /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value;
  const at = parseInstant(date.replace(/^(\d{4}-\d\d-\d\d)[ t]/, "$1T").replace(/z$/, "Z"));
  return at === undefined ? undefined : Math.min(at, NEVER_AT);
}

function readEpoch(count: number): Instant | undefined {
  if (!Number.isFinite(count) || count < LEAST_SECONDS) return undefined;
  return Math.min(Math.floor(count < LEAST_MILLISECONDS ? count * SECOND_MS : count), NEVER_AT);
}

/** Seconds, as RFC 6749 §5.1 has them. */
export function readSeconds(value: unknown): number | undefined {
  const seconds = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds < 0) return undefined;
  return Math.floor(seconds) * SECOND_MS;
}

/** A list; a text with spaces or commas between; or a mapping, of which `contents: read` is called `contents:read`. */
export function readScopes(value: unknown): Scopes | undefined {
  const names = scopeNames(value);
  if (names === undefined || names.length > MOST_SCOPES) return undefined;
  const plain = (name: unknown): name is string =>
    typeof name === "string" && name.length <= MOST_SCOPE_CHARACTERS && /^[^\p{C}]+$/u.test(name);
  return names.every(plain) ? Object.fromEntries(names.map((name) => [name, []])) : undefined;
}

function scopeNames(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value === "string") return value.split(/[\s,]+/).filter((name) => name !== "");
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).map(([name, level]) => (typeof level === "string" ? `${name}:${level}` : undefined));
}
