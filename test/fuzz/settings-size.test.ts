import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadSettings } from "../../src/settings/load.ts";
import { GOOD, kinds, parse, problemsOf, tools } from "../settings/support.ts";
import { judge } from "./settings-judge.ts";

const MEBI = 1024 * 1024;
/** A parsed text takes some fifty times its size. */
const MEMORY_MAX = 1_500 * MEBI;

/** Anchors that each hold the one before nine times. */
function laughs(levels: number, wrap: (items: readonly string[]) => string): string {
  const lines = Array.from({ length: levels }, (_, level) =>
    level === 0 ? "  a0: &a0 ha" : `  a${level}: &a${level} ${wrap(Array.from({ length: 9 }, () => `*a${level - 1}`))}`,
  );
  return `${GOOD}x-laughs:\n${lines.join("\n")}\n`;
}

const asList = (items: readonly string[]): string => `[${items.join(", ")}]`;
const asMap = (items: readonly string[]): string =>
  `{ ${items.map((item, index) => `k${index}: ${item}`).join(", ")} }`;
/** Each level merges two mappings of the one before, under other keys. */
const merges = Array.from({ length: 40 }, (_, level) =>
  level === 0 ? "  m0: &m0 { k: 1 }" : `  m${level}: &m${level} { <<: [*m${level - 1}, *m${level - 1}], n${level}: 1 }`,
).join("\n");

const HUGE: readonly (readonly [name: string, make: () => string])[] = [
  ["nine levels of nine aliases in lists", () => laughs(9, asList)],
  ["nine levels of nine aliases in mappings", () => laughs(9, asMap)],
  ["forty levels of aliases", () => laughs(40, asList)],
  ["forty levels of merges", () => `${GOOD}x-merges:\n${merges}\n`],
  [
    "aliases where tokens belong",
    () => laughs(7, asMap).replace("x-laughs", "x-l").replace("issuer: flowauth", "issuer: *a6"),
  ],
  ["ten megabytes of one text", () => `${GOOD}x-text: "${"x".repeat(10 * MEBI)}"\n`],
  ["ten megabytes of one key", () => `${GOOD}${"x".repeat(10 * MEBI)}: 1\n`],
  ["ten megabytes where a duration belongs", () => GOOD.replace("hold: 6h", () => `hold: "${"9".repeat(10 * MEBI)}"`)],
  ["three hundred thousand comments", () => `${GOOD}${"# said\n".repeat(300_000)}`],
  ["ten megabytes of spaces", () => `${GOOD}${" ".repeat(10 * MEBI)}\n`],
  ["a hundred thousand open brackets", () => `${GOOD}x: ${"[".repeat(100_000)}`],
  ["a hundred thousand directives", () => `${"%YAML 1.2\n".repeat(100_000)}---\n${GOOD}`],
  ["a hundred thousand documents", () => "---\n".repeat(100_000) + GOOD],
];

const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join("");
const withTokens = (tokens: string): string => GOOD.replace("defaults:", () => `${tokens}defaults:`);

const MANY: readonly (readonly [name: string, make: () => string])[] = [
  ["a hundred thousand unknown keys", () => GOOD + many(100_000, (i) => `key${i}: ${i}`)],
  ["a hundred thousand keys of the writer's own", () => `${GOOD}x-mine:\n${many(100_000, (i) => `  key${i}: ${i}`)}`],
  ["a hundred thousand times the same key", () => `${GOOD}x-mine:\n${many(100_000, () => "  key: 1")}`],
  ["ten thousand tokens with mistakes", () => withTokens(many(10_000, (i) => `  t${i}: { issuer: none }`))],
  [
    "ten thousand tokens that inherit a mistake",
    () => `${withTokens(many(10_000, (i) => `  t${i}: { issuer: flowauth }`))}  token: { nmae: x }\n`,
  ],
  [
    "ten thousand issuers, each with a token that names another",
    () =>
      withTokens(many(10_000, (i) => `  t${i}: { issuer: none${i} }`)).replace(
        "issuers:\n",
        () => `issuers:\n${many(10_000, (i) => `  i${i}: { type: flowauth }`)}`,
      ),
  ],
  [
    "twenty thousand anchors with an alias each",
    () => `${GOOD}x-a:\n${many(20_000, (i) => `  a${i}: [&a${i} 1, *a${i}]`)}`,
  ],
  [
    "ten thousand anchors, each of the alias before it",
    () => `${GOOD}x-a:\n  a0: &a0 1\n${many(10_000, (i) => `  a${i + 1}: &a${i + 1} [*a${i}]`)}`,
  ],
  [
    "ten thousand mappings, each with the one before merged",
    () => `${GOOD}x-a:\n  a0: &a0 {}\n${many(10_000, (i) => `  a${i + 1}: &a${i + 1} { <<: *a${i}, k${i}: 1 }`)}`,
  ],
];
/** Each takes less than two seconds on a machine with nothing else to do. */
const CPU_MAX_MS = 6_000;

test.each(MANY)("%s take time in proportion to their number", (_, make) => {
  const text = make();
  const before = process.cpuUsage();
  problemsOf(text);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(CPU_MAX_MS);
});

test.each(HUGE)("%s are refused or read in bounded time and memory", async (_, make) => {
  const text = make();
  const before = process.memoryUsage.rss();
  await judge(text, () => parse(text));
  expect(process.memoryUsage.rss() - before).toBeLessThan(MEMORY_MAX);
});

const folder = mkdtempSync(join(tmpdir(), "renewd-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a file of more than 16 MiB is refused without being read whole", async () => {
  const file = join(folder, "large.yaml");
  writeFileSync(file, "version: 1\n", { mode: 0o600 });
  const handle = openSync(file, "r+");
  ftruncateSync(handle, 40 * 1024 * MEBI);
  closeSync(handle);
  expect(await judge("version: 1\n", () => loadSettings(file, kinds, tools))).toBe("refused");
});
