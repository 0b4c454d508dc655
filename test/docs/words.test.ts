/** What the documents name is there: pages and headings, verbs and flags, keys of the settings. */
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { settingRows } from "../../scripts/settings/settings-doc.ts";
import { fakeApp, renewd } from "../cli/support.ts";
import { stepsOf } from "./commands/page.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ALL = globSync("{*.md,docs/**/*.md,deploy/**/*.md,src/**/*.md,test/**/*.md,config/**/*.md}", {
  cwd: ROOT,
}).toSorted();
/** For users, as against those who work on renewd. */
const PAGES = ALL.filter((page) => !/^(?:CHANGELOG|CONTRIBUTING)\.md$|decisions|adding-an?-|^src|^test/.test(page));
const textOf = (page: string): string => readFileSync(join(ROOT, page), "utf8");

/** Without blocks, in which nothing is a link or a heading. */
function prose(text: string): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
}

/** As GitHub makes them: lower case, no punctuation, `-` for each space, `-1` for the second of a kind. */
function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = [...prose(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => {
    const words = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .trim()
      .toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, "").replaceAll(/\s/g, "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
  const named = [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, name]) => name ?? "");
  return new Set([...anchors, ...named]);
}

function linksOf(text: string): readonly string[] {
  const found = [
    ...prose(text)
      .replaceAll(/`[^`\n]*`/g, "")
      .matchAll(/\]\(([^)\s]+)\)/g),
  ];
  return found.map(([, link]) => link ?? "").filter((link) => !/^(?:https?|mailto):/.test(link));
}

describe("every link leads somewhere", () => {
  it.each(ALL.filter((page) => linksOf(textOf(page)).length > 0))("in %s", (page) => {
    const broken = linksOf(textOf(page)).filter((link) => {
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
      if (!existsSync(file)) return true;
      return (
        anchor !== undefined && (statSync(file).isDirectory() || !anchorsOf(readFileSync(file, "utf8")).has(anchor))
      );
    });
    expect(broken).toEqual([]);
  });

  it("and every page of docs/ is in its index", () => {
    const index = new Set(linksOf(textOf("docs/README.md")).map((link) => link.split("#")[0]));
    const pages = globSync("*.md", { cwd: join(ROOT, "docs") }).filter((page) => page !== "README.md");
    expect(pages.filter((page) => !index.has(page))).toEqual([]);
  });
});

/** Verb -> the flags that its help names; "" for those of all. */
const flags = new Map<string, ReadonlySet<string>>();

beforeAll(async () => {
  const helpOf = async (verb: string): Promise<string> => (await renewd(fakeApp(), `${verb} --help`.trim())).out;
  const read = async (verb: string): Promise<void> => {
    const help = await helpOf(verb);
    flags.set(verb, new Set(help.match(/--?[a-z][\w-]*/g)));
    const commands = /^Commands:\n([\s\S]*?)(?:\n\n|$(?![\s\S]))/m.exec(help)?.[1] ?? "";
    for (const [, name = ""] of commands.matchAll(/^ {2}([a-z][\w-]*)/gm))
      if (name !== "help") await read(`${verb} ${name}`.trim());
  };
  await read("");
});

/** How renewd is called: by its name, through npm, in a container, as another user. */
const CALLED =
  /^(?:[A-Z_]+=(?:"[^"]*"|\S*) )*(?:renewd|npm run -s renewd --|sudo -u \w+ renewd|.*\/renewd\.js|docker run .*renewd:[\d.]+) /;

function callsIn(text: string): readonly string[] {
  const lines = text.replaceAll(/\\\n\s*/g, " ").split(/&&|\$\(|[\n|;]/);
  return lines.flatMap((line) => {
    const said = line.trim().replace(/\s+#\s.*$/, "");
    const call = said.replace(CALLED, "");
    return call === said ? [] : call.replace(/\s*[)&>].*$/, "");
  });
}

/** What is wrong with the words after `renewd`; null when the help knows them all. */
function wrongWith(call: string): string | null {
  const words = call.replaceAll(/"[^"]*"|'[^']*'/g, "TEXT").split(" ");
  const at = words.findIndex((word, index) => /^[a-z][a-z-]+$/.test(word) && words[index - 1] !== "-c");
  const [verb = "", next = ""] = at === -1 ? [] : words.slice(at);
  const whole = flags.has(`${verb} ${next}`) ? `${verb} ${next}` : verb;
  const known = flags.get(whole);
  if (known === undefined) return `${call}: no such verb`;
  const unknown = words
    .map((word) => word.split("=")[0] ?? "")
    .filter((word) => /^--?[a-z]/.test(word) && !known.has(word));
  return unknown.length === 0 ? null : `${call}: ${unknown.join(", ")} is not of ${whole}`;
}

describe("every verb and flag is there", () => {
  const calls = new Map(
    PAGES.map((page) => {
      const text = textOf(page);
      const inline = [...prose(text).matchAll(/`(renewd (?!VERB)[^`\n]+)`/g)].map(([, words]) => words ?? "");
      const blocks = stepsOf(text).flatMap((step) =>
        step.kind === "block" ? step.commands.map((each) => each.text) : [],
      );
      return [page, [...inline, ...blocks].flatMap(callsIn)];
    }),
  );

  it.each([...calls].filter(([, named]) => named.length > 0))("that %s names", (_, named) => {
    expect(named.flatMap((call) => wrongWith(call) ?? [])).toEqual([]);
  });

  it("of many, and one that is not would be found", () => {
    expect([...calls.values()].flat().length).toBeGreaterThan(100);
    expect(["status --jsn", "stauts", "-c x.yaml renew a --lifetime 1d", "issuer serve --db x"].map(wrongWith)).toEqual(
      ["status --jsn: --jsn is not of status", "stauts: no such verb", null, null],
    );
  });
});

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly const?: unknown;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const schema = JSON.parse(textOf("config/renewd.schema.json")) as Schema;

