import { format } from "prettier";
import { stringify } from "yaml";
import { METRICS, PREFIX } from "../../src/http/metric-list.ts";
import { dashboard } from "./dashboard.ts";
import { RULES_FILE, rulesDocument, ruleTestsDocument } from "./rule-files.ts";
import { ALL_RULES } from "./rules.ts";

const HEAD = "# Made by scripts/generate-monitoring.ts; change scripts/monitoring/ instead.\n";

/** What is in deploy/monitoring. The README's tables are made anew in it, the rest of it stays. */
export async function monitoringFiles(runbooks: string, readme: string): Promise<ReadonlyMap<string, string>> {
  const yaml = (document: unknown): Promise<string> => laidOut(HEAD + stringify(document, { lineWidth: 0 }), "yaml");
  return new Map([
    [RULES_FILE, await yaml(rulesDocument(runbooks))],
    ["renewd.rules.test.yaml", await yaml(ruleTestsDocument(runbooks))],
    ["grafana-dashboard.json", await laidOut(JSON.stringify(dashboard()), "json")],
    [
      "README.md",
      await laidOut(withTable(withTable(readme, "rules", rulesTable()), "metrics", metricsTable()), "markdown"),
    ],
  ]);
}

function laidOut(text: string, parser: string): Promise<string> {
  return format(text, { parser, printWidth: 120 });
}

function withTable(text: string, name: string, table: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new TypeError(`README.md has no place for the table of ${name}`);
  return `${before}${begin}\n\n${table}\n\n${end}${after}`;
}

function rulesTable(): string {
  const rows = ALL_RULES.map(({ alert, levels, summary }) => {
    const severities = levels.map(({ severity, hold }) => (hold === undefined ? severity : `${severity} (${hold})`));
    const words = summary.replaceAll(/\{\{ (?:or )?\$(?:labels\.)?(\w+)(?: `[^`]*`)? \}\}/g, "_$1_");
    return `| [\`${alert}\`](../../docs/alerts.md#${alert.toLowerCase()}) | ${severities.join(", ")} | ${words} |`;
  });
  return ["| alert | severity (after) | says |", "| --- | --- | --- |", ...rows].join("\n");
}

function metricsTable(): string {
  const rows = Object.entries(METRICS).map(
    ([name, { type, labels, help }]) =>
      `| \`${PREFIX}${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`,
  );
  return ["| metric | type | labels | is |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
