import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import type { Random } from "../core/ports.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import { SecretText } from "../core/secret-text.ts";
import type { StateStore } from "../core/state-store.ts";
import { migrate } from "./migrations.ts";
import { Sealer } from "./sealer.ts";
import { SqlStateStore } from "./sql-state-store.ts";
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
  const { file } = options;
  const isNew = file === ":memory:" || !(await exists(file));
  if (file !== ":memory:") await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const keys = options.keys.length > 0 ? options.keys : [await keyBeside(file, isNew)];
  const sealer = new Sealer(keys);
  const database = openDatabase(file);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  try {
    if (file !== ":memory:") await chmod(file, 0o600);
    await migrate(db as Kysely<unknown>);
    await checkKey(db, sealer);
  } catch (thrown) {
    await db.destroy();
    throw unreadable(file, thrown);
  }
  return new SqlStateStore(db, sealer, options.random);
}

function openDatabase(file: string): Database.Database {
  try {
    const database = new Database(file, { timeout: 5_000 });
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    return database;
  } catch (thrown) {
    throw unreadable(file, thrown);
  }
}

/** A file that SQLite cannot make sense of is told apart from one that cannot be written. */
function unreadable(file: string, thrown: unknown): RenewdError {
  if (thrown instanceof RenewdError) return thrown;
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : toRenewdError(thrown).code;
  const text = thrown instanceof Error ? thrown.message : "";
  if (/READONLY|FULL|IOERR|CANTOPEN|EACCES|EROFS|ENOSPC/.test(code)) {
    return new RenewdError("state_unwritable", `${file}: ${text} (${code})`, { cause: thrown });
  }
  return new RenewdError("state_unreadable", `${file}: ${text} (${code})`, { cause: thrown });
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
async function checkKey(db: Kysely<Tables>, sealer: Sealer): Promise<void> {
  const checks = await db.selectFrom("key_checks").selectAll().execute();
  const [first] = sealer.kids;
  if (checks.length > 0 && !checks.some((check) => sealer.kids.includes(check.kid))) {
    const kids = checks.map((check) => check.kid).join(", ");
    throw new RenewdError(
      "state_key",
      `the state was sealed with another key (${kids}); put that one back as \`state.keys\``,
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

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
