/** deploy/systemd/renewd.service is a unit, and starts renewd as docs/install.md says. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const unit = readFileSync(join(ROOT, "deploy/systemd/renewd.service"), "utf8");
const page = readFileSync(join(ROOT, "docs/install.md"), "utf8");
const valueOf = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1] ?? "";
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

it("runs the daemon on the settings, and as the user, that the page makes", () => {
  expect(valueOf("ExecStart")).toMatch(/^\/\S+\/renewd run$/);
  const settings = valueOf("Environment").replace("RENEWD_CONFIG=", "");
  expect(page).toContain(`renewd init ${settings}`);
  expect(page).toContain(`--home-dir /var/lib/${valueOf("StateDirectory")} `);
  expect(page).toMatch(new RegExp(`^useradd .* ${valueOf("User")}$`, "m"));
});

it("is not started again where that changes nothing", () => {
  expect(valueOf("RestartPreventExitStatus").split(" ").map(Number)).toEqual([EXIT.settings, EXIT.usage]);
});

it.skipIf(!hasSystemd)("is a unit that systemd takes", () => {
  const folder = mkdtempSync(join(tmpdir(), "renewd-unit-"));
  try {
    const file = join(folder, "renewd.service");
    // Its program is not installed here.
    writeFileSync(file, unit.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
    expect({ status, said: stderr.split("\n").filter((line) => line.includes("renewd.service")) }).toEqual({
      status: 0,
      said: [],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
