import { InvalidArgumentError } from "commander";
import { formatInstant, type Instant, parseDuration, parseInstant } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell, TOKEN_ARGUMENT } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { withControl } from "./with-control.ts";

interface PauseOptions extends JsonOption {
  readonly until?: Until;
  readonly reason?: string;
}

/** An instant, or so long from now. */
type Until = { readonly at: Instant } | { readonly ms: number };

export const addPause: AddVerb = (program, shell) => {
  program
    .command("pause")
    .description("starts no renewal and writes no target of a token; deadlines and alerts run on")
    .argument(...TOKEN_ARGUMENT)
    .option("--until <time>", "an instant such as 2027-01-31T00:00:00Z, or 6h from now (default: until resumed)", until)
    .option("--reason <text>", "kept with the pause and shown by status")
    .option(...JSON_OPTION)
    .action(shell.does((token: string, options: PauseOptions) => pause(shell, token, options)));
};

async function pause(shell: Shell, token: string, options: PauseOptions): Promise<ExitCode> {
  const now = shell.app.clock.now();
  const untilAt =
    options.until === undefined ? null : "at" in options.until ? options.until.at : now + options.until.ms;
  if (untilAt !== null && untilAt <= now) {
    throw new RenewdError("usage", `--until ${formatInstant(untilAt)} is past`);
  }
  await withControl(shell, { need: "note", token }, (control) => control.pause(token, untilAt, options.reason ?? null));
  if (options.json === true) printJson(shell, { token, paused: true, untilAt });
  else
    shell.out.line(
      `${token} is paused ${untilAt === null ? "until it is resumed" : `until ${formatInstant(untilAt)}`}`,
    );
  return EXIT.well;
}

function until(text: string): Until {
  const at = parseInstant(text);
  if (at !== undefined) return { at };
  const ms = parseDuration(text);
  if (ms !== undefined) return { ms };
  throw new InvalidArgumentError(
    "expected an instant such as 2027-01-31T00:00:00Z or a duration in s, m, h or d, such as 6h.",
  );
}
