import { RenewdError } from "../core/errors.ts";
import { type ExplainedKind, type Explanation, explanations } from "../core/explain.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, type Output, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode, EXIT_CODES_TOLD } from "./exit-codes.ts";
import { labelled } from "./format.ts";

const INDENT = 10;
const CODE_LENGTH_SHOWN = 80;
/** Shorter parts of a word are in too many others. */
const PART_LEAST = 4;
const NEAR_SHOWN = 10;

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
    .action(shell.does((code: string | undefined, { json }: JsonOption) => explain(shell, code, json === true)));
};

/** What there is to explain, for those who complete the word. */
export function explainedNames(): readonly string[] {
  return [...new Set(explanations(EXIT_CODES_TOLD).map(({ name }) => name))];
}

async function explain(shell: Shell, code: string | undefined, json: boolean): Promise<ExitCode> {
  const all = explanations(EXIT_CODES_TOLD);
  const found = code === undefined ? all : called(plain(code), all);
  if (found.length === 0) {
    const word = (code ?? "").slice(0, CODE_LENGTH_SHOWN);
    throw new RenewdError("usage", `nothing is called ${word}. ${nearWords(shell, word)}`, { sent: false });
  }
  if (json) printJson(shell, found);
  else if (code === undefined) shell.out.line(listText(found, shell.out));
  else shell.out.line(found.map((each) => wholeText(each, shell.out)).join("\n\n"));
  return EXIT.well;
}

/** Prometheus's rule RenewdTokenLate is of the incident `late`. */
function called(word: string, all: readonly Explanation[]): readonly Explanation[] {
  const exact = all.filter(({ name }) => name === word);
  return exact.length > 0 ? exact : all.filter(({ name }) => `token_${name}` === word || `target_${name}` === word);
}

/** `IN-DOUBT`, "in doubt" and an alert's `RenewdInDoubt` are `in_doubt`. */
function plain(code: string): string {
  const word = code.trim().replace(/^Renewd(?=[A-Z])/, "");
  const parted = /^[A-Z][a-z]/.test(word) ? word.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_") : word;
  return parted.toLowerCase().replaceAll(/[\s-]+/g, "_");
}

/** One that looks alike, else those that have a part in common with it, else where to see all. */
function nearWords({ app }: Shell, word: string): string {
  const names = explainedNames();
  if (/^\d+$/.test(word)) return `renewd's exit codes are ${names.filter((name) => /^\d+$/.test(name)).join(", ")}.`;
  const [first = "", ...rest] = plain(word).split("_");
  // The first of several parts says of whom, such as `store`: the others say what.
  const parts = (rest.length === 0 ? [first] : rest).filter((part) => part.length >= PART_LEAST);
  const stems = parts.map((part) => part.slice(0, Math.max(PART_LEAST, part.length - 3)));
  const sharing = names.filter((name) => stems.some((stem) => name.split("_").some((part) => part.startsWith(stem))));
  const alike = app.didYouMean(plain(word), names);
  if (alike.startsWith("Did you mean") && sharing.length <= 1) return alike;
  const shown = sharing.slice(0, NEAR_SHOWN).map((name) => `\`${name}\``);
  if (shown.length === 1) return `Did you mean ${shown[0]}?`;
  if (shown.length > 1) return `Did you mean one of ${shown.join(", ")}${sharing.length > shown.length ? ", …" : ""}?`;
  return "`renewd explain` lists what there is.";
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
