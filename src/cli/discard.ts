import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell, TOKEN_ARGUMENT } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { withControl } from "./with-control.ts";

export const addDiscard: AddVerb = (program, shell) => {
  program
    .command("discard")
    .description("drops a quarantined token, or a request whose answer was lost, so that renewd asks anew")
    .argument(...TOKEN_ARGUMENT)
    .option(...JSON_OPTION)
    .action(shell.does((token: string, options: JsonOption) => discard(shell, token, options.json === true)));
};

async function discard(shell: Shell, token: string, json: boolean): Promise<ExitCode> {
  const done = await withControl(shell, { need: "note", token }, (control) => control.discard(token));
  const what = done.fingerprint === null ? "the request in doubt" : `token ${done.fingerprint}`;
  if (json) printJson(shell, done);
  else shell.out.line(`${token}: ${what} is discarded; renewd asks anew when the renewal is due`);
  return EXIT.well;
}
