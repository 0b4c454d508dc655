/** What the full report and the table of many tokens have in common. */
import type { Condition } from "../core/incidents.ts";
import type { Output } from "./command.ts";
import { labelled, painted, type Style } from "./format.ts";

export const INDENT = 12;

/** What is wrong, what renewd does next and what a person does, a few lines each. */
export function conditionText(condition: Condition, out: Output, target = ""): string {
  const { severity, reason, message, next, action } = condition;
  const style: Style = severity === "critical" ? "bad" : severity === "warning" ? "warn" : "plain";
  const where = target === "" ? "" : ` at ${target}`;
  const line = (label: string, text: string): readonly string[] =>
    text === "" ? [] : [painted(out.paint, style, labelled(`  ${label}`, text, out.columns, INDENT))];
  return [
    ...line("!", `${severity}, ${reason}${where}: ${message}`),
    ...line("next:", next),
    ...line("you:", action),
  ].join("\n");
}

/** `not_owned` -> "not owned". */
export function wordOf(state: string): string {
  return state.replaceAll("_", " ");
}
