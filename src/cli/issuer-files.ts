import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { RenewdError } from "../core/errors.ts";
import { SecretText } from "../core/secret-text.ts";
import type { Shell } from "./command.ts";

const DB_DEFAULT = "var/issuer/issuer.db";

export const DB_OPTION = [
  "--db <file>",
  `the issuer's database (default: the settings' embedded issuer's, else ${DB_DEFAULT})`,
] as const;

/** Where the issuer's database is, absolute: given, or that of the settings' first embedded issuer, or the default. */
export async function dbFileOf(shell: Shell, given: string | undefined): Promise<string> {
  if (given !== undefined) return resolve(given);
  const settingsFile = shell.settingsFile();
  if (!shell.isSettingsFileNamed() && !existsSync(settingsFile)) return resolve(DB_DEFAULT);
  const { settings } = await shell.app.checkSettings({ settingsFile, allowCommands: false });
  const options = settings.issuers.find((each) => each.type === "embedded")?.options;
  if (typeof options !== "object" || options === null || !("db" in options)) return resolve(DB_DEFAULT);
  return resolve(dirname(settings.file), String(options.db));
}

/** Only `serve` and the first verbs make a database; elsewhere a missing one is a slip of the path. */
export function checkDbExists(dbFile: string): void {
  if (existsSync(dbFile)) return;
  throw new RenewdError("usage", `there is no issuer's database ${dbFile}; make one by add-server, or give it as --db`);
}

/** As every secret file, less one newline at its end. */
export async function readPassword(file: string): Promise<SecretText> {
  try {
    return new SecretText((await readFile(file, "utf8")).replace(/\r?\n$/, ""));
  } catch (error) {
    throw new RenewdError("secret_unreadable", `cannot read the password file ${file}`, { cause: error });
  }
}
