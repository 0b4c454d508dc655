import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { whileWaiting } from "./progress.ts";
import { verbOptions } from "./with-control.ts";

export const addDashboard: AddVerb = (program, shell) => {
  program
    .command("dashboard")
    .description("prints a link that signs you in to the running daemon's status page, once")
    .option(...JSON_OPTION)
    .action(shell.does((options: JsonOption) => dashboard(shell, options.json === true)));
};

async function dashboard(shell: Shell, json: boolean): Promise<ExitCode> {
  const link = await whileWaiting(shell, "waiting for the daemon to answer", () =>
    shell.app.dashboardLink(verbOptions(shell)),
  );
  if (json) printJson(shell, { link });
  else shell.out.line(link);
  return EXIT.well;
}
