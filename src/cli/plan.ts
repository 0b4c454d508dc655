import { formatInstant, type Instant } from "../core/duration.ts";
import type { PlanEntry } from "../core/plan.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, type Output, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { inWords, labelled } from "./format.ts";
import { withControl } from "./with-control.ts";

const INDENT = 4;

export const addPlan: AddVerb = (program, shell) => {
  program
    .command("plan")
    .description("a dry run: what each token would do next, when and why, with the arithmetic of its deadline")
    .option(...JSON_OPTION)
    .action(shell.does((options: JsonOption) => plan(shell, options.json === true)));
};

async function plan(shell: Shell, json: boolean): Promise<ExitCode> {
  const entries = await withControl(shell, { need: "dry" }, (control) => control.plan());
  const sorted = entries.toSorted((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity));
  const now = shell.app.clock.now();
  if (json) printJson(shell, sorted);
  else if (sorted.length === 0) shell.out.line("no tokens are declared");
  else shell.out.line(sorted.map((entry) => entryText(entry, now, shell.out)).join("\n\n"));
  return EXIT.well;
}

function entryText(entry: PlanEntry, now: Instant, out: Output): string {
  const unsure = entry.action === "paused" ? "until resumed" : "until a person decides";
  const when = entry.at === null ? unsure : `${formatInstant(entry.at)}  ${inWords(entry.at, now)}`;
  const indented = (text: string): string => labelled("", text, out.columns, INDENT);
  return [
    `${out.paint("faint", when)}  ${out.paint("strong", entry.token)}: ${out.paint("plain", entry.action.replaceAll("_", " "))}`,
    indented(`because ${entry.reason}`),
    ...entry.arithmetic.map(indented),
    ...entry.cautions.map((caution) => indented(`note: ${caution}`)),
  ].join("\n");
}
