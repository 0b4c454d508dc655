import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { SecretText } from "../../src/core/secret-text.ts";
import type { StateStore } from "../../src/core/state-store.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { openSqliteState } from "../../src/state/open-sqlite.ts";

const made: string[] = [];

afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder of its own, gone after the file's tests. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "renewd-state-"));
  made.push(folder);
  return folder;
}

export function openState(file: string, keys: readonly SecretText[] = []): Promise<StateStore> {
  return openSqliteState({ file, keys, random: systemRandom });
}

export const openMemory = (): Promise<StateStore> => openState(":memory:");

export const openNewFile = (): Promise<StateStore> => openState(join(newFolder(), "renewd.db"));
