/**
 * The linter holds the arrows of docs/architecture.md and the rule that clock, randomness, environment and console are
 * reached through ports. A linter's pattern that never matches says nothing, so every rule is seen to bite here: the
 * real settings are run once over a small tree of planted lines, each right or wrong in exactly one way.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const IMPORTS = "eslint(no-restricted-imports)";
const GLOBALS = "eslint(no-restricted-globals)";
const PROPERTIES = "eslint(no-restricted-properties)";

const from = (module: string): string => `export { named } from "${module}";`;
const typeFrom = (module: string): string => `export type { Named } from "${module}";`;

/** A line and the rule that must refuse it; null: no rule may. */
type Planted = readonly [line: string, rule: string | null];

const CLOCKLESS: readonly Planted[] = [
  ["export const a1 = setTimeout(String, 1);", GLOBALS],
  ["export const a2 = setInterval(String, 1);", GLOBALS],
  ["export const a3 = setImmediate(String);", GLOBALS],
  ["export const a4 = performance.timeOrigin;", GLOBALS],
  ["export const a5 = globalThis.Number;", GLOBALS],
  ["export const a6 = Math.random();", PROPERTIES],
  ["export const a7 = AbortSignal.timeout(1);", PROPERTIES],
  ["export const a8 = process.pid;", GLOBALS],
  ['export const a9 = await fetch("http://localhost");', GLOBALS],
  ['console.log("hello");', "eslint(no-console)"],
];

const ADAPTER: readonly Planted[] = [
  ...CLOCKLESS,
  ["export const b1 = Date.now();", PROPERTIES],
  ["export const b2 = new Date(0).toISOString();", null],
  [from("../../core/errors.ts"), null],
  [typeFrom("../../core/ports.ts"), null],
  [from("./options.ts"), null],
  [from("undici"), null],
  [from("node:fs"), null],
  [from("node:timers/promises"), IMPORTS],
  [from("node:perf_hooks"), IMPORTS],
  [from("node:process"), IMPORTS],
  [from("../fields.ts"), null],
  [from("../fields.ts"), null],
  [from("../other/client.ts"), IMPORTS],
  [typeFrom("../other/client.ts"), IMPORTS],
  ['import "../other/client.ts";', IMPORTS],
  [from("../../engine/sweep.ts"), IMPORTS],
  [from("../../state/sqlite.ts"), IMPORTS],
  [from("../../app.ts"), IMPORTS],
];

const FAMILY: readonly Planted[] = [
  ...CLOCKLESS,
  ["export const b1 = Date.now();", PROPERTIES],
  [from("../core/errors.ts"), null],
  [from("./own.ts"), null],
  [from("hono"), null],
  [from("node:fs"), null],
  [from("node:timers"), IMPORTS],
  [from("../app.ts"), IMPORTS],
  [from("../main.ts"), IMPORTS],
  [from("../engine/sweep.ts"), IMPORTS],
  [from("../runtime/clock.ts"), IMPORTS],
  [typeFrom("../runtime/clock.ts"), IMPORTS],
  [from("../cli/run.ts"), IMPORTS],
];

const PURE: readonly Planted[] = [
  ...CLOCKLESS,
  ["export const b1 = Date;", GLOBALS],
  ["export const b2 = new Intl.DateTimeFormat();", GLOBALS],
  ["export const b3 = crypto.randomUUID();", GLOBALS],
  [from("zod"), IMPORTS],
  [from("node:fs"), IMPORTS],
  [from("@hono/node-server"), IMPORTS],
  [from("../runtime/clock.ts"), IMPORTS],
  [from("../app.ts"), IMPORTS],
  [typeFrom("../settings/load.ts"), IMPORTS],
];

const PROCESS_ALLOWED: readonly Planted[] = [
  ["export const a1 = setTimeout(String, 1);", GLOBALS],
  ["export const a5 = globalThis.Number;", GLOBALS],
  ["export const a6 = Math.random();", PROPERTIES],
  ["export const b1 = Date.now();", PROPERTIES],
  ["export const b4 = process.argv;", null],
  ["export const b5 = process.env;", "node(no-process-env)"],
  ['console.log("hello");', "eslint(no-console)"],
];

