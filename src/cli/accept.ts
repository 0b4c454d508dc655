import { formatInstant } from "../core/duration.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell, TOKEN_ARGUMENT } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { withControl } from "./with-control.ts";

export const addAccept: AddVerb = (program, shell) => {
  program
    .command("accept")
    .description("uses a quarantined token all the same, where its roles, scopes, gain or lifetime were rejected")
    .argument(...TOKEN_ARGUMENT)
    .option(...JSON_OPTION)
    .action(shell.does((token: string, options: JsonOption) => accept(shell, token, options.json === true)));
};

async function accept(shell: Shell, token: string, json: boolean): Promise<ExitCode> {
  const done = await withControl(shell, { need: "note", token }, (control) => control.accept(token));
  const { fingerprint, check, expAt } = done;
  if (json) printJson(shell, done);
  else {
    shell.out.line(
      `${token}: token ${fingerprint} is accepted in spite of its ${check} and goes to every target; expires ${formatInstant(expAt)}`,
    );
  }
  return EXIT.well;
}
