import { formatInstant } from "../core/duration.ts";
import { EVENT_LEVELS, type DomainEvent } from "../core/events.ts";
import { present } from "../core/present.ts";
import type { HistoryEntry } from "../core/state-store.ts";
import { countUpTo } from "./arguments.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { clean } from "./format.ts";
import { withControl } from "./with-control.ts";
import { wordsOf } from "./words.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1_000;

interface HistoryOptions extends JsonOption {
  readonly limit: number;
}

export const addHistory: AddVerb = (program, shell) => {
  program
    .command("history")
    .description("what happened to a token, newest first")
    .argument("<token>")
    .option("--limit <n>", `how many entries, at most ${LIMIT_MAX}`, countUpTo(LIMIT_MAX), LIMIT_DEFAULT)
    .option(...JSON_OPTION)
    .action(shell.does((token: string, options: HistoryOptions) => history(shell, token, options)));
};

async function history(shell: Shell, token: string, options: HistoryOptions): Promise<ExitCode> {
  const entries = await withControl(shell, { need: "read", token }, (control) => control.history(token, options.limit));
  if (options.json === true) printJson(shell, entries);
  else if (entries.length === 0) shell.out.line(`nothing has happened to ${token} yet`);
  for (const entry of options.json === true ? [] : entries) shell.out.line(entryText(token, entry));
  return EXIT.well;
}

function entryText(token: string, { at, type, target, data }: HistoryEntry): string {
  const where = target === null ? "" : `${target}: `;
  return clean(`${formatInstant(at)}  ${where}${words(token, { at, type, target, data })}`);
}

/** An entry is an event taken apart; one that another version wrote is shown as it is. */
function words(token: string, { at, type, target, data }: HistoryEntry): string {
  if (!Object.hasOwn(EVENT_LEVELS, type)) return `${type} ${JSON.stringify(present(data))}`;
  const about = { ...data, token, target: target ?? "" };
  const event = type.startsWith("incident:") ? { type, at, incident: about } : { ...about, type, at };
  try {
    return wordsOf(event as DomainEvent, formatInstant);
  } catch {
    return `${type} ${JSON.stringify(present(data))}`;
  }
}
