/** Prometheus' own tool reads the rules, plays their cases, and judges what renewd exports and what the dashboard asks. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { everyMetric } from "../http/every-metric.ts";
import { clientUnderTest } from "./peer.ts";

const promtool = join(clientUnderTest().bin, "promtool");
const home = resolve(import.meta.dirname, "../../deploy/monitoring");
/** The cases play weeks in steps of a minute. */
const PLAY_MS = 600_000;

function said(
  args: readonly string[],
  cwd: string,
  input = "",
): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(promtool, args, { cwd, input, encoding: "utf8" });
  return { status, text: `${stdout}${stderr}` };
}

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "renewd-promtool-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("the rules", () => {
  it("are in order", () => {
    expect(said(["check", "rules", "renewd.rules.yaml"], home)).toMatchObject({
      status: 0,
      text: expect.stringMatching(/SUCCESS: \d\d rules found/) as string,
    });
  });

  it(
    "fire in their cases, and in no other",
    () => {
      const { status, text } = said(["test", "rules", "renewd.rules.test.yaml"], home);
      expect(text).toContain("SUCCESS");
      expect(status).toBe(0);
    },
    PLAY_MS,
  );

  it("are really compared: one that never fires is noticed", () => {
    interface Tests {
      readonly tests: readonly { readonly name: string }[];
    }
    const read = (name: string): string => readFileSync(join(home, name), "utf8");
    const never = read("renewd.rules.yaml").replace("settings_last_reload_successful == 0", "$& > 1");
    writeFileSync(join(scratch, "renewd.rules.yaml"), never);
    const all = parse(read("renewd.rules.test.yaml")) as Tests;
    const tests = all.tests.filter(({ name }) => name.startsWith("RenewdSettingsRefused"));
    writeFileSync(join(scratch, "one.yaml"), stringify({ ...all, tests }));
    const { status, text } = said(["test", "rules", "one.yaml"], scratch);
    expect(text).toContain("RenewdSettingsRefused");
    expect(status).toBe(1);
  });
});

describe("what else is made", () => {
  it("exports metrics that its linter has nothing against", async () => {
    expect(said(["check", "metrics"], scratch, await everyMetric().render())).toEqual({ status: 0, text: "" });
  });

  it("asks in the dashboard what Prometheus understands", () => {
    const dashboard = JSON.parse(readFileSync(join(home, "grafana-dashboard.json"), "utf8")) as {
      readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
    };
    const exprs = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const filled = exprs.map((expr) => expr.replaceAll("$__rate_interval", "5m").replaceAll(/\$(job|token)\b/g, ".+"));
    const rules = filled.map((expr, index) => ({ record: `panel:query${index}`, expr }));
    writeFileSync(join(scratch, "panels.yaml"), stringify({ groups: [{ name: "panels", rules }] }));
    const { status, text } = said(["check", "rules", "panels.yaml"], scratch);
    expect(text).toContain(`SUCCESS: ${exprs.length} rules found`);
    expect(status).toBe(0);
  });
});
