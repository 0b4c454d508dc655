/** docs/adding-an-issuer.md is followed to the letter, in a copy of the sources: what it adds works, and is fit to be kept. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeTurnstile } from "../support/example-issuer/server.ts";
import { FakeClock } from "../support/fake-clock.ts";

const root = resolve(import.meta.dirname, "../..");
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
const INDEX = "src/issuers/index.ts";
const LIMIT_MS = 60_000;

const text = await readFile(join(root, "docs/adding-an-issuer.md"), "utf8");
/** Path -> content: each block that comes right after its path. */
const files = new Map(
  [...text.matchAll(/^`([\w./-]+)`\n\n```\w+\n([\s\S]*?)^```$/gm)].map(([, path = "", content = ""]) => [
    path,
    content,
  ]),
);
const [imported = ""] = /^import \{ (\w+) \} from "\.\/\1\/index\.ts";$/m.exec(text) ?? [];
const type = /\{ (\w+) \}/.exec(imported)?.[1] ?? "";
const settings = /^```yaml\n([\s\S]*?)^```$/m.exec(text)?.[1] ?? "";

interface Ran {
  readonly code: number;
  readonly said: string;
}

let copy = "";

/** A tool of node_modules, or of the copy, run in the copy. */
function run(script: string, ...argv: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env["PATH"] ?? "", NO_COLOR: "1" };
  return new Promise((settle) => {
    execFile(process.execPath, [join(copy, script), ...argv], { cwd: copy, env }, (error, stdout, stderr) => {
      settle({ code: error === null ? 0 : Number(error.code), said: stdout + stderr });
    });
  });
}

function expectWell({ code, said }: Ran): void {
  expect(code === 0 ? "" : said).toBe("");
}

const runSuite = (): Promise<Ran> => run("node_modules/vitest/vitest.mjs", "run", `test/issuers/${type}`);

async function change(path: string, from: string | RegExp, to: string): Promise<void> {
  const before = await readFile(join(copy, path), "utf8");
  const after = before.replace(from, to);
  if (after === before) throw new Error(`${path}: nothing to change`);
  await writeFile(join(copy, path), after);
}

async function startFake(): Promise<FakeTurnstile & AsyncDisposable> {
  const server = new FakeTurnstile(new FakeClock());
  await server.start();
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

beforeAll(async () => {
  copy = await realpath(await mkdtemp(join(tmpdir(), "renewd-issuer-doc-")));
  for (const name of COPIED) await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  for (const [path, content] of files) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await writeFile(join(copy, path), content);
  }
  await change(INDEX, /^import /m, `${imported}\nimport `);
  await change(INDEX, /,?\s*\];/, `, ${type}];`);
}, LIMIT_MS);

afterAll(() => rm(copy, { recursive: true, force: true }));

describe("the issuer of docs/adding-an-issuer.md", { timeout: LIMIT_MS }, () => {
  it("has the files that every issuer has, and a contract test", () => {
    const usual = ["README.md", "options.ts", "refusals.ts", "mint.ts", "inspect.ts", "issuer.ts", "index.ts"];
    const wanted = [...usual.map((name) => `src/issuers/${type}/${name}`), `test/issuers/${type}/contract.test.ts`];
    expect([...files.keys()]).toEqual(expect.arrayContaining(wanted));
  });

  it("keeps the rules of the linter and of the layout", async () => {
    const written = [`src/issuers/${type}`, `test/issuers/${type}`];
    expectWell(await run("node_modules/oxlint/bin/oxlint", "--deny-warnings", ...written));
    expectWell(await run("node_modules/prettier/bin/prettier.cjs", "--check", ...written));
  });

  it("has right types, also as one of the list", async () => {
    const include = [INDEX, `src/issuers/${type}`, `test/issuers/${type}`];
    await writeFile(join(copy, "tsconfig.doc.json"), JSON.stringify({ extends: "./tsconfig.json", include }));
    expectWell(await run("node_modules/typescript/bin/tsc", "--project", "tsconfig.doc.json"));
  });

  it("can be named by settings, and tried", async () => {
    await using server = await startFake();
    await writeFile(join(copy, "renewd.yaml"), settings.replace(/https:\S+/, server.url), { mode: 0o600 });
    await writeFile(join(copy, "turnstile.key"), server.key, { mode: 0o600 });
    const { code, said } = await run("src/main.ts", "check", "--config", "renewd.yaml");
    expect(said).toContain("1 token, 1 issuer, 1 store");
    expect(said).toContain(`is of ${server.owner}`);
    expect(code).toBe(0);
  });

  it("passes the contract suite, and does not once it is broken", async () => {
    const { code, said } = await runSuite();
    expect(said).toMatch(/Tests +\d{2} passed/);
    expect(code).toBe(0);
    await change(`src/issuers/${type}/mint.ts`, 'error.sent ? "unknown" : "refused"', '"refused"');
    const broken = await runSuite();
    expect(broken.said).toContain("answers as unknown what was done and its answer lost");
    expect(broken.code).toBe(1);
  });
});
