import Database from "better-sqlite3";
import { RenewdError } from "../core/errors.ts";

/** Held by the kernel for as long as the process lives, however it dies. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the lock beside the state file. Two daemons on one SQLite file would both be let in by WAL mode, so the lock is
 * a file of its own: an empty database under an exclusive transaction. Throws `state_locked`.
 */
export function lockState(stateFile: string): StateLock {
  const file = `${stateFile}.lock`;
  const lock = new Database(file, { timeout: 0 });
  try {
    lock.pragma("locking_mode = EXCLUSIVE");
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new RenewdError("state_locked", `another renewd holds ${file}`, { cause });
  }
  return { release: () => lock.close() };
}
