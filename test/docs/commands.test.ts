/** Whoever does what the pages say gets what the pages show. */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { surroundingsOf } from "./commands/fixtures.ts";
import { type Block, isAsShown, type Step, stepsOf } from "./commands/page.ts";
import { Workshop } from "./commands/workshop.ts";

vi.setConfig({ testTimeout: 600_000 });

const ROOT = resolve(import.meta.dirname, "../..");
const PAGES = ["README.md", ...globSync("docs/*.md", { cwd: ROOT }).toSorted()];
const steps = new Map(PAGES.map((page) => [page, stepsOf(readFileSync(join(ROOT, page), "utf8"))]));

/** Not on every machine, and not what a page is about. */
const TOOLS = ["curl", "jq", "openssl", "sha256sum", "tar"] as const;
const missing = TOOLS.filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);

const blocksOf = (all: readonly Step[]): readonly Block[] => all.flatMap((step) => (step.kind === "block" ? step : []));
const lacksTool = ({ commands }: Block): boolean =>
  commands.some(({ text }) => missing.some((tool) => new RegExp(`\\b${tool}\\b`).test(text)));

const runnable = PAGES.filter((page) => blocksOf(steps.get(page) ?? []).some(({ notRun }) => notRun === null));

describe.concurrent("whoever follows", () => {
  it.each(runnable)("%s gets what it shows", async (page) => {
    await using shop = await Workshop.open();
    await using around = await surroundingsOf(page, shop);
    for (const step of steps.get(page) ?? []) {
      if (step.kind === "stop") {
        for (const code of await shop.stop()) expect(code, `${page}:${step.line}: the daemon's end`).toBe(0);
      } else if (step.notRun === null && !lacksTool(step)) {
        await follow(shop, page, step, around.typed);
      }
    }
    await around.after?.();
  });
});

async function follow(
  shop: Workshop,
  page: string,
  block: Block,
  typed: Readonly<Record<string, string>>,
): Promise<void> {
  const pasted = block.typed === null ? null : typed[block.typed];
  if (pasted === undefined) throw new Error(`${page}:${block.line}: nobody knows what to type: ${block.typed}`);
  for (const [index, { text, shown }] of block.commands.entries()) {
    const { code, said } = await shop.run(text, pasted);
    const where = `${page}:${block.line}: ${text}\n${said}`;
    expect(code, where).toBe(index === block.commands.length - 1 ? block.exits : 0);
    if (shown !== null && !isAsShown(shown, said)) expect(said, where).toBe(shown.join("\n"));
  }
}

describe("what is not run", () => {
  const left = PAGES.flatMap((page) =>
    blocksOf(steps.get(page) ?? []).flatMap(({ line, notRun }) =>
      notRun === null ? [] : `${page}:${line}: ${notRun}`,
    ),
  );

  it.skipIf(left.length === 0).each(left)("%s", (entry) => {
    expect(entry).toMatch(/: (?:needs|changes|asks|runs|fetches|stands for) \S+/);
  });
});

describe("what is shown", () => {
  it.each<[string, readonly string[], string, boolean]>([
    ["all of it", ["a  b", "c"], "a b\nc\n", true],
    ["a gap in a line", ["token … lives"], "token 12 lives", true],
    ["a gap of lines", ["a", "…", "z"], "a\nb\nc\nz", true],
    ["a gap of no lines", ["a", "…"], "a", true],
    ["another word", ["a"], "b", false],
    ["more than is shown", ["a"], "a\nb", false],
    ["a gap that would have to span lines", ["a … z"], "a\nz", false],
  ])("is compared: %s", (_, shown, said, same) => {
    expect(isAsShown(shown, said)).toBe(same);
  });
});
