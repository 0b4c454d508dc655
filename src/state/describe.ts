/** Tokens that `create-token` made and no setting declares; see `StateStore.describe`. */
import type { Kysely } from "kysely";
import type { Instant } from "../core/duration.ts";
import type { TokenRecord } from "../core/records.ts";
import type { Issue } from "../core/issue.ts";
import type { Described, DescribedRecord } from "../core/state-store.ts";
import * as records from "./records.ts";
import { fromJson, issueOfRow } from "./rows.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

export async function describe(tx: Db, about: Described, now: Instant): Promise<void> {
  const { key, issuer } = about;
  const job = { service_kind: "issuer", service_key: issuer, enrolled: 0, first_seen_at: now, wake_at: now };
  await tx
    .insertInto("jobs")
    .values({ token: key, target: "", ...job })
    .onConflict((conflict) => conflict.columns(["token", "target"]).doUpdateSet({ service_key: issuer }))
    .execute();
  const about_json = JSON.stringify(about);
  await tx
    .insertInto("tokens")
    .values({ key, about_json })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ about_json }))
    .execute();
}

export async function described(db: Db): Promise<readonly DescribedRecord[]> {
  const rows = await db
    .selectFrom("tokens")
    .select(["key", "about_json"])
    .where("about_json", "is not", null)
    .orderBy("key")
    .execute();
  const all = await Promise.all(
    rows.map(async ({ key, about_json }) => {
      const record = await records.token(db, key);
      if (record === undefined) return [];
      return [{ about: fromJson(about_json) as Described, record, others: await othersOf(db, record) }];
    }),
  );
  return all.flat();
}

async function othersOf(db: Db, { key, desired }: TokenRecord): Promise<readonly Issue[]> {
  const rows = await db
    .selectFrom("issues")
    .selectAll()
    .where("token", "=", key)
    .where("fate", "in", ["superseded", "accepted"])
    .where("fingerprint", "<>", desired?.fingerprint ?? "")
    .execute();
  return rows.map(issueOfRow);
}
