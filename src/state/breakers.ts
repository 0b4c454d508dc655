import type { Kysely } from "kysely";
import { type Breaker, CLOSED } from "../core/breaker.ts";
import type { ServiceKey } from "../core/state-store.ts";
import { prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

const rowOf = prepared((db, kind: string, key: string) =>
  db.selectFrom("breakers").select("data_json").where("kind", "=", kind).where("key", "=", key),
);

export async function read(db: Db, service: ServiceKey): Promise<Breaker> {
  const [row] = (await rowOf(db, service.kind, service.key)).rows;
  return row === undefined ? CLOSED : (JSON.parse(row.data_json) as Breaker);
}

/** A healthy service has no row, so that a call to it writes nothing and needs no transaction. `decide` must be pure: it may be asked twice. */
export async function change<T>(
  db: Db,
  service: ServiceKey,
  decide: (breaker: Breaker) => { readonly breaker: Breaker; readonly answer: T },
): Promise<T> {
  const seen = await read(db, service);
  const decision = decide(seen);
  if (decision.breaker === seen) return decision.answer;
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
