import type { Kysely } from "kysely";
import { type Breaker, CLOSED } from "../core/breaker.ts";
import type { ServiceKey } from "../core/state-store.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

export async function read(db: Db, service: ServiceKey): Promise<Breaker> {
  const row = await db
    .selectFrom("breakers")
    .select("data_json")
    .where("kind", "=", service.kind)
    .where("key", "=", service.key)
    .executeTakeFirst();
  return row === undefined ? CLOSED : (JSON.parse(row.data_json) as Breaker);
}

/** A healthy service has no row, so that a call to it writes nothing. */
export async function change<T>(
  db: Db,
  service: ServiceKey,
  decide: (breaker: Breaker) => { readonly breaker: Breaker; readonly answer: T },
): Promise<T> {
  return db.transaction().execute(async (tx) => {
    const before = await read(tx, service);
    const { breaker, answer } = decide(before);
    if (breaker === before) return answer;
    const { kind, key } = service;
    if (breaker.failures === 0) {
      await tx.deleteFrom("breakers").where("kind", "=", kind).where("key", "=", key).execute();
      return answer;
    }
    const data_json = JSON.stringify(breaker);
    await tx
      .insertInto("breakers")
      .values({ kind, key, data_json })
      .onConflict((conflict) => conflict.columns(["kind", "key"]).doUpdateSet({ data_json }))
      .execute();
    return answer;
  });
}
