/** Prints `N passed, N failed` from a report of Vitest's JSON reporter: node scripts/test-summary.ts REPORT */
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

function summarise(path: string): string {
  const report = JSON.parse(readFileSync(path, "utf8")) as Report;
  // A file that could not even be loaded has no tests of its own to count.
  const broken = report.testResults.filter((each) => each.status === "failed" && each.assertionResults.length === 0);
  return `${report.numPassedTests} passed, ${report.numFailedTests + broken.length} failed`;
}

process.stdout.write(`${summarise(process.argv[2] ?? "")}\n`);
