import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Random } from "../core/ports.ts";

/** The folder of a file, made for its owner alone when it is not there. */
export async function makeFolderOf(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
}

/**
 * Creates a file whole or not at all, synced, and never over another: false when one is there already. Of two
 * processes that create it at once exactly one wins, and the other reads what it wrote.
 */
export async function createOnce(file: string, text: string, random: Random): Promise<boolean> {
  const draft = await writeDraft(file, text, 0o600, random);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Replaces a file that anybody may read; readers see the old text or the new one. */
export async function publish(file: string, text: string, random: Random): Promise<void> {
  await rename(await writeDraft(file, text, 0o644, random), file);
}

/** The text of a file, or undefined when there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

async function writeDraft(file: string, text: string, mode: number, random: Random): Promise<string> {
  const draft = `${file}.${random.hex(8)}.tmp`;
  const handle = await open(draft, "wx", mode);
  try {
    await handle.chmod(mode);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return draft;
}
