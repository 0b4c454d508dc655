import { type Kysely, type RawBuilder, sql, type SqlBool } from "kysely";
import type { Instant } from "../core/duration.ts";
import type { Issue } from "../core/issue.ts";
import type { Mint, TargetRecord, TokenRecord } from "../core/records.ts";
import type { Fingerprint } from "../core/secret-text.ts";
import type { IssueFate, TokenChange } from "../core/state-store.ts";
import { prepared } from "./prepared.ts";
import { fromJson, type IssueRow, issueOfRow, type JobRow, targetOfRow, toJson, tokenOfRow } from "./rows.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/** The job's columns beside its token's or target's row, as subqueries: better-sqlite3 is slow to read the rows of a join. */
const jobColumns = (ofToken: RawBuilder<string>, ofTarget: RawBuilder<string>) => {
  const job = sql`from jobs where jobs.token = ${ofToken} and jobs.target = ${ofTarget}`;
  return [
    sql<JobRow["first_seen_at"]>`(select first_seen_at ${job})`.as("first_seen_at"),
    sql<JobRow["trouble_json"]>`(select trouble_json ${job})`.as("trouble_json"),
    sql<JobRow["calls_json"]>`(select calls_json ${job})`.as("calls_json"),
  ] as const;
};

const tokenRow = prepared((db, key: string) =>
  db
    .selectFrom("tokens")
    .selectAll()
    .select(jobColumns(sql.ref("tokens.key"), sql`''`))
    .select(
      sql<string | null>`(select data_json from mints where mints.token = tokens.key and closed_at is null)`.as("mint"),
    )
    .where("key", "=", key),
);

const issuesInUse = prepared((db, ofToken: string, desired: string | null, previous: string | null) =>
  db
    .selectFrom("issues")
    .selectAll()
    .where("token", "=", ofToken)
    .where((eb) => eb.or([eb("fingerprint", "in", [desired, previous]), eb("fate", "in", ["withdrawn", "retiring"])])),
);

export async function token(db: Db, key: string): Promise<TokenRecord | undefined> {
  const [row] = (await tokenRow(db, key)).rows;
  if (row === undefined) return undefined;
  const { desired, previous } = row;
  return tokenOfRow(row, row, row.mint, (await issuesInUse(db, key, desired, previous)).rows);
}

/** All enrolled tokens in four queries, however many there are. */
export async function tokens(db: Db): Promise<readonly TokenRecord[]> {
  const rows = await db.selectFrom("tokens").selectAll().orderBy("key").execute();
  const jobs = await db.selectFrom("jobs").selectAll().where("target", "=", "").where("enrolled", "=", 1).execute();
  const remembered = ["accepted", "withdrawn", "retiring"];
  const issues = await db.selectFrom("issues").selectAll().where("fate", "in", remembered).execute();
  const mints = await db.selectFrom("mints").select(["token", "data_json"]).where("closed_at", "is", null).execute();
  const jobOf = new Map(jobs.map((job) => [job.token, job]));
  const issuesOf = Map.groupBy(issues, (issue: IssueRow) => issue.token);
  const mintOf = new Map(mints.map((mint) => [mint.token, mint.data_json]));
  return rows.flatMap((row) => {
    const job = jobOf.get(row.key);
    return job === undefined ? [] : [tokenOfRow(row, job, mintOf.get(row.key) ?? null, issuesOf.get(row.key) ?? [])];
  });
}

const everyTarget = (db: Db) =>
  db
    .selectFrom("targets")
    .selectAll()
    .select(jobColumns(sql.ref("targets.token"), sql.ref("targets.label")));
const targetRows = (db: Db) =>
  everyTarget(db).where(
    sql<SqlBool>`(select enrolled from jobs where jobs.token = targets.token and jobs.target = targets.label) = 1`,
  );
const allTargets = prepared((db) => targetRows(db).orderBy("token").orderBy("label"));
/** In no order: asking for one makes SQLite read these few rows ten times as slowly. */
const targetsOf = prepared((db, ofToken: string) => targetRows(db).where("token", "=", ofToken));

export async function targets(db: Db, ofToken?: string): Promise<readonly TargetRecord[]> {
  if (ofToken === undefined) return (await allTargets(db)).rows.map((row) => targetOfRow(row, row));
  const { rows } = await targetsOf(db, ofToken);
  return rows.map((row) => targetOfRow(row, row)).sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** What was seen there is ours (`held`), or another's as far as that token knows (`drift`). */
export async function holders(db: Db, fingerprint: Fingerprint): Promise<readonly TargetRecord[]> {
  const named = `%"fingerprint":"${fingerprint}"%`;
  const rows = await everyTarget(db)
    .where((eb) => eb.or([eb("held_json", "like", named), eb("drift_json", "like", named)]))
    .execute();
  return rows.map((row) => targetOfRow(row, row));
}

const issuesOf = prepared((db, ofToken: string) => db.selectFrom("issues").selectAll().where("token", "=", ofToken));

export async function known(
  db: Db,
  ofToken: string,
): Promise<ReadonlyMap<Fingerprint, { issue: Issue; fate: IssueFate }>> {
  const { rows } = await issuesOf(db, ofToken);
  return new Map(rows.map((row) => [row.fingerprint, { issue: issueOfRow(row), fate: row.fate as IssueFate }]));
}

/** Of an issue in use, else of the secret that the open mint brings. */
export async function sealed(db: Db, ofToken: string, fingerprint: Fingerprint): Promise<string | null> {
  const row = await db
    .selectFrom("issues")
    .select("sealed")
    .where("token", "=", ofToken)
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
  return row?.sealed ?? (await chosenSecret(db, ofToken, fingerprint));
}

async function chosenSecret(db: Db, ofToken: string, fingerprint: Fingerprint): Promise<string | null> {
  const open = await db
    .selectFrom("mints")
    .select(["data_json", "sealed"])
    .where("token", "=", ofToken)
    .where("closed_at", "is", null)
    .executeTakeFirst();
  if (open?.sealed == null) return null;
  return (fromJson(open.data_json) as Pick<Mint, "chosen">).chosen === fingerprint ? open.sealed : null;
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

const settledNow = prepared((db, ofToken: string, fingerprint: Fingerprint, now: Instant) =>
  db
    .updateTable("tokens")
    .set({ settled: fingerprint, last_success_at: now })
    .where("key", "=", ofToken)
    .where((eb) => eb.or([eb("settled", "is", null), eb("settled", "<>", fingerprint)])),
);

export async function settle(db: Db, ofToken: string, fingerprint: Fingerprint, now: Instant): Promise<boolean> {
  return (await settledNow(db, ofToken, fingerprint, now)).numAffectedRows === 1n;
}
