import { DISK_CASES } from "./disk-cases.ts";
import { LOSS_CASES } from "./loss-cases.ts";
import { openSite } from "./site.ts";
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

export async function runCases(say: (line: string) => void): Promise<readonly CaseReport[]> {
  const reports: CaseReport[] = [];
  for (const each of CASES) {
    const report = await runCase(each);
    const { name, wrong, notPossible } = report;
    say(`case: ${name}: ${wrong ?? (notPossible === null ? "holds" : `not possible here (${notPossible})`)}`);
    reports.push(report);
  }
  return reports;
}

export async function runCase({ name, run }: Case): Promise<CaseReport> {
  await using site = await openSite({ issuer: "flowauth", lifetime: "1h", stateFolder: "state" });
  try {
    await run(new Ward(site, site.place.path("state/renewd.db")));
    return { name, wrong: null, notPossible: null };
  } catch (thrown) {
    if (thrown instanceof NotPossible) return { name, wrong: null, notPossible: thrown.message };
    const wrong = thrown instanceof CaseFailed ? thrown.message : String(thrown);
    return { name, wrong, notPossible: null };
  }
}
