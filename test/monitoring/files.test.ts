/** What is in deploy/monitoring is what the lists in code make, and names nothing that does not exist. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { monitoringFiles } from "../../scripts/monitoring/files.ts";
import { RECORDINGS } from "../../scripts/monitoring/recordings.ts";
import { RULE_CASES } from "../../scripts/monitoring/rule-cases.ts";
import { ALL_RULES } from "../../scripts/monitoring/rules.ts";
import { METRICS, PREFIX } from "../../src/http/metric-list.ts";
import { RUNBOOKS } from "../../src/core/runbooks.ts";
import { namesIn } from "./promql.ts";

const home = resolve(import.meta.dirname, "../../deploy/monitoring");
const read = (name: string): string => readFileSync(join(home, name), "utf8");

/** What a scrape adds, and what the rules do. */
const SCRAPED = ["job", "instance", "pod"];
const LABELS = new Map<string, readonly string[]>([
  ...Object.entries(METRICS).map(([name, { labels }]) => [`${PREFIX}${name}`, labels] as const),
  ...RECORDINGS.map(({ record }) => [record, METRICS[metricOf(record)].labels] as const),
]);

function metricOf(record: string): keyof typeof METRICS {
  return (record.split(":")[1] ?? "").slice(PREFIX.length) as keyof typeof METRICS;
}

/** What is wrong with an expression: metrics and labels that there are none of. */
function strangersIn(expr: string): readonly string[] {
  const { metrics, grouped } = namesIn(expr);
  const known = new Set([...SCRAPED, ...metrics.flatMap(({ name }) => LABELS.get(name) ?? [])]);
  return [
    ...metrics.flatMap(({ name, labels }) => {
      const has = LABELS.get(name);
      if (has === undefined) return [name];
      return labels
        .filter((label) => !has.includes(label) && !SCRAPED.includes(label))
        .map((label) => `${name}{${label}}`);
    }),
    ...grouped.filter((label) => !known.has(label)),
  ];
}

describe("the files", () => {
  it("are what the generator makes now: else run `node scripts/generate-monitoring.ts`", async () => {
    for (const [name, text] of await monitoringFiles(RUNBOOKS, read("README.md"))) {
      expect(read(name), name).toBe(text);
    }
  });

  it("lead to another page of runbooks where one is named", async () => {
    const files = await monitoringFiles("https://runbooks.example.org/renewd", read("README.md"));
    const urls = [...(files.get("renewd.rules.yaml") ?? "").matchAll(/runbook_url: (\S+)/g)].map(
      ([, url]) => url ?? "",
    );
    expect(urls.length).toBeGreaterThan(10);
    expect(urls.filter((url) => !url.startsWith("https://runbooks.example.org/renewd#renewd"))).toEqual([]);
  });
});

describe("the rules", () => {
  const expressions = ALL_RULES.flatMap(({ alert, levels }) => levels.map(({ expr }) => [alert, expr] as const));

  it.each([...expressions, ...RECORDINGS.map(({ record, expr }) => [record, expr] as const)])(
    "%s reads metrics that exist, by labels that they have",
    (_, expr) => {
      expect(strangersIn(expr)).toEqual([]);
    },
  );

  it("say in their texts only labels that their alerts can have", () => {
    for (const { summary, description, levels } of ALL_RULES) {
      const used = [...`${summary}${description}`.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label ?? "");
      const has = levels.flatMap(({ expr }) => namesIn(expr).metrics.flatMap(({ name }) => LABELS.get(name) ?? []));
      expect(used.filter((label) => ![...SCRAPED, ...has].includes(label))).toEqual([]);
    }
  });

  it("tell of each incident once", () => {
    const covered = ALL_RULES.flatMap(({ covers }) => covers);
    expect(new Set(covered).size).toBe(covered.length);
    const caught = ALL_RULES.at(-1)?.levels[0]?.expr ?? "";
    for (const reason of covered) expect(caught).toMatch(new RegExp(`[|"]${reason}[|"]`));
  });

  it("each have cases in which every level fires and does not, and one that shows what is read", () => {
    const firing = RULE_CASES.flatMap(({ checks }) => checks.flatMap((check) => check.firing));
    for (const { alert, levels } of ALL_RULES) {
      for (const { severity } of levels) {
        expect(
          firing.some(([name, grave]) => name === alert && grave === severity),
          `${alert} ${severity}`,
        ).toBe(true);
      }
      const own = RULE_CASES.filter(({ name }) => name.startsWith(`${alert}:`));
      expect(own.some(({ checks }) => checks.some((check) => !check.firing.some(([name]) => name === alert)))).toBe(
        true,
      );
      expect(own.flatMap(({ told }) => told).length, alert).toBeGreaterThan(0);
    }
  });
});

describe("the dashboard", () => {
  interface Panel {
    readonly title: string;
    readonly type: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }
  const { panels, templating, schemaVersion } = JSON.parse(read("grafana-dashboard.json")) as {
    readonly panels: readonly Panel[];
    readonly templating: {
      readonly list: readonly { readonly name: string; readonly query: string | { readonly query: string } }[];
    };
    readonly schemaVersion: number;
  };
  const drawn = panels.filter(({ type }) => type !== "row");

  it.each(drawn.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target }))))(
    "$title reads metrics that exist, by labels that they have: $expr",
    ({ expr, legendFormat }) => {
      expect(namesIn(expr).metrics.length).toBeGreaterThan(0);
      expect(strangersIn(expr)).toEqual([]);
      const { grouped } = namesIn(expr);
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(grouped).toContain(label);
    },
  );

  it("asks every panel of the data source, the job and, where it has them, the tokens that were chosen", () => {
    const text = read("grafana-dashboard.json");
    const variables = [...text.matchAll(/\$\{?([a-z]+)\b(?!_)/g)].map(([, name]) => name ?? "");
    expect(new Set(variables)).toEqual(new Set(["datasource", "job", "token"]));
    for (const { targets = [] } of drawn) {
      for (const { expr } of targets) for (const { labels } of namesIn(expr).metrics) expect(labels).toContain("job");
    }
    const queries = templating.list.flatMap(({ query }) => (typeof query === "string" ? [] : [query.query]));
    for (const query of queries) {
      const [, expr = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
      expect(strangersIn(expr)).toEqual([]);
      const [metric] = namesIn(expr).metrics;
      expect([...SCRAPED, ...(LABELS.get(metric?.name ?? "") ?? [])]).toContain(label);
    }
  });

  it("has no two panels on one place, and fits the grid of Grafana 11", () => {
    expect(schemaVersion).toBe(39);
    const taken = new Set<string>();
    for (const { gridPos, title } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let { x } = gridPos; x < gridPos.x + gridPos.w; x += 1) {
        for (let { y } = gridPos; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x} ${y}`), `${title} at ${x} ${y}`).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});
