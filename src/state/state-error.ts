import type Database from "better-sqlite3";
import type { SqliteDatabase, SqliteStatement } from "kysely";
import { RenewdError } from "../core/errors.ts";

/** What SQLite and the file system say when a row or a file cannot be written, though what is there may be read. */
const UNWRITABLE =
  /READONLY|FULL|IOERR|CANTOPEN|PERM|AUTH|EACCES|EROFS|ENOSPC|EDQUOT|ENOTDIR|ENOENT|EPERM|ELOOP|EEXIST/;

/** Whatever SQLite or the file system threw, as an operating error that names the file. A broken constraint is our own mistake and stays what it is. */
export function stateError(file: string, thrown: unknown): unknown {
  const code = codeOf(thrown);
  if (thrown instanceof RenewdError || code === undefined || code.startsWith("SQLITE_CONSTRAINT")) return thrown;
  const text = thrown instanceof Error ? thrown.message : "";
  const kind = UNWRITABLE.test(code) ? "state_unwritable" : "state_unreadable";
  return new RenewdError(kind, `${file}: ${text} (${code})`, { cause: thrown });
}

export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}

const NOTHING = { changes: 0, lastInsertRowid: 0 };
/** renewd has some tens of statements; the shapes of `where … in` add a few. */
const STATEMENTS_KEPT_MAX = 256;

/**
 * The database as kysely uses it, with its errors named. A statement is prepared once: SQLite prepares it anew by itself
 * after a change of the schema. On a full disk SQLite has rolled back by itself: that is not asked for twice.
 */
export function naming(database: Database.Database, file: string): SqliteDatabase {
  const named = <T>(work: () => T): T => {
    try {
      return work();
    } catch (thrown) {
      throw stateError(file, thrown);
    }
  };
  const prepare = (query: string): SqliteStatement => {
    const statement: SqliteStatement = named(() => database.prepare(query) as unknown as SqliteStatement);
    return {
      reader: statement.reader,
      all: (parameters) => named(() => statement.all(parameters)),
      run: (parameters) =>
        query === "rollback" && !database.inTransaction ? NOTHING : named(() => statement.run(parameters)),
      iterate: (parameters) => named(() => statement.iterate(parameters)),
    };
  };
  const prepared = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(query) {
      const known = prepared.get(query);
      if (known !== undefined) return known;
      const statement = prepare(query);
      if (prepared.size >= STATEMENTS_KEPT_MAX) prepared.clear();
      prepared.set(query, statement);
      return statement;
    },
  };
}
