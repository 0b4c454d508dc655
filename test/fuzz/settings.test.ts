import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { loadSettings } from "../../src/settings/load.ts";
import { GOOD, kinds, parse, tools } from "../settings/support.ts";
import { fuzz } from "./fuzz.ts";
import { type Edit, textEdit, treeEdit, wholeEdit } from "./settings-edits.ts";
import { judge } from "./settings-judge.ts";

const CONFIG = resolve(import.meta.dirname, "../../config");
const files = globSync("**/*.yaml", { cwd: CONFIG });
const texts = [GOOD, ...files.map((file) => readFileSync(join(CONFIG, file), "utf8"))];
const folder = mkdtempSync(join(tmpdir(), "renewd-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// The quick start has no windows, whose gaps take long to count; it is tried most.
const quick = texts[files.indexOf("renewd.yaml") + 1] ?? GOOD;
const text = fc.oneof(
  { weight: 3, arbitrary: fc.constant(quick) },
  { weight: 1, arbitrary: fc.constantFrom(...texts) },
);
const applied = (whole: string, edits: readonly Edit[]): string => edits.reduce((edited, edit) => edit(edited), whole);
const judgeText = (edited: string): Promise<string> => judge(edited, () => parse(edited));

test("the unspoilt files are good", async () => {
  for (const each of texts) expect(await judgeText(each)).toBe("good");
});

const seen = { good: 0, refused: 0 };
afterAll(() => {
  // An edit that always breaks the file, or never, tests nothing.
  expect(Math.min(seen.good, seen.refused)).toBeGreaterThan(0);
});

fuzz(
  "however its text is edited, a settings file is loaded whole or refused with places and advice, never more",
  220,
  fc.asyncProperty(text, fc.array(textEdit, { minLength: 1, maxLength: 4 }), async (whole, edits) => {
    await judgeText(applied(whole, edits));
  }),
);

fuzz(
  "whatever an editor does to all of the text, with another edit before or after it",
  80,
  fc.asyncProperty(text, fc.array(fc.oneof(wholeEdit, wholeEdit, textEdit), { maxLength: 3 }), async (whole, edits) => {
    try {
      await judgeText(applied(whole, edits));
    } catch (error) {
      // One of the edits reads the text itself, which only a good one allows.
      if (!(error instanceof Error) || !error.name.startsWith("YAML")) throw error;
    }
  }),
);

fuzz(
  "well-formed YAML with the wrong keys, types, durations and windows is loaded with its promise kept, or refused",
  160,
  fc.asyncProperty(text, treeEdit, async (whole, edit) => {
    seen[await judge(edit(whole), () => parse(edit(whole)))] += 1;
  }),
);

const byteEdit = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  take: fc.nat({ max: 4 }),
  put: fc.uint8Array({ maxLength: 6 }),
});

fuzz(
  "whatever bytes are in the file, they are settings or a problem with a place",
  120,
  fc.asyncProperty(text, fc.array(byteEdit, { minLength: 1, maxLength: 4 }), async (whole, edits) => {
    const bytes = edits.reduce((before: Buffer, { at, take, put }) => {
      const from = Math.floor(at * before.length);
      return Buffer.concat([before.subarray(0, from), put, before.subarray(from + take)]);
    }, Buffer.from(whole));
    const file = join(folder, "renewd.yaml");
    writeFileSync(file, bytes);
    chmodSync(file, 0o600);
    await judge(bytes.toString().replace(/^\ufeff/, ""), () => loadSettings(file, kinds, tools));
  }),
);
