import type { Kysely } from "kysely";
import type { Incident, IncidentChanges, Subject } from "../core/incidents.ts";
import { prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

const rowsInOrder = (db: Kysely<Tables>) =>
  db.selectFrom("incidents").select("data_json").orderBy("token").orderBy("target").orderBy("reason");
const allRows = prepared(rowsInOrder);
const rowsOf = prepared((db, token: string, target: string) =>
  rowsInOrder(db).where("token", "=", token).where("target", "=", target),
);

export async function open(db: Kysely<Tables>, subject?: Subject): Promise<readonly Incident[]> {
  const { rows } = subject === undefined ? await allRows(db) : await rowsOf(db, subject.token, subject.target);
  return rows.map((row) => JSON.parse(row.data_json) as Incident);
}

export async function apply(tx: Kysely<Tables>, changes: IncidentChanges): Promise<void> {
  for (const incident of [...changes.opened, ...changes.repeated]) {
    const { token, target, reason } = incident;
    const data_json = JSON.stringify(incident);
    await tx
      .insertInto("incidents")
      .values({ token, target, reason, data_json })
      .onConflict((conflict) => conflict.columns(["token", "target", "reason"]).doUpdateSet({ data_json }))
      .execute();
  }
  for (const { token, target, reason } of changes.resolved) {
    await tx
      .deleteFrom("incidents")
      .where("token", "=", token)
      .where("target", "=", target)
      .where("reason", "=", reason)
      .execute();
  }
}
