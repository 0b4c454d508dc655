import type { RolledBack } from "../core/control.ts";
import { formatInstant } from "../core/duration.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell, TOKEN_ARGUMENT } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { withControl } from "./with-control.ts";

export const addRollback: AddVerb = (program, shell) => {
  program
    .command("rollback")
    .description("puts the previous token back into every target and pauses renewals; the newest is withdrawn for good")
    .argument(...TOKEN_ARGUMENT)
    .option(...JSON_OPTION)
    .action(shell.does((token: string, options: JsonOption) => rollback(shell, token, options.json === true)));
};

async function rollback(shell: Shell, token: string, json: boolean): Promise<ExitCode> {
  const done = await withControl(shell, { need: "note", token }, (control) => control.rollback(token));
  if (json) printJson(shell, done);
  else tell(shell, done);
  return EXIT.well;
}

function tell({ out, err }: Shell, { token, withdrawn, fingerprint, expAt, warnings }: RolledBack): void {
  out.line(
    `${token} is rolled back from ${withdrawn} to ${fingerprint}, which expires ${formatInstant(expAt)}; it is paused until \`renewd resume ${token}\``,
  );
  for (const warning of warnings) err.line(`${err.paint("warn", "renewd:")} ${warning}`);
}
