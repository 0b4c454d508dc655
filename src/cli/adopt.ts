import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell, TOKEN_ARGUMENT } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { withControl } from "./with-control.ts";

export const addAdopt: AddVerb = (program, shell) => {
  program
    .command("adopt")
    .description("lets renewd write a target that holds something it did not put there; the old value is replaced")
    .argument(...TOKEN_ARGUMENT)
    .argument("<target>", "its label in the settings")
    .option(...JSON_OPTION)
    .action(
      shell.does((token: string, target: string, options: JsonOption) =>
        adopt(shell, token, target, options.json === true),
      ),
    );
};

async function adopt(shell: Shell, token: string, target: string, json: boolean): Promise<ExitCode> {
  await withControl(shell, { need: "note", token, target }, (control) => control.adopt(token, target));
  if (json) printJson(shell, { token, target, adopted: true });
  else shell.out.line(`renewd may write ${token}/${target} from now on`);
  return EXIT.well;
}
