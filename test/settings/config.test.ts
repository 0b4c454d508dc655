import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { settingsJsonSchema } from "../../src/settings/json-schema.ts";
import { loadSettings, parseSettings } from "../../src/settings/load.ts";
import { kinds, tools } from "./support.ts";

const CONFIG = join(import.meta.dirname, "../../config");
const files = globSync("**/*.yaml", { cwd: CONFIG });

test("there are the quick start and an example", () => {
  expect(files).toEqual(expect.arrayContaining(["renewd.yaml", join("examples", "airflow-aws.yaml")]));
});

test.each(files)("config/%s can be loaded, and names the schema for editors", async (name) => {
  const file = join(CONFIG, name);
  const text = readFileSync(file, "utf8");
  expect(parseSettings(text, file, kinds, tools).tokens).not.toEqual([]);
  const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1];
  expect(join(file, "..", schema ?? "")).toBe(join(CONFIG, "renewd.schema.json"));
});

test("the quick start is what the README tells of", async () => {
  const settings = await loadSettings(join(CONFIG, "renewd.yaml"), kinds, tools);
  expect(settings).toMatchObject({
    tickMs: 2_000,
    http: { host: "127.0.0.1", port: 8080 },
    state: { url: { file: join(CONFIG, "../var/renewd.db") } },
    issuers: [{ type: "embedded" }],
    tokens: [
      {
        key: "airflow-flowapi",
        create: true,
        request: { lifetimeMs: 120_000, roles: ["runner", "viewer"] },
        policy: { renewBefore: { share: 0.5 }, repairMs: 10_000 },
        targets: [{ store: "files", address: { secret: "FLOWAPI_TOKEN" }, holdMs: 20_000 }],
      },
    ],
  });
});

test("config/renewd.schema.json is fresh; `npm run -s schema` writes it anew", () => {
  const written: unknown = JSON.parse(readFileSync(join(CONFIG, "renewd.schema.json"), "utf8"));
  expect(written).toEqual(JSON.parse(JSON.stringify(settingsJsonSchema(kinds))));
});
