import type { Kysely } from "kysely";
import type { ChannelChange } from "../core/state-store.ts";
import type { ChannelRecord, Telling } from "../core/telling.ts";
import type { Tables } from "./tables.ts";

export async function tellings(db: Kysely<Tables>): Promise<readonly Telling[]> {
  const rows = await db
    .selectFrom("tellings")
    .select("data_json")
    .orderBy("channel")
    .orderBy("token")
    .orderBy("target")
    .orderBy("reason")
    .execute();
  return rows.map((row) => JSON.parse(row.data_json) as Telling);
}

export async function channels(db: Kysely<Tables>): Promise<ReadonlyMap<string, ChannelRecord>> {
  const rows = await db.selectFrom("channels").select(["key", "data_json"]).execute();
  return new Map(rows.map((row) => [row.key, JSON.parse(row.data_json) as ChannelRecord]));
}

export async function note(
  tx: Kysely<Tables>,
  channel: string,
  { record, told = [], over = [] }: ChannelChange,
): Promise<void> {
  const data_json = JSON.stringify(record);
  await tx
    .insertInto("channels")
    .values({ key: channel, data_json })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ data_json }))
    .execute();
  for (const telling of told) {
    const { token, target, reason } = telling.incident;
    const json = JSON.stringify(telling);
    await tx
      .insertInto("tellings")
      .values({ channel, token, target, reason, data_json: json })
      .onConflict((conflict) =>
        conflict.columns(["channel", "token", "target", "reason"]).doUpdateSet({ data_json: json }),
      )
      .execute();
  }
  for (const { token, target, reason } of over) {
    await tx
      .deleteFrom("tellings")
      .where("channel", "=", channel)
      .where("token", "=", token)
      .where("target", "=", target)
      .where("reason", "=", reason)
      .execute();
  }
}

export async function forget(tx: Kysely<Tables>, channel: string): Promise<void> {
  await tx.deleteFrom("tellings").where("channel", "=", channel).execute();
  await tx.deleteFrom("channels").where("key", "=", channel).execute();
}
