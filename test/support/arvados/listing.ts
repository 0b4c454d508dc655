import type { Caller } from "./caller.ts";
import type { Params } from "./params.ts";
import { exception, Refusal } from "./refusal.ts";
import { COLUMNS, type Row } from "./row.ts";

const MAX_ITEMS = 1_000;
const DEFAULT_LIMIT = 100;

/**
 * The rows that a list answers with. Only `["uuid","=",x]`, `["api_token","=",x]` and `["scopes","=",[…]]` count; every
 * other filter is dropped without a word. The filter on scopes breaks for SystemRootToken, whose rows were never narrowed.
 */
export function selectRows(visible: readonly Row[], caller: Caller, params: Params): readonly Row[] {
  const filters = list(params["filters"], "filters").filter((each): each is unknown[] => Array.isArray(each));
  const where = (params["where"] ?? {}) as Readonly<Record<string, unknown>>;
  const conditions = [
    ...filters.filter(([, operator]) => operator === "=").map(([name, , operand]) => [name, operand] as const),
    ...Object.entries(where).filter(([name, operand]) => name === "scopes" || typeof operand === "string"),
  ];
  const wanted = conditions.filter(([name, operand]) => name === "scopes" && operand != null);
  if (wanted.length > 0 && caller.systemRoot) {
    throw exception("NoMethodError", "undefined method `count' for nil:NilClass");
  }
  const chosen = visible.filter((row) =>
    conditions.every(([name, operand]) => {
      if (name === "uuid" || name === "api_token") return row[name] === operand;
      return name !== "scopes" || operand == null || sameScopes(row.scopes, list(operand, "scopes"));
    }),
  );
  const offset = count(params["offset"], 0, "offset");
  const limit = Math.min(count(params["limit"], DEFAULT_LIMIT, "limit"), MAX_ITEMS);
  return ordered(chosen, params["order"]).slice(offset, offset + limit);
}

/** Fields to answer with, or null for all. On list and get they must be columns, which the owner is not. */
export function selectOf(params: Params, columnsOnly: boolean): readonly string[] | null {
  if (params["select"] == null) return null;
  const select = list(params["select"], "select").map(String);
  const strangers = select.filter((name) => !COLUMNS.includes(name));
  if (columnsOnly && strangers.length > 0) throw new Refusal(422, `Invalid attribute(s): ${JSON.stringify(strangers)}`);
  return select;
}

export function applySelect(record: Readonly<Record<string, unknown>>, select: readonly string[] | null): object {
  if (select === null || select.length === 0) return record;
  return Object.fromEntries(Object.entries(record).filter(([name]) => name === "kind" || select.includes(name)));
}

function list(value: unknown, name: string): readonly unknown[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw exception("ArgumentError", `Invalid value for ${name} parameter`);
  return value;
}

function count(value: unknown, otherwise: number, name: string): number {
  if (value == null) return otherwise;
  if (typeof value !== "number" || value < 0) throw exception("ArgumentError", `Invalid value for ${name} parameter`);
  return value;
}

/** Whatever the order for two and more; fewer are compared as they are, which comes to the same. */
function sameScopes(held: readonly unknown[], asked: readonly unknown[]): boolean {
  return JSON.stringify(held.map(String).sort()) === JSON.stringify(asked.map(String).sort());
}

/** `["uuid asc","created_at desc"]`, or the same with commas. Terms that name no column are ignored. */
function ordered(rows: readonly Row[], order: unknown): readonly Row[] {
  const terms = (Array.isArray(order) ? order.map(String) : typeof order === "string" ? order.split(",") : [])
    .map((term) => /^\s*(?:api_client_authorizations\.)?(\w+)(?:\s+(asc|desc))?\s*$/i.exec(term))
    .filter((term): term is RegExpExecArray => term !== null && COLUMNS.includes(term[1] ?? ""));
  const compare = (one: Row, other: Row): number => {
    for (const [, column = "", direction = "asc"] of terms) {
      const [a, b] = [valueOf(one, column), valueOf(other, column)];
      if (a !== b) return (a < b ? -1 : 1) * (direction.toLowerCase() === "desc" ? -1 : 1);
    }
    return other.id - one.id;
  };
  return rows.toSorted(compare);
}

/** PostgreSQL sorts null behind everything. */
function valueOf(row: Row, column: string): string | number {
  if (column === "expires_at") return row.expiresAt ?? Number.POSITIVE_INFINITY;
  if (column === "created_at") return row.createdAt;
  if (column === "uuid" || column === "api_token") return row[column];
  return column === "scopes" ? JSON.stringify(row.scopes) : (row.created_by_ip_address ?? "~");
}
