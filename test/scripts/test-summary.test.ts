import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

it("counts tests, and a file that could not be loaded as one that failed", () => {
  const folder = mkdtempSync(join(tmpdir(), "renewd-summary-"));
  const report = join(folder, "report.json");
  const testResults = [
    { status: "passed", assertionResults: [{}, {}, {}] },
    { status: "failed", assertionResults: [{}, {}] },
    { status: "failed", assertionResults: [] },
  ];
  writeFileSync(report, JSON.stringify({ numPassedTests: 4, numFailedTests: 1, testResults }));
  const script = resolve(import.meta.dirname, "../../scripts/test-summary.ts");
  expect(execFileSync(process.execPath, [script, report], { encoding: "utf8" })).toBe("4 passed, 2 failed\n");
  rmSync(folder, { recursive: true });
});
