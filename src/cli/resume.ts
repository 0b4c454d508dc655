import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell, TOKEN_ARGUMENT } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { withControl } from "./with-control.ts";

export const addResume: AddVerb = (program, shell) => {
  program
    .command("resume")
    .description("ends the pause of a token")
    .argument(...TOKEN_ARGUMENT)
    .option(...JSON_OPTION)
    .action(shell.does((token: string, options: JsonOption) => resume(shell, token, options.json === true)));
};

async function resume(shell: Shell, token: string, json: boolean): Promise<ExitCode> {
  const wasPaused = await withControl(shell, { need: "note", token }, async (control) => {
    if ((await control.tokenStatus(token)).pause === null) return false;
    await control.resume(token);
    return true;
  });
  if (json) printJson(shell, { token, paused: false, wasPaused });
  else shell.out.line(wasPaused ? `${token} is no longer paused` : `${token} is not paused; nothing was changed`);
  return EXIT.well;
}
