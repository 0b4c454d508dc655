/** A page that adds an adapter, followed to the letter in a copy of the sources. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const COPIED = [
  "src",
  "test/contracts",
  "test/support",
  ".oxlintrc.json",
  ".prettierrc.json",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
];

type Folder = "issuers" | "stores" | "notifiers";

interface Ran {
  readonly code: number;
  readonly said: string;
}

export class Recipe {
  /** Path -> content: each block of the page that comes right after its path. */
  readonly files: ReadonlyMap<string, string>;
  /** The name of the type, and of its folder. */
  readonly type: string;
  /** The settings that the page shows whole. */
  readonly settings: string;
  readonly #folder: Folder;
  readonly #imported: string;
  #copy = "";

  private constructor(text: string, folder: Folder) {
    this.#folder = folder;
    this.files = new Map(
      [...text.matchAll(/^`([\w./-]+)`\n\n```\w+\n([\s\S]*?)^```$/gm)].map(([, path = "", content = ""]) => [
        path,
        content,
      ]),
    );
    [this.#imported = ""] = /^import \{ (\w+) \} from "\.\/\1\/index\.ts";$/m.exec(text) ?? [];
    this.type = /\{ (\w+) \}/.exec(this.#imported)?.[1] ?? "";
    this.settings = /^```yaml\n(version: 1[\s\S]*?)^```$/m.exec(text)?.[1] ?? "";
  }

  /** `list`: what the closing of the list in the folder's index.ts looks like. */
  static async follow(page: string, folder: Folder, list: RegExp): Promise<Recipe> {
    const recipe = new Recipe(await readFile(join(ROOT, page), "utf8"), folder);
    recipe.#copy = await realpath(await mkdtemp(join(tmpdir(), "renewd-recipe-")));
    for (const name of COPIED) await cp(join(ROOT, name), recipe.path(name), { recursive: true });
    await symlink(join(ROOT, "node_modules"), recipe.path("node_modules"));
    for (const [path, content] of recipe.files) await recipe.write(path, content);
    const index = `src/${folder}/index.ts`;
    await recipe.change(index, /^import /m, `${recipe.#imported}\nimport `);
    await recipe.change(index, list, (end) => `, ${recipe.type}${end.replace(/^,\s*/, "")}`);
    return recipe;
  }

  path(name: string): string {
    return join(this.#copy, name);
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await writeFile(this.path(name), text, { mode: 0o600 });
  }

  async change(name: string, from: string | RegExp, to: string | ((found: string) => string)): Promise<void> {
    const before = await readFile(this.path(name), "utf8");
    const after = before.replace(from, to as string);
    if (after === before) throw new Error(`${name}: nothing to change`);
    await writeFile(this.path(name), after);
  }

  /** A tool of node_modules, or of the copy, run in the copy. */
  run(script: string, ...argv: readonly string[]): Promise<Ran> {
    const env = { PATH: process.env["PATH"] ?? "", NO_COLOR: "1" };
    return new Promise((settle) => {
      execFile(process.execPath, [this.path(script), ...argv], { cwd: this.#copy, env }, (error, stdout, stderr) => {
        settle({ code: error === null ? 0 : Number(error.code), said: stdout + stderr });
      });
    });
  }

  suite(): Promise<Ran> {
    return this.run("node_modules/vitest/vitest.mjs", "run", `test/${this.#folder}/${this.type}`);
  }

  get #written(): readonly string[] {
    return [`src/${this.#folder}/${this.type}`, `test/${this.#folder}/${this.type}`];
  }

  async expectRules(): Promise<void> {
    expectWell(await this.run("node_modules/oxlint/bin/oxlint", "--deny-warnings", ...this.#written));
    expectWell(await this.run("node_modules/prettier/bin/prettier.cjs", "--check", ...this.#written));
  }

  async expectTypes(): Promise<void> {
    const include = [`src/${this.#folder}/index.ts`, ...this.#written];
    await this.write("tsconfig.doc.json", JSON.stringify({ extends: "./tsconfig.json", include }));
    expectWell(await this.run("node_modules/typescript/bin/tsc", "--project", "tsconfig.doc.json"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#copy, { recursive: true, force: true });
  }
}

function expectWell({ code, said }: Ran): void {
  expect(code === 0 ? "" : said).toBe("");
}
