import { constants, open } from "node:fs/promises";
import { type Problem, SettingsError } from "./problems.ts";

const MAX_FILE_BYTES = 16 * 1024 * 1024;

/**
 * The text of a settings file: at most 16 MiB of UTF-8 that nobody else may change. Throws `SettingsError`, `despite`
 * not for what is not UTF-8.
 */
export async function readText(file: string, what: "valid" | "despite" = "valid"): Promise<string> {
  const refuse = (message: string, hint: string, cause?: unknown): SettingsError => {
    const problem: Problem = { file, line: 1, column: 1, path: "", message, hint };
    return new SettingsError([problem], { cause });
  };
  let bytes: Buffer;
  try {
    // Without waiting for a writer, should it be a pipe.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = await handle.stat();
    if (!facts.isFile()) throw refuse("is not a file", "Give the path of a settings file with `-c`.");
    if (writableByOthers(facts)) {
      throw refuse(
        "may be changed by other users, who could send tokens elsewhere",
        `Take that right away: chmod go-w ${file}`,
      );
    }
    bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    bytes = bytes.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    const hint = code === "ENOENT" ? "Give its path with `-c FILE` or RENEWD_CONFIG." : "Look at its permissions.";
    throw refuse(`cannot be read (${code})`, hint, error);
  }
  if (bytes.length > MAX_FILE_BYTES) throw refuse("is larger than 16 MiB", "Settings are never that long; shorten it.");
  try {
    return new TextDecoder("utf-8", { fatal: what === "valid" }).decode(bytes);
  } catch {
    throw refuse("is not UTF-8 text", "Save it as UTF-8.");
  }
}

/** The group may write where it is the owner's own (one number for both, as with a umask of 002). */
function writableByOthers(facts: { readonly mode: number; readonly uid: number; readonly gid: number }): boolean {
  return (facts.mode & (facts.uid === facts.gid ? 0o002 : 0o022)) !== 0;
}
