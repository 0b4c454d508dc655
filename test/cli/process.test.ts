/** The real program as a process: what only a process has, its exit code and its two streams. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "renewd-cli-"));
  writeFileSync(join(folder, "renewd.yaml"), "version: 1\nnonsense: true\n");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function renewd(...argv: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: process.env["PATH"] ?? "" };
  return spawnSync(process.execPath, [join(root, "bin/renewd.js"), ...argv], { cwd: folder, env, encoding: "utf8" });
}

it("prints its version, which is the package's", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(renewd("--version")).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
});

it.each([[[]], [["issuer", "tokens", "--db", "none.db"]]])(
  "ends a usage error with 64, on stderr and in plain text: %j",
  (argv) => {
    const { status, stdout, stderr } = renewd(...argv);
    expect({ status, stdout }).toEqual({ status: 64, stdout: "" });
    expect(stderr).not.toBe("");
    expect(stderr).not.toContain("\u001b");
  },
);

it.each(["status", "run"])("`%s` ends refused settings with 2 and names file and line", (verb) => {
  const { status, stdout, stderr } = renewd(verb, "-c", "renewd.yaml");
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/renewd\.yaml:2:1 {2}nonsense/);
  expect(stderr).not.toMatch(/\bat .*\.ts:\d+/);
});
