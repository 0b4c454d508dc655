import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import type { Random } from "../core/ports.ts";
import { RenewdError } from "../core/errors.ts";
import { SecretText } from "../core/secret-text.ts";
import type { StateStore } from "../core/state-store.ts";
import { migrate } from "./migrations.ts";
import { kidOf, Sealer } from "./sealer.ts";
import { SqlStateStore } from "./sql-state-store.ts";
import { naming, stateError } from "./state-error.ts";
import type { Tables } from "./tables.ts";

export interface OpenOptions {
  /** Absolute path, or ":memory:". */
  readonly file: string;
  /** None given: the key beside the file, `<file>.key`, made for a new file only. */
  readonly keys: readonly SecretText[];
  readonly random: Random;
}

/** Opens the state, new or old. Throws `state_key`, `state_unreadable`, `state_unwritable`. The caller holds the lock. */
export async function openSqliteState(options: OpenOptions): Promise<StateStore> {
  try {
    return await openState(options);
  } catch (thrown) {
    throw unopened(options.file, thrown);
  }
}

async function openState({ file, keys: given, random }: OpenOptions): Promise<StateStore> {
  const isNew = file === ":memory:" || !(await exists(file));
  if (file !== ":memory:") await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const sealer = new Sealer(given.length > 0 ? given : [await keyBeside(file, isNew)]);
  const database = openDatabase(file);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: naming(database, file) }) });
  try {
    // Before the first page is read: the files beside it are made with the same mode.
    if (file !== ":memory:") await chmod(file, 0o600);
    checkPages(database, file);
    await migrate(db as Kysely<unknown>);
    await checkKey(db, sealer, file);
    await resealAll(db, sealer);
  } catch (thrown) {
    await db.destroy();
    throw thrown;
  }
  return new SqlStateStore(db, sealer, random);
}

function openDatabase(file: string): Database.Database {
  const database = new Database(file, { timeout: 5_000 });
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  return database;
}

/** One damaged page would else be noticed only when something of it is needed: a token's renewal, weeks later. */
function checkPages(database: Database.Database, file: string): void {
  const found: unknown = database.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") throw new RenewdError("state_unreadable", `${file}: it is damaged: ${String(found)}`);
}

/** While it is opened, whatever cannot be named better means that the file is not what it should be. */
function unopened(file: string, thrown: unknown): RenewdError {
  const named = stateError(file, thrown);
  if (named instanceof RenewdError) return named;
  const text = thrown instanceof Error ? thrown.message : "";
  return new RenewdError("state_unreadable", `${file}: ${text}`, { cause: thrown });
}

/** A lost key is never replaced: what it sealed would be lost with it. */
async function keyBeside(file: string, isNew: boolean): Promise<SecretText> {
  const keyFile = `${file}.key`;
  if (file === ":memory:") return new SecretText(randomBytes(32).toString("base64"));
  if (await exists(keyFile)) return new SecretText((await readFile(keyFile, "utf8")).trim());
  if (!isNew) {
    throw new RenewdError(
      "state_key",
      `${file} is there, but its key ${keyFile} is not; renewd makes no new key for an old state`,
    );
  }
  const key = randomBytes(32).toString("base64");
  const handle = await open(keyFile, "wx", 0o600);
  try {
    await handle.writeFile(`${key}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return new SecretText(key);
}

/** Each key leaves a sealed word; a state none of whose words opens belongs to another key. */
async function checkKey(db: Kysely<Tables>, sealer: Sealer, file: string): Promise<void> {
  const checks = await db.selectFrom("key_checks").selectAll().execute();
  const [first] = sealer.kids;
  if (checks.length > 0 && !checks.some((check) => sealer.kids.includes(check.kid))) {
    const kids = checks.map((check) => check.kid).join(", ");
    throw new RenewdError(
      "state_key",
      `${file}: the state was sealed with another key (${kids}); put that one back as \`state.keys\``,
    );
  }
  for (const check of checks) if (sealer.kids.includes(check.kid)) await sealer.open(check.sealed);
  if (first !== undefined && !checks.some((check) => check.kid === first)) {
    await db
      .insertInto("key_checks")
      .values({ kid: first, sealed: await sealer.seal(new SecretText("renewd")) })
      .execute();
  }
}

/** After a change of keys everything is sealed with the first, so that the old key can go at the next start. */
async function resealAll(db: Kysely<Tables>, sealer: Sealer): Promise<void> {
  const [first] = sealer.kids;
  for (const table of ["issues", "mints", "strays"] as const) {
    const rows = await db
      .selectFrom(table)
      .select(["token", "sealed"])
      .distinct()
      .where("sealed", "is not", null)
      .execute();
    for (const { sealed } of rows) {
      const kid = sealed === null ? undefined : kidOf(sealed);
      // What no given key opens is told when it is needed; it must not keep the rest from starting.
      if (sealed === null || kid === first || kid === undefined || !sealer.kids.includes(kid)) continue;
      const again = await sealer.seal(await sealer.open(sealed));
      await db.updateTable(table).set({ sealed: again }).where("sealed", "=", sealed).execute();
    }
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
