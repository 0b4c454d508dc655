import type { Kysely } from "kysely";
import type { DomainEvent } from "../core/events.ts";
import type { HistoryEntry } from "../core/state-store.ts";
import { prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

/** What is kept per token. */
export const HISTORY_ROWS_MAX = 1_000;
/** So many more may gather before they are taken away together. */
const SURPLUS_ROWS = 64;

const inserted = prepared((tx, token: string, target: string | null, at: number, type: string, data_json: string) =>
  tx.insertInto("history").values({ token, target, at, type, data_json }),
);

export async function append(tx: Kysely<Tables>, events: readonly DomainEvent[]): Promise<void> {
  for (const event of events) {
    const { type, at, ...rest } = event;
    const { token, target, ...data } = subjectOf(rest);
    if (token === "") continue;
    await inserted(tx, token, target, at, type, JSON.stringify(data));
    await trim(tx, token);
  }
}

function subjectOf(rest: object): { token: string; target: string | null } & Record<string, unknown> {
  const { incident, ...data } = rest as { incident?: Record<string, unknown> } & Record<string, unknown>;
  const all = { ...incident, ...data };
  const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
  return { ...all, token: text(all["token"]) ?? "", target: text(all["target"]) };
}

const rowAt = prepared((tx, token: string, offset: number) =>
  tx.selectFrom("history").select("id").where("token", "=", token).orderBy("id", "desc").limit(1).offset(offset),
);

async function trim(tx: Kysely<Tables>, token: string): Promise<void> {
  const idAt = async (offset: number): Promise<number | undefined> => (await rowAt(tx, token, offset)).rows[0]?.id;
  if ((await idAt(HISTORY_ROWS_MAX + SURPLUS_ROWS)) === undefined) return;
  const edge = await idAt(HISTORY_ROWS_MAX);
  if (edge !== undefined) await tx.deleteFrom("history").where("token", "=", token).where("id", "<=", edge).execute();
}

export async function read(db: Kysely<Tables>, token: string, limit: number): Promise<readonly HistoryEntry[]> {
  const rows = await db
    .selectFrom("history")
    .selectAll()
    .where("token", "=", token)
    .orderBy("id", "desc")
    .limit(Math.min(limit, HISTORY_ROWS_MAX))
    .execute();
  return rows.map(({ at, type, target, data_json }) => ({
    at,
    type,
    target,
    data: JSON.parse(data_json) as Readonly<Record<string, unknown>>,
  }));
}
