/** Copies of the checkout in which the code may be broken. */
import { cp, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutate, type Mutant } from "./mutant.ts";

export const CHECKOUT: string = join(import.meta.dirname, "../..");
const COPIED = [
  "bin",
  "config",
  "src",
  "test",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "vitest.config.ts",
  "vitest.peers.config.ts",
];

/** One copy. Its packages are the checkout's. */
export class Scratch {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<Scratch> {
    const scratch = new Scratch(await realpath(await mkdtemp(join(tmpdir(), "renewd-mutants-"))));
    try {
      for (const name of COPIED) await cp(join(CHECKOUT, name), join(scratch.root, name), { recursive: true });
      await symlink(join(CHECKOUT, "node_modules"), join(scratch.root, "node_modules"));
      return scratch;
    } catch (thrown) {
      await scratch.remove();
      throw thrown;
    }
  }

  /** Runs the task on code with this fault, and takes the fault away. Throws when the mutant no longer applies. */
  async with<T>(mutant: Mutant, task: () => Promise<T>): Promise<T> {
    const file = join(this.root, mutant.file);
    const source = await readFile(file, "utf8");
    await writeFile(file, mutate(source, mutant));
    try {
      return await task();
    } finally {
      await writeFile(file, source);
    }
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
