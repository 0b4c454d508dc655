import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Problem, readReviewed } from "../../src/settings/load.ts";
import { edited, FILE, GOOD, kinds, positionOf, tools } from "./support.ts";

const ROOT = resolve(import.meta.dirname, "../..");

function warningsOf(text: string): readonly Problem[] {
  return readReviewed(text, FILE, kinds, tools).warnings;
}

describe("settings that are allowed and probably not meant", () => {
  it("are none of those that renewd ships", () => {
    const files = ["config/**/*.yaml", "deploy/kubernetes/renewd.yaml"].flatMap((each) =>
      globSync(each, { cwd: ROOT }),
    );
    expect(files.length).toBeGreaterThan(4);
    for (const file of files) expect([file, warningsOf(readFileSync(join(ROOT, file), "utf8"))]).toEqual([file, []]);
    expect(warningsOf(GOOD)).toEqual([]);
  });

  it.each([
    [
      "99%",
      "policies.office.renew_before",
      /two thirds of the life of token `airflow`.*every 10 d although it lives 30 d/,
    ],
    ["25d", "policies.office.renew_before", /two thirds/],
  ])("renew_before: %s, of which no more than two thirds counts", (value, path, said) => {
    const text = edited("renew_before: 33%", `renew_before: ${value}`);
    expect(warningsOf(text)).toMatchObject([{ file: FILE, path, ...positionOf(text, value) }]);
    expect(warningsOf(text)[0]?.message).toMatch(said);
    expect(warningsOf(text)[0]?.hint).toContain("66% or less");
  });

  it("renew_before that leaves a token of an hour no time before it counts as late", () => {
    const text = edited("[viewer], lifetime: 30d", "[viewer], lifetime: 6h").replace("hold: 1h", "hold: 20m");
    expect(warningsOf(text)).toEqual([]);
    const short = edited("[viewer], lifetime: 30d", "[viewer], lifetime: 1h").replace("hold: 1h", "hold: 10m");
    const [warning, ...more] = warningsOf(short);
    expect(more).toEqual([]);
    expect(warning?.path).toBe("policies.default.renew_before");
    expect(warning?.message).toContain("readers need 11 min of its 1 h");
    const share = /`renew_before: (\d+)%`/.exec(warning?.hint ?? "")?.[1] ?? "";
    const mended = short.replace("policies:\n", `policies:\n  default: { renew_before: ${share}% }\n`);
    expect(mended).not.toBe(short);
    expect(warningsOf(mended)).toEqual([]);
  });

  it("jitter that reaches back to before any renewal may start", () => {
    const text = edited("jitter: 5%", "jitter: 70%");
    expect(warningsOf(text)).toMatchObject([{ path: "policies.office.jitter", ...positionOf(text, "70%") }]);
  });

  it("repair that is over before anybody looks again", () => {
    const text = edited("repair: 24h", "repair: 1m");
    expect(warningsOf(text)).toMatchObject([{ path: "policies.office.repair", ...positionOf(text, "1m") }]);
    expect(warningsOf(edited("repair: 24h", "repair: 90s"))).toEqual([]);
  });

  it("a window that may open and close between two looks", () => {
    const window = edited("for: 8h,", "for: 2m,").replace('"*/30 * * * * *"', '"0 */5 * * * *"');
    const text = window.replace("0 9 * * mon-fri", "30 9 * * *");
    expect(warningsOf(text)).toMatchObject([{ path: "policies.office.windows[0].for", ...positionOf(text, "2m,") }]);
  });

  it("a policy that no token has", () => {
    const text = edited("    policy: office\n", "");
    expect(warningsOf(text)).toMatchObject([{ path: "policies.office", message: "no token has this policy" }]);
  });

  it("are told once for a policy, whatever the number of its tokens", () => {
    const text = edited("renew_before: 33%", "renew_before: 99%").replace(
      "  notebooks:\n",
      "  notebooks:\n    policy: office\n",
    );
    const warnings = warningsOf(text);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toContain("token `airflow` (and of 1 more)");
  });
});
