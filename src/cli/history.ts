import { formatInstant } from "../core/duration.ts";
import { historyWords } from "../core/history-words.ts";
import type { HistoryEntry } from "../core/state-store.ts";
import { countUpTo } from "./arguments.ts";
import {
  type AddVerb,
  JSON_OPTION,
  type JsonOption,
  type Output,
  printJson,
  type Shell,
  TOKEN_ARGUMENT,
} from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { clean, labelled } from "./format.ts";
import { withControl } from "./with-control.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1_000;

interface HistoryOptions extends JsonOption {
  readonly limit: number;
}

export const addHistory: AddVerb = (program, shell) => {
  program
    .command("history")
    .description("what happened to a token, newest first")
    .argument(...TOKEN_ARGUMENT)
    .option("--limit <n>", `how many entries, at most ${LIMIT_MAX}`, countUpTo(LIMIT_MAX), LIMIT_DEFAULT)
    .option(...JSON_OPTION)
    .action(shell.does((token: string, options: HistoryOptions) => history(shell, token, options)));
};

async function history(shell: Shell, token: string, options: HistoryOptions): Promise<ExitCode> {
  const entries = await withControl(shell, { need: "read", token }, (control) => control.history(token, options.limit));
  if (options.json === true) printJson(shell, entries);
  else if (entries.length === 0) shell.out.line(`nothing has happened to ${token} yet`);
  for (const entry of options.json === true ? [] : entries) shell.out.line(entryText(token, entry, shell.out));
  return EXIT.well;
}

/** Elsewhere than on a terminal a line each, to be searched. */
function entryText(token: string, entry: HistoryEntry, { isTerminal, columns }: Output): string {
  const where = entry.target === null ? "" : `${entry.target}: `;
  const words = `${where}${historyWords(token, entry, formatInstant)}`;
  const at = `${formatInstant(entry.at)}  `;
  return isTerminal ? labelled(at, words, columns) : clean(`${at}${words}`);
}