/** Keys of `value` that no schema which may apply has. */
function unknownKeys(value: unknown, schemas: readonly Schema[], path = ""): readonly string[] {
  const all = schemas.flatMap(branches);
  if (Array.isArray(value)) {
    const items = all.flatMap((each) => each.items ?? []);
    return value.flatMap((each, index) => unknownKeys(each, items, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  const type = (value as Readonly<Record<string, unknown>>)["type"];
  const fitting = all.filter(({ properties }) => [undefined, type].includes(properties?.["type"]?.const));
  return Object.entries(value).flatMap(([key, below]) => {
    if (path === "" && key.startsWith("x-")) return [];
    const next = fitting.flatMap((each) => {
      const named = each.properties?.[key] ?? each.additionalProperties;
      return typeof named === "object" ? named : named === true || isFree(each) ? {} : [];
    });
    return next.length === 0 ? [`${path}.${key}`] : unknownKeys(below, next, `${path}.${key}`);
  });
}

/** Says nothing of what is in it, such as the body of a declared request. */
function isFree({ properties, additionalProperties, items, anyOf, oneOf }: Schema): boolean {
  return [properties, additionalProperties, items, anyOf, oneOf].every((each) => each === undefined);
}

function branches(one: Schema): readonly Schema[] {
  const resolved = one.$ref === undefined ? one : (schema.$defs?.[one.$ref.replace("#/$defs/", "")] ?? {});
  const choices = [...(resolved.anyOf ?? []), ...(resolved.oneOf ?? [])];
  return choices.length === 0 ? [resolved] : choices.flatMap(branches);
}

describe("every key of the settings is there", () => {
  const sections = new Set(Object.keys(schema.properties ?? {}));
  const blocks = [...PAGES, ...ALL.filter((page) => /^src\/(?:issuers|stores|notifiers)/.test(page))].flatMap((page) =>
    [...textOf(page).matchAll(/^( *)```yaml\n([\s\S]*?)^\1```$/gm)].flatMap(([, , yaml = ""]) =>
      parseAllDocuments(yaml, { merge: true }).flatMap((document) => {
        const value = document.toJS() as unknown;
        const keys = Object.keys((value as object | null) ?? {});
        return keys.length > 0 && keys.every((key) => sections.has(key)) ? [[page, value] as const] : [];
      }),
    ),
  );

  it("in what is shown, which is a lot", () => expect(blocks.length).toBeGreaterThan(15));

  it.each([...Map.groupBy(blocks, ([page]) => page)])("in the blocks of %s", (_, shown) => {
    expect(shown.flatMap(([, value]) => unknownKeys(value, [schema]))).toEqual([]);
  });

  it("and an unknown one would be found", () => {
    const wrong = { tokens: { a: { request: { roles: [] }, targets: { b: { holdd: "6h" } } } }, http: { listn: "x" } };
    expect(unknownKeys(wrong, [schema])).toEqual([".tokens.a.targets.b.holdd", ".http.listn"]);
  });

  it("in what is said", () => {
    const known = [...settingRows().keys()].map((path) => path.replaceAll(/\[\]|\.\*/g, ""));
    const said = PAGES.flatMap((page) =>
      page === "docs/settings.md"
        ? []
        : [...prose(textOf(page)).matchAll(/`((?:state|http|request|policies|alerts|defaults)(?:\.[a-z_]+)+)`/g)].map(
            ([, path]) => [page, path ?? ""] as const,
          ),
    );
    const isKnown = (path: string): boolean =>
      known.some((each) => each === path || each.startsWith(`${path}.`)) ||
      (path.startsWith("request.") &&
        known.some((each) => each.split(".")[0] === "request" && each.endsWith(path.slice(7)))) ||
      /^(?:alerts\.channels|defaults\.(?:token|target))$/.test(path);
    expect(said.length).toBeGreaterThan(5);
    expect(said.filter(([, path]) => !isKnown(path))).toEqual([]);
  });
});

describe("what cannot be run", () => {
  const notRun = (page: string): readonly string[] =>
    stepsOf(textOf(page)).flatMap((step) =>
      step.kind === "block" && step.notRun !== null ? step.commands.map(({ text }) => text) : [],
    );

  it.each(PAGES.filter((page) => notRun(page).length > 0))("names only files that are there, in %s", (page) => {
    const named = notRun(page).flatMap((text) => text.match(/(?<![\w./-])(?:deploy|config|docs)\/[\w./-]+/g) ?? []);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe("every block of JSON is JSON", () => {
  const blocksOf = (page: string): readonly string[] =>
    [...textOf(page).matchAll(/^( *)```json\n([\s\S]*?)^\1```$/gm)].map(([, , json = ""]) => json);

  it.each(ALL.filter((page) => blocksOf(page).length > 0))("in %s", (page) => {
    for (const json of blocksOf(page)) expect(() => JSON.parse(json) as unknown).not.toThrow();
  });
});
