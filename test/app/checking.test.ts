import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkSettings } from "../../src/app.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "renewd-checking-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a target whose readers cannot get into its folder is told of beside the rest, and is no failure", async () => {
  const settingsFile = join(folder, "renewd.yaml");
  // Port 9 (discard) answers nobody: this is about the target.
  const settings = `version: 1
state: { url: sqlite:./renewd.db }
issuers:
  idp: { type: oauth2, issuer: "http://127.0.0.1:9", client_id: x, auth: client_secret_basic, client_secret: { file: ./secret } }
stores:
  files: { type: file, directory: ./tokens }
policies:
  default: { renew_before: 99% }
tokens:
  airflow:
    issuer: idp
    request: { lifetime: 1d }
    targets:
      shared: { store: files, secret: TOKEN, mode: "0640", hold: 1h }
`;
  await writeFile(settingsFile, settings);
  await mkdir(join(folder, "tokens"));
  await chmod(join(folder, "tokens"), 0o700);
  const { warnings, probe } = await checkSettings({ settingsFile, allowCommands: false });
  expect(warnings).toMatchObject([{ file: settingsFile, line: 8, path: "policies.default.renew_before" }]);
  const target = (await probe()).find(({ kind }) => kind === "target");
  expect(target).toMatchObject({ name: "airflow/shared", ok: true });
  expect(target?.lines[1]).toMatch(/^beware: .*the folder has mode 0700 and lets none of them in: chmod g\+x/);
});