const TREE: Readonly<Record<string, readonly Planted[]>> = {
  "src/core/planted.ts": [...PURE, [from("./issue.ts"), null], [from("../engine/sweep.ts"), IMPORTS]],
  "src/core/secret-text.ts": [
    [from("node:crypto"), null],
    [from("./issue.ts"), null],
    [from("node:fs"), IMPORTS],
    [from("zod"), IMPORTS],
    [from("@hono/node-server"), IMPORTS],
    [from("../runtime/random.ts"), IMPORTS],
  ],
  "src/core/duration.ts": [
    ["export const b1 = new Date(0);", null],
    ["export const b2 = Date.now();", PROPERTIES],
  ],
  "src/engine/planted.ts": [...PURE, [from("./sweep.ts"), null], [from("../core/issue.ts"), null]],
  "src/issuers/planted/client.ts": ADAPTER,
  "src/stores/planted/client.ts": ADAPTER,
  "src/notifiers/planted/client.ts": ADAPTER,
  "src/issuers/planted.ts": FAMILY,
  "src/stores/planted.ts": FAMILY,
  "src/state/planted.ts": FAMILY,
  "src/settings/planted.ts": FAMILY,
  "src/http/planted.ts": FAMILY,
  // What all of a kind share is, for the dashboard, what all of http share.
  "src/http/dashboard/planted.ts": ADAPTER.filter(([line]) => !line.includes("other/client")),
  "src/simulation/planted.ts": [
    ...PURE,
    [from("./sim-clock.ts"), null],
    [from("../core/issue.ts"), null],
    [from("../engine/sweeper.ts"), null],
    [from("../state/open-sqlite.ts"), IMPORTS],
  ],
  "src/issuer-server/planted.ts": FAMILY,
  "src/runtime/planted.ts": [
    ["export const a1 = setTimeout(String, 1);", null],
    ["export const b1 = Date.now();", null],
    [from("node:perf_hooks"), null],
    [from("../core/ports.ts"), null],
    ["export const a2 = process.env;", "node(no-process-env)"],
    ['console.log("hello");', "eslint(no-console)"],
    [from("../engine/sweep.ts"), IMPORTS],
    [from("../settings/load.ts"), IMPORTS],
  ],
  "src/runtime/environment.ts": [["export const a1 = process.env;", null]],
  "src/cli/planted.ts": [
    ...PROCESS_ALLOWED,
    [from("../app.ts"), null],
    [from("../core/errors.ts"), null],
    [from("./table.ts"), null],
    [from("commander"), null],
    [from("../issuer-server/index.ts"), IMPORTS],
    [from("../state/sqlite.ts"), IMPORTS],
    [from("../main.ts"), IMPORTS],
  ],
  "src/cli/issuer.ts": [
    [from("../issuer-server/index.ts"), null],
    [from("../app.ts"), null],
    [from("../state/sqlite.ts"), IMPORTS],
    [from("node:timers"), IMPORTS],
  ],
  "src/app.ts": [
    ...PROCESS_ALLOWED,
    [from("./issuer-server/index.ts"), null],
    [from("./engine/sweep.ts"), null],
    [from("./cli/run.ts"), IMPORTS],
    [from("node:timers"), IMPORTS],
  ],
  "src/main.ts": [
    ...PROCESS_ALLOWED,
    [from("./app.ts"), null],
    [from("./cli/run.ts"), null],
    [from("./core/errors.ts"), null],
    [from("./state/sqlite.ts"), IMPORTS],
    [from("./issuer-server/index.ts"), IMPORTS],
  ],
  "src/http/default.ts": [["export default function named(): void {}", "import(no-default-export)"]],
  "src/http/NotKebab.ts": [["export const a = 1;", "unicorn(filename-case)"]],
  "src/http/careless.ts": [
    ["export function f1(x: any): void { void x; }", "typescript(no-explicit-any)"],
    ['export function f2(): void { import("node:fs"); }', "typescript(no-floating-promises)"],
    ["export function f3(x: 'a' | 'b'): void { switch (x) { case 'a': } }", "typescript(switch-exhaustiveness-check)"],
    ["export function f4(): void { [1].forEach(async () => { await f5(); }); }", "typescript(no-misused-promises)"],
    ["export async function f5(): Promise<void> { throw 'text'; }", "typescript(only-throw-error)"],
    ["export function f6(x: string | null): string { return x!; }", "typescript(no-non-null-assertion)"],
    ["export function f7(): string { return JSON.parse(''); }", "typescript(no-unsafe-return)"],
    ["export const f8 = (x: number | null): boolean => x == null;", null],
    ["export const f9 = (x: number): boolean => x == 1;", "eslint(eqeqeq)"],
    [`export function long(): void {${" void 0;\n".repeat(70)}}`, "eslint(max-lines-per-function)"],
  ],
  "src/http/long.ts": [
    ["export const a = 1;", null],
    ["// line\n".repeat(400), "eslint(max-lines)"],
  ],
};

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

const folder = mkdtempSync(join(tmpdir(), "renewd-arrows-"));
let diagnostics: readonly Diagnostic[] = [];

beforeAll(() => {
  for (const name of [".oxlintrc.json", "tsconfig.json", "package.json"])
    copyFileSync(join(root, name), join(folder, name));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [file, planted] of Object.entries(TREE)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), planted.map(([line]) => `${line}\n`).join(""));
  }
  const argv = [join(root, "node_modules/oxlint/bin/oxlint"), "--format", "json", "src"];
  const run = spawnSync(process.execPath, argv, { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 26 });
  diagnostics = (JSON.parse(run.stdout) as { diagnostics: readonly Diagnostic[] }).diagnostics;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The planted line that a line number of its file lies in; some are several lines long. */
function plantedAt(planted: readonly Planted[], number: number): string {
  let end = 0;
  for (const [line] of planted) {
    end += line.split("\n").length;
    if (number <= end) return line;
  }
  return `line ${number}`;
}

describe("the linter refuses what was planted, and nothing else, in", () => {
  it.each(Object.entries(TREE))("%s", (file, planted) => {
    const seen = diagnostics
      .filter(({ filename }) => filename === file)
      .map(({ code, labels }) => `${code} ${plantedAt(planted, labels[0]?.span.line ?? 1)}`);
    const wanted = planted.filter(([, rule]) => rule !== null).map(([line, rule]) => `${rule} ${line}`);
    expect(seen.toSorted()).toEqual(wanted.toSorted());
  });
});
