import type { Kysely } from "kysely";
import type { Instant } from "../core/duration.ts";
import type { Issue } from "../core/issue.ts";
import type { TargetRecord, TokenRecord } from "../core/records.ts";
import type { Fingerprint } from "../core/secret-text.ts";
import type { IssueFate, TokenChange } from "../core/state-store.ts";
import { type IssueRow, issueOfRow, targetOfRow, toJson, tokenOfRow } from "./rows.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

export async function token(db: Db, key: string): Promise<TokenRecord | undefined> {
  const row = await db.selectFrom("tokens").selectAll().where("key", "=", key).executeTakeFirst();
  const job = await db
    .selectFrom("jobs")
    .selectAll()
    .where("token", "=", key)
    .where("target", "=", "")
    .executeTakeFirst();
  if (row === undefined || job === undefined) return undefined;
  const inUse = [row.desired, row.previous].filter((each) => each !== null);
  const issues =
    inUse.length === 0
      ? []
      : await db.selectFrom("issues").selectAll().where("token", "=", key).where("fingerprint", "in", inUse).execute();
  const mint = await db
    .selectFrom("mints")
    .select("data_json")
    .where("token", "=", key)
    .where("closed_at", "is", null)
    .executeTakeFirst();
  return tokenOfRow(row, job, mint?.data_json ?? null, issues);
}

/** All enrolled tokens in four queries, however many there are. */
export async function tokens(db: Db): Promise<readonly TokenRecord[]> {
  const rows = await db.selectFrom("tokens").selectAll().orderBy("key").execute();
  const jobs = await db.selectFrom("jobs").selectAll().where("target", "=", "").where("enrolled", "=", 1).execute();
  const issues = await db.selectFrom("issues").selectAll().where("fate", "=", "accepted").execute();
  const mints = await db.selectFrom("mints").select(["token", "data_json"]).where("closed_at", "is", null).execute();
  const jobOf = new Map(jobs.map((job) => [job.token, job]));
  const issuesOf = Map.groupBy(issues, (issue: IssueRow) => issue.token);
  const mintOf = new Map(mints.map((mint) => [mint.token, mint.data_json]));
  return rows.flatMap((row) => {
    const job = jobOf.get(row.key);
    return job === undefined ? [] : [tokenOfRow(row, job, mintOf.get(row.key) ?? null, issuesOf.get(row.key) ?? [])];
  });
}

export async function targets(db: Db, ofToken?: string): Promise<readonly TargetRecord[]> {
  let rowQuery = db.selectFrom("targets").selectAll();
  let jobQuery = db.selectFrom("jobs").selectAll().where("target", "<>", "").where("enrolled", "=", 1);
  if (ofToken !== undefined) {
    rowQuery = rowQuery.where("token", "=", ofToken);
    jobQuery = jobQuery.where("token", "=", ofToken);
  }
  const rows = await rowQuery.orderBy("token").orderBy("label").execute();
  const jobOf = new Map((await jobQuery.execute()).map((job) => [JSON.stringify([job.token, job.target]), job]));
  return rows.flatMap((row) => {
    const job = jobOf.get(JSON.stringify([row.token, row.label]));
    return job === undefined ? [] : [targetOfRow(row, job)];
  });
}

export async function known(
  db: Db,
  ofToken: string,
): Promise<ReadonlyMap<Fingerprint, { issue: Issue; fate: IssueFate }>> {
  const rows = await db.selectFrom("issues").selectAll().where("token", "=", ofToken).execute();
  return new Map(rows.map((row) => [row.fingerprint, { issue: issueOfRow(row), fate: row.fate as IssueFate }]));
}

export async function sealed(db: Db, ofToken: string, fingerprint: Fingerprint): Promise<string | null> {
  const row = await db
    .selectFrom("issues")
    .select("sealed")
    .where("token", "=", ofToken)
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
  return row?.sealed ?? null;
}

export async function setAsked(tx: Db, ofToken: string, change: Pick<TokenChange, "wish" | "pause">): Promise<boolean> {
  const values = {
    key: ofToken,
    ...(change.pause === undefined ? {} : { pause_json: toJson(change.pause) }),
    ...(change.wish === undefined ? {} : { wish_json: toJson(change.wish) }),
  };
  const result = await tx.updateTable("tokens").set(values).where("key", "=", ofToken).executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function grant(tx: Db, ofToken: string, target: string): Promise<boolean> {
  const result = await tx
    .updateTable("targets")
    .set({ ownership: "granted" })
    .where("token", "=", ofToken)
    .where("label", "=", target)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) return false;
  await tx
    .updateTable("jobs")
    .set({ trouble_json: null })
    .where("token", "=", ofToken)
    .where("target", "=", target)
    .execute();
  return true;
}

export async function settle(db: Db, ofToken: string, fingerprint: Fingerprint, now: Instant): Promise<boolean> {
  const result = await db
    .updateTable("tokens")
    .set({ settled: fingerprint, last_success_at: now })
    .where("key", "=", ofToken)
    .where((eb) => eb.or([eb("settled", "is", null), eb("settled", "<>", fingerprint)]))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
