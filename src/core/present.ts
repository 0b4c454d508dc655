import { formatInstant, SECOND_MS } from "./duration.ts";

/**
 * The form in which the API and `--json` show a view: keys in snake_case, instants (`…At`) as RFC 3339 UTC, durations
 * (`…Ms`) as `…_seconds`.
 */
export function present(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(present);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => presentEntry(key, each)));
}

function presentEntry(key: string, value: unknown): readonly [string, unknown] {
  if (typeof value === "number" && isInstantKey(key)) return [snake(key), formatInstant(value)];
  const isLength = key.endsWith("Ms") && (typeof value === "number" || value === null);
  if (isLength) return [`${snake(key.slice(0, -2))}_seconds`, value === null ? null : value / SECOND_MS];
  return [snake(key), present(value)];
}

function isInstantKey(key: string): boolean {
  return /(?:^at|At|^since|^until)$/.test(key);
}

function snake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
