import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DISK_CASES } from "./disk-cases.ts";
import { LOSS_CASES } from "./loss-cases.ts";
import { openSite, type Site } from "./site.ts";
import { CaseFailed, NotPossible, Ward } from "./ward.ts";

/** One way in which a state comes to harm. */
export interface Case {
  readonly name: string;
  /** Throws `CaseFailed`, or `NotPossible` where this machine cannot be brought into that trouble. */
  run(ward: Ward): Promise<void>;
}

export interface CaseReport {
  readonly name: string;
  /** Null: it holds. */
  readonly wrong: string | null;
  /** Why it could not be tried here; null: it was. */
  readonly notPossible: string | null;
}

export const CASES: readonly Case[] = [...LOSS_CASES, ...DISK_CASES];

export interface CaseOptions {
  /** Only those whose name has this in it. */
  readonly named?: string;
  /** A folder for what the daemons of a case logged, and what the last one answered. */
  readonly logs?: string | undefined;
}

export async function runCases(say: (line: string) => void, options: CaseOptions = {}): Promise<readonly CaseReport[]> {
  const { named = "", logs } = options;
  const reports: CaseReport[] = [];
  for (const each of CASES.filter(({ name }) => name.includes(named))) {
    const report = await runCase(each, logs);
    const { name, wrong, notPossible } = report;
    say(`case: ${name}: ${wrong ?? (notPossible === null ? "holds" : `not possible here (${notPossible})`)}`);
    reports.push(report);
  }
  return reports;
}

export async function runCase({ name, run }: Case, logs?: string): Promise<CaseReport> {
  await using site = await openSite({ issuer: "flowauth", lifetime: "1h", stateFolder: "state" });
  try {
    await run(new Ward(site, site.place.path("state/renewd.db")));
    return { name, wrong: null, notPossible: null };
  } catch (thrown) {
    if (thrown instanceof NotPossible) return { name, wrong: null, notPossible: thrown.message };
    const wrong = thrown instanceof CaseFailed ? thrown.message : String(thrown);
    return { name, wrong, notPossible: null };
  } finally {
    if (logs !== undefined) await keepLogs(site, join(logs, `case-${name.replaceAll(/[^a-z]+/g, "-")}`));
  }
}

/** Taken before the place is gone. */
async function keepLogs(site: Site, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const daemons = site.place.processes.map(({ stderr }, index) => `---- daemon ${index + 1}\n${stderr}`);
  await writeFile(join(folder, "daemons.log"), daemons.join(""));
  await writeFile(join(folder, "answers"), await site.answers().catch(String));
}
