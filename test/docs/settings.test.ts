/** docs/settings.md is made of the schemas, and leaves nothing unsaid. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { settingRows, settingsDoc } from "../../scripts/settings/settings-doc.ts";
import { INTRODUCTIONS, WORDS } from "../../scripts/settings/words.ts";

const ROOT = resolve(import.meta.dirname, "../..");

describe("docs/settings.md", () => {
  it("is fresh; `node scripts/generate-settings-doc.ts` writes it anew", async () => {
    expect(readFileSync(join(ROOT, "docs/settings.md"), "utf8")).toBe(await settingsDoc());
  });

  const rows = settingRows();

  it("says of each key what it means, once", () => {
    const silent = [...rows].filter(([path, { description }]) => (description ?? WORDS[path]) === undefined);
    expect(silent.map(([path]) => path)).toEqual([]);
    const twice = Object.keys(WORDS).filter((path) => rows.get(path)?.description !== null);
    expect(twice).toEqual([]);
  });

  it("has no words for a section that is not there", async () => {
    const text = await settingsDoc();
    for (const words of Object.values(INTRODUCTIONS)) expect(text).toContain(words.slice(0, 40));
  });

  it("knows what each section of the settings takes", () => {
    const some = {
      "state.url": "text or secret",
      "http.tokens.*.role": "`viewer`, `operator`, `metrics`",
      "issuers.flowauth.password": "secret",
      "issuers.flowauth.ca": "`{ file }`",
      "issuers.flowauth.max_response": "size",
      "policies.renew_before": "share or duration",
      "request.flowauth.lifetime": "duration",
      "targets.hold": "duration",
      "targets.aws-secrets-manager.adopt": "`true` or `false`",
      "notifiers.webhook.batch": "number",
    };
    expect(Object.fromEntries(Object.keys(some).map((path) => [path, rows.get(path)?.takes]))).toEqual(some);
  });
});
