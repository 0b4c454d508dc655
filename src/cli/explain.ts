import { RenewdError } from "../core/errors.ts";
import { type ExplainedKind, type Explanation, explanations } from "../core/explain.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, type Output, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode, EXIT_CODES_TOLD } from "./exit-codes.ts";
import { labelled } from "./format.ts";

const INDENT = 10;
const CODE_LENGTH_SHOWN = 80;

const KINDS: Readonly<Record<ExplainedKind, { readonly one: string; readonly many: string }>> = {
  incident: { one: "an incident", many: "incidents" },
  token_state: { one: "a state of a token", many: "states of a token" },
  target_state: { one: "a state of a target", many: "states of a target" },
  error: { one: "an error code", many: "error codes" },
  check: { one: "a check of a fresh token", many: "checks of a fresh token" },
  exit_code: { one: "an exit code", many: "exit codes" },
};

export const addExplain: AddVerb = (program, shell) => {
  program
    .command("explain")
    .description("what a word of renewd's means and what you do: error codes, incidents, states, checks, exit codes")
    .argument("[code]", "such as store_denied, deadline_missed, in_doubt or 3; without it all are listed")
    .option(...JSON_OPTION)
    .addHelpText("after", "\n  renewd explain store_denied\n  renewd explain 3              what exit code 3 says")
    .action(shell.does((code: string | undefined, { json }: JsonOption) => explain(shell, code, json === true)));
};

/** What there is to explain, for those who complete the word. */
export function explainedNames(): readonly string[] {
  return [...new Set(explanations(EXIT_CODES_TOLD).map(({ name }) => name))];
}

async function explain(shell: Shell, code: string | undefined, json: boolean): Promise<ExitCode> {
  const all = explanations(EXIT_CODES_TOLD);
  const found = code === undefined ? all : all.filter(({ name }) => name === plain(code));
  if (found.length === 0) {
    const word = (code ?? "").slice(0, CODE_LENGTH_SHOWN);
    const near = shell.app.didYouMean(word, explainedNames());
    throw new RenewdError("usage", `nothing is called ${word}. ${near}`, { sent: false });
  }
  if (json) printJson(shell, found);
  else if (code === undefined) shell.out.line(listText(found, shell.out));
  else shell.out.line(found.map((each) => wholeText(each, shell.out)).join("\n\n"));
  return EXIT.well;
}

/** `IN-DOUBT` and "in doubt" are `in_doubt`. */
function plain(code: string): string {
  return code
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_");
}

function wholeText({ kind, name, meaning, retry, renewd, you, see }: Explanation, out: Output): string {
  const line = (label: string, text: string): string => labelled(`  ${label}`, text, out.columns, INDENT);
  return [
    `${out.paint("strong", name)}  ${KINDS[kind].one}`,
    line("means", meaning),
    ...(retry === null ? [] : [line("retry", retry)]),
    line("renewd", renewd),
    line("you", you),
    line("see", see),
  ].join("\n");
}

function listText(all: readonly Explanation[], out: Output): string {
  const groups = [...Map.groupBy(all, ({ kind }) => kind)];
  const texts = groups.map(([kind, members]) =>
    [
      out.paint("strong", KINDS[kind].many),
      labelled("", members.map(({ name }) => name).join(", "), out.columns, 2),
    ].join("\n"),
  );
  return [...texts, "`renewd explain CODE` tells of one."].join("\n\n");
}
