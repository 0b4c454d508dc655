import { stat } from "node:fs/promises";
import BetterSqlite from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { RenewdError } from "../core/errors.ts";
import type { Random } from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";
import { sealingKey } from "./key-files.ts";
import { migrate } from "./migrations.ts";
import { createOnce, hasCode, makeFolderOf } from "./private-files.ts";
import type { IssuerTables } from "./schema.ts";
import { Sealer } from "./sealer.ts";

/** How long a statement waits for another process that writes. The whole process waits with it, so it is short. */
const BUSY_MS = 2_000;

export type IssuerDb = Kysely<IssuerTables>;

export interface IssuerDatabase {
  readonly db: IssuerDb;
  readonly sealer: Sealer;
  close(): Promise<void>;
}

/**
 * Opens the issuer's SQLite file (WAL, so that the server and an administrator may have it open at once), or makes it
 * with its sealing key beside it. Throws `state_key` when the key is lost or another, `state_unreadable` otherwise.
 */
export async function openIssuerDatabase(dbFile: string, random: Random): Promise<IssuerDatabase> {
  await makeFolderOf(dbFile);
  const sealer = new Sealer(await sealingKey(dbFile, await isAbsent(dbFile), random), random);
  await createOnce(dbFile, "", random);
  let db: IssuerDb | undefined;
  try {
    const sqlite = connect(dbFile);
    db = new Kysely<IssuerTables>({ dialect: new SqliteDialect({ database: sqlite }) });
    await migrateAlone(db, sqlite);
    await checkKey(db, sealer, dbFile);
  } catch (error) {
    await db?.destroy();
    if (error instanceof RenewdError) throw error;
    throw new RenewdError("state_unreadable", `cannot open the issuer's database ${dbFile}`, { cause: error });
  }
  const opened = db;
  return { db: opened, sealer, close: () => opened.destroy() };
}

function connect(dbFile: string): BetterSqlite.Database {
  const sqlite = new BetterSqlite(dbFile, { timeout: BUSY_MS });
  sqlite.pragma("journal_mode = WAL");
  sqlite.pragma("synchronous = FULL");
  sqlite.pragma("foreign_keys = ON");
  return sqlite;
}

/** The migrator opens no transaction of its own on SQLite, so one around it keeps two processes apart. */
async function migrateAlone(db: IssuerDb, sqlite: BetterSqlite.Database): Promise<void> {
  sqlite.exec("BEGIN IMMEDIATE");
  try {
    await migrate(db);
    sqlite.exec("COMMIT");
  } catch (error) {
    sqlite.exec("ROLLBACK");
    throw error;
  }
}

async function checkKey(db: IssuerDb, sealer: Sealer, dbFile: string): Promise<void> {
  await db
    .insertInto("meta")
    .values({ name: "key_check", value: sealer.seal("key_check", new SecretText("renewd")) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db.selectFrom("meta").select("value").where("name", "=", "key_check").executeTakeFirstOrThrow();
  if (sealer.open("key_check", row.value) === undefined) {
    throw new RenewdError("state_key", `${dbFile} was sealed with another key than the encryption.key beside it`);
  }
}

/** A file without a byte is what a crash right after its creation leaves: still new. */
async function isAbsent(file: string): Promise<boolean> {
  try {
    return (await stat(file)).size === 0;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    throw error;
  }
}
