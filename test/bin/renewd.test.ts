import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "renewd-bin-"));
  for (const name of ["bin", "src", "dist"]) mkdirSync(join(folder, name));
  copyFileSync(resolve(import.meta.dirname, "../../bin/renewd.js"), join(folder, "bin/renewd.js"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "dist/main.js"), "process.stdout.write(`built ${process.argv[2]}`);");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(...options: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [...options, join(folder, "bin/renewd.js"), "status"], { encoding: "utf8" });
}

it("starts what was built where there are no sources", () => {
  expect(start()).toMatchObject({ status: 0, stdout: "built status" });
});

it("starts the sources of a checkout, so that edits count", () => {
  writeFileSync(join(folder, "src/main.ts"), "process.stdout.write(`edited ${process.argv[2] as string}`);");
  expect(start()).toMatchObject({ status: 0, stdout: "edited status" });
});

it("loads nothing on an old Node and says in two lines what to do", () => {
  const older = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })';
  const { status, stdout, stderr } = start("--import", `data:text/javascript,${encodeURIComponent(older)}`);
  expect({ status, stdout }).toEqual({ status: 64, stdout: "" });
  expect(stderr.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/needs Node 24 or newer; this is Node 20\.20\.2/) as string,
    expect.stringContaining("npm start") as string,
  ]);
});
