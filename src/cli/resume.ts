import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { withControl } from "./with-control.ts";

export const addResume: AddVerb = (program, shell) => {
  program
    .command("resume")
    .description("ends the pause of a token")
    .argument("<token>")
    .option(...JSON_OPTION)
    .action(shell.does((token: string, options: JsonOption) => resume(shell, token, options.json === true)));
};

async function resume(shell: Shell, token: string, json: boolean): Promise<ExitCode> {
  await withControl(shell, { need: "note", token }, (control) => control.resume(token));
  if (json) printJson(shell, { token, paused: false });
  else shell.out.line(`${token} is no longer paused`);
  return EXIT.well;
}
