/** Runs tests, or the simulation, in a scratch copy and judges how they ended. */
import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { IssuerKind } from "../simulation/issuer-kinds.ts";
import type { Catcher } from "./mutant.ts";
import { CHECKOUT, type Scratch } from "./scratch.ts";

const SIMULATE = relative(CHECKOUT, fileURLToPath(new URL("./simulate.ts", import.meta.url)));

export interface TestResult {
  /** From the root of the checkout. */
  readonly file: string;
  /** With those of the suites that it is in. */
  readonly name: string;
  readonly passed: boolean;
  /** The first line of why it failed; "" when it passed. */
  readonly why: string;
}

export interface Finding {
  readonly caught: boolean;
  /** By what, or why not. */
  readonly by: string;
}

interface VitestJson {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** A run that takes longer hangs. */
const RUN_MS_MAX = 180_000;

/** Runs the tests that the catchers name. Throws when they could not be run at all. */
export async function runCatchers(
  scratch: Scratch,
  catchers: readonly Catcher[],
  signal: AbortSignal,
): Promise<readonly TestResult[]> {
  const report = join(scratch.root, "report.json");
  const files = [...new Set(catchers.map(({ file }) => file))];
  const names = catchers.map(({ named }) => named.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|");
  const vitest = join(scratch.root, "node_modules/vitest/vitest.mjs");
  // Nothing is kept in node_modules: it is the checkout's.
  const options = ["--no-cache", "--no-fsModuleCache", "--reporter=json", `--outputFile=${report}`];
  await rm(report, { force: true });
  const output = await run(scratch, [vitest, "run", ...options, "-t", names, ...files], signal);
  const text = await readFile(report, "utf8").catch(() => undefined);
  if (text === undefined) throw new Error(`vitest made no report: ${output.slice(-500)}`);
  return (JSON.parse(text) as VitestJson).testResults.flatMap(({ name: path, message, assertionResults }) => {
    const file = relative(scratch.root, path);
    if (assertionResults.length === 0) return [{ file, name: "", passed: false, why: firstLine(message) }];
    return assertionResults
      .filter(({ status }) => status === "passed" || status === "failed")
      .map(({ fullName, status, failureMessages }) => ({
        file,
        name: fullName,
        passed: status === "passed",
        why: firstLine(failureMessages[0] ?? ""),
      }));
  });
}

/** Those of the results that this catcher is about. */
export function resultsOf({ file, named }: Catcher, results: readonly TestResult[]): readonly TestResult[] {
  return results.filter((each) => each.file === file && each.name.includes(named));
}

/** An assertion, or one of the words of the simulated worlds for what can never be right. */
const JUDGEMENT =
  /^(AssertionError|Error: (Property failed|it did not come to that|hot loop|a hot loop|it never comes to rest))/;

/** A mutant is caught by a test that fails by its own judgement; one that cannot be loaded or trips over itself shows nothing. */
export function judge(results: readonly TestResult[]): Finding {
  const failed = results.filter(({ passed }) => !passed);
  const judged = failed.find(({ why }) => JUDGEMENT.test(why));
  if (judged !== undefined) return { caught: true, by: `${judged.file}: ${judged.name}` };
  const [other] = failed;
  if (other !== undefined) return { caught: false, by: `${other.file} failed, but by no assertion: ${other.why}` };
  return { caught: false, by: `${results.length} tests passed` };
}

export const HELD = "every invariant held";

/** Simulates one deployment after the other, with issuers of this kind, until an invariant is broken. */
export async function runSimulation(scratch: Scratch, kind: IssuerKind, signal: AbortSignal): Promise<Finding> {
  const output = await run(scratch, [join(scratch.root, SIMULATE), kind], signal);
  const last = output.trim().split("\n").at(-1) ?? "";
  if (last === "held") return { caught: false, by: HELD };
  const broken = /^broken: (.*)$/.exec(last)?.[1];
  if (broken !== undefined) return { caught: true, by: broken };
  return { caught: false, by: `the simulation could not go on: ${last}` };
}

/** Runs Node on this in the copy; answers what it said. */
function run(scratch: Scratch, args: readonly string[], signal: AbortSignal): Promise<string> {
  const own = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS|TEST$)/.test(name));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], {
      cwd: scratch.root,
      env: { ...Object.fromEntries(own), NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
      signal,
      timeout: RUN_MS_MAX,
    });
    let said = "";
    const hear = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-20_000));
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", reject);
    child.on("close", () => resolve(said));
  });
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
