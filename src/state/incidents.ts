import type { Kysely } from "kysely";
import type { Incident, IncidentChanges, Subject } from "../core/incidents.ts";
import { prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

/** What incidents of an earlier version do not have. Such a one is to be told again, with its words, at the next look. */
const LATER_FIELDS = { next: "", dangerAt: null, expAt: null };

function read(json: string): Incident {
  const incident = { ...LATER_FIELDS, ...(JSON.parse(json) as Incident) };
  return incident.next === "" ? { ...incident, tellAgainAt: 0 } : incident;
}

const allRows = prepared((db) => db.selectFrom("incidents").select(["token", "target", "reason", "data_json"]));
const rowsOf = prepared((db, token: string, target: string) =>
  db
    .selectFrom("incidents")
    .select(["token", "target", "reason", "data_json"])
    .where("token", "=", token)
    .where("target", "=", target),
);

/** In order of token, target and reason. */
export async function open(db: Kysely<Tables>, subject?: Subject): Promise<readonly Incident[]> {
  const { rows } = subject === undefined ? await allRows(db) : await rowsOf(db, subject.token, subject.target);
  return rows
    .toSorted((a, b) => compare(a.token, b.token) || compare(a.target, b.target) || compare(a.reason, b.reason))
    .map((row) => read(row.data_json));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export async function apply(tx: Kysely<Tables>, changes: IncidentChanges): Promise<void> {
  for (const incident of [...changes.opened, ...changes.repeated, ...(changes.reworded ?? [])]) {
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
