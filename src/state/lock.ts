import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { RenewdError } from "../core/errors.ts";
import { codeOf, stateError } from "./state-error.ts";

/** Held by the kernel for as long as the process lives, however it dies. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the lock beside the state file. Two daemons on one SQLite file would both be let in by WAL mode, so the lock is
 * a file of its own: an empty database under an exclusive transaction. Makes the folder (0700) if it is not there. Throws `state_locked`, or
 * `state_unwritable`.
 */
export function lockState(stateFile: string): StateLock {
  const file = `${stateFile}.lock`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, "a", 0o600));
    chmodSync(file, 0o600);
    const lock = new Database(file, { timeout: 0 });
    return hold(lock, file);
  } catch (thrown) {
    throw stateError(file, thrown);
  }
}

function hold(lock: Database.Database, file: string): StateLock {
  try {
    lock.pragma("locking_mode = EXCLUSIVE");
    lock.exec("BEGIN EXCLUSIVE");
    return { release: () => lock.close() };
  } catch (cause) {
    lock.close();
    if (codeOf(cause) !== "SQLITE_BUSY") throw cause;
    throw new RenewdError("state_locked", `another renewd holds ${file}`, { cause });
  }
}
