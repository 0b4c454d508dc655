import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { verbOptions } from "./with-control.ts";

export const addHealth: AddVerb = (program, shell) => {
  program
    .command("health")
    .description("asks the running daemon's /healthz, for containers; exits 1 when it is not well")
    .option(...JSON_OPTION)
    .action(shell.does((options: JsonOption) => health(shell, options.json === true)));
};

async function health(shell: Shell, json: boolean): Promise<ExitCode> {
  const alive = await shell.app.askHealth(verbOptions(shell));
  if (json) printJson(shell, { alive });
  else shell.out.line(alive ? "healthy" : "not healthy");
  return alive ? EXIT.well : EXIT.notWell;
}
