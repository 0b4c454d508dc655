/** Every alert leads to a place of docs/alerts.md that says what to do. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ALL_RULES } from "../../scripts/monitoring/rules.ts";
import { TOLD_INCIDENTS } from "../../src/core/explain-words.ts";
import type { IncidentReason } from "../../src/core/incidents.ts";
import { runbookAnchor, RUNBOOKS } from "../../src/core/runbooks.ts";
import { notifierTypes } from "../../src/notifiers/index.ts";
import { alertsShape } from "../../src/settings/shapes.ts";
import { METRICS, PREFIX } from "../../src/http/metric-list.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const text = read("docs/alerts.md");
/** The compiler keeps this list whole. */
const REASONS = Object.keys(TOLD_INCIDENTS) as readonly IncidentReason[];

/** As GitHub makes them of headings: lower case, no punctuation but `-` and `_`, `-` for spaces, a number for the second of a name. */
function anchorsOf(markdown: string): readonly string[] {
  const seen = new Map<string, number>();
  const headings = [...markdown.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/^#{1,6} +(.+?) *$/gm)];
  return headings.map(([, heading = ""]) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-");
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

const anchors = anchorsOf(text);

it("reads headings as GitHub does", () => {
  expect(anchorsOf("# A `b_c`: d, e!\n## [x](y) & z\n## Same\n### Same\n")).toEqual([
    "a-b_c-d-e",
    "x--z",
    "same",
    "same-1",
  ]);
});

describe("the runbook", () => {
  interface Rules {
    readonly groups: readonly {
      readonly rules: readonly { readonly annotations?: { readonly runbook_url: string } }[];
    }[];
  }
  const { groups } = parse(read("deploy/monitoring/renewd.rules.yaml")) as Rules;
  const urls = groups.flatMap(({ rules }) => rules.flatMap(({ annotations }) => annotations?.runbook_url ?? []));

  it("is where alerts say it is: this page of the repository", () => {
    expect(RUNBOOKS.endsWith("/docs/alerts.md")).toBe(true);
  });

  it.each(REASONS)("has a place for the incident %s", (reason) => {
    expect(anchors).toContain(runbookAnchor(reason).slice(1));
  });

  it.each([...new Set(urls)])("has the place %s", (url) => {
    const [page, anchor] = url.split("#");
    expect(page).toBe(RUNBOOKS);
    expect(anchors).toContain(anchor);
  });

  it("tells of every incident and every rule, and of none that there is not", () => {
    const told = [...text.matchAll(/^### (.+)$/gm)].map(([, name]) => name);
    expect(new Set(told)).toEqual(new Set([...REASONS, ...ALL_RULES.map(({ alert }) => alert)]));
    expect(new Set(told).size).toBe(told.length);
  });

  it.each(text.split(/^### /m).slice(1))(
    "says what it means, what renewd does, what you do and when it is over: %s",
    (section) => {
      const lines = [...section.matchAll(/^- _(\w+):_ \S/gm)].map(([, word]) => word);
      expect(lines).toEqual(["Means", "renewd", "You", "Over"]);
    },
  );
});

describe("the page", () => {
  interface Example {
    readonly alerts: {
      readonly channels: Readonly<Record<string, { readonly type: string }>>;
      readonly routes: readonly { readonly to: readonly string[] }[];
    };
  }

  it("leads to places of its own that exist", () => {
    const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.filter((anchor) => !anchors.includes(anchor ?? ""))).toEqual([]);
  });

  it("names only verbs and metrics that exist", () => {
    const program = read("src/cli/program.ts");
    const verbs = [...text.matchAll(/(?:`|^)renewd ([a-z][a-z-]*)/gm)].map(([, verb]) => verb ?? "");
    expect(verbs.filter((verb) => !program.includes(`from "./${verb}.ts"`))).toEqual([]);
    const metrics = [...text.matchAll(/\brenewd_(\w+)/g)].map(([, name]) => name ?? "");
    expect(metrics.filter((name) => !(name in METRICS))).toEqual([]);
    expect(metrics.length).toBeGreaterThan(5);
    expect(PREFIX).toBe("renewd_");
  });

  it("shows settings that are accepted", () => {
    const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, block]) => parse(block ?? "") as Example);
    expect(blocks.length).toBeGreaterThan(0);
    for (const { alerts } of blocks) {
      expect(alertsShape.safeParse(alerts).success).toBe(true);
      for (const { type, ...options } of Object.values(alerts.channels)) {
        expect(() => notifierTypes.find((each) => each.type === type)?.options.parse(options)).not.toThrow();
        expect(notifierTypes.map((each) => each.type)).toContain(type);
      }
      const keys = Object.keys(alerts.channels);
      for (const { to } of alerts.routes) for (const channel of to) expect(keys).toContain(channel);
    }
  });

  it("leads to each kind of channel", () => {
    for (const { type } of notifierTypes) expect(text).toContain(`(../src/notifiers/${type}/README.md)`);
  });
});
