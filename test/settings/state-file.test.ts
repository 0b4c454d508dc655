import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stateFilesOf } from "../../src/settings/state-file.ts";

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "renewd-state-file-"));
  file = join(folder, "renewd.yaml");
});
afterAll(() => rm(folder, { recursive: true }));

async function found(text: string | Uint8Array, mode = 0o600): Promise<readonly string[]> {
  await writeFile(file, text);
  await chmod(file, mode);
  return (await stateFilesOf(file)).map((each) => each.slice(folder.length + 1));
}

const STATE = "state:\n  # url: sqlite:./before.db\n  url: sqlite:./here.db\n";

it.each([
  ["an unknown key", `version: 1\n${STATE}bogus: 1\n`],
  ["a mapping that is not closed, at the end", `version: 1\n${STATE}bogus_key: {\n`],
  ["the same at the beginning", `bogus_key: {\nversion: 1\n${STATE}issuers:\n  url: sqlite:./other.db\n`],
  ["a quote that is not closed, at the beginning", `tick: "*/30\nversion: 1\n${STATE}`],
  ["a tab that indents", `version: 1\n${STATE}issuers:\n\tlocal: {}\n`],
  ["something below the address", "state:\n  url: sqlite:./here.db\n    bogus: {\n"],
  ["a flow mapping that is not closed", "version: 1\nstate: { keys: [], url: 'sqlite:./here.db'\nissuers:\n  a: 1\n"],
  ["a second document", `${STATE}---\nstate: { url: "sqlite:./other.db" }\n`],
])("the state is found in a file with %s", async (_, text) => {
  expect((await found(text)).at(-1)).toBe("here.db");
  expect(await found(text)).not.toContain("other.db");
  expect(await found(text)).not.toContain("before.db");
});

it("the state is found in a file that is not UTF-8", async () => {
  expect(await found(Buffer.from(`${STATE}x-note: caf\u00e9\n`, "latin1"))).toEqual(["here.db"]);
});

it.each([
  ["version: 1\nbogus: 1\n", ["renewd.db"]],
  ["version: 1\nstate:\nbogus: 1\n", ["renewd.db"]],
  ["version: 1\nstate: { keys: [] }\nbogus: 1\n", ["renewd.db"]],
  ["version: 1\nbogus: {\n", ["renewd.db"]],
  // Half of it was typed: another instance may lie at the default.
  ["version: 1\nstate:\n  url:\n", []],
  ["version: 1\nstate:\n  ur\nbogus: {\n", []],
  ["bogus: {\nversion: 1\nstate:\n  keys: []\n", []],
  ["version: 1\nstate: { url: postgres://db.example/renewd }\n", []],
  ["", []],
  ["- version: 1\n", []],
])("the default counts only where the file surely leaves the state out: %j", async (text, files) => {
  expect(await found(text)).toEqual(files);
});

it("a file that others may change, or that is not there, leads nowhere", async () => {
  expect(await found(STATE, 0o666)).toEqual([]);
  await rm(file);
  expect(await stateFilesOf(file)).toEqual([]);
});
