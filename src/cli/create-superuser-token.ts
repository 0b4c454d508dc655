import type { CreationOrder } from "../core/control.ts";
import { RenewdError } from "../core/errors.ts";
import { type AddVerb, COMMANDS_OPTION, JSON_OPTION, type Shell } from "./command.ts";
import { givenSecret } from "./given-secret.ts";
import { handOut, type HandOutOptions, PRINT_OPTION, TOKEN_FILE_OPTION } from "./hand-out.ts";
import { chooseIssuer } from "./issuer-choice.ts";

/** The only kind of issuer that has superusers. */
const TYPE = "arvados";

interface SuperuserOptions extends HandOutOptions {
  readonly issuer?: string;
  readonly tokenFile?: string;
}

export const addCreateSuperuserToken: AddVerb = (program, shell) => {
  program
    .command("create-superuser-token")
    .description("an Arvados token of root with all powers: create-token --reuse --user root --scope all")
    .argument("[secret]", "the secret that it is to have, which `ps` shows to everybody: use --token-file")
    .option("--issuer <key>", "the Arvados cluster (default: the only one of the settings)")
    .option(...TOKEN_FILE_OPTION)
    .option(...PRINT_OPTION)
    .option(...COMMANDS_OPTION)
    .option(...JSON_OPTION)
    .action(
      shell.does((secret: string | undefined, options: SuperuserOptions) =>
        handOut(shell, options, () => orderOf(shell, secret, options)),
      ),
    );
};

async function orderOf(shell: Shell, given: string | undefined, options: SuperuserOptions): Promise<CreationOrder> {
  const issuer = await chooseIssuer(shell, options.issuer, ({ type }) => type === TYPE);
  if (issuer.type !== TYPE)
    throw new RenewdError("usage", `${issuer.key} is of type ${issuer.type}, where there are no superuser tokens`);
  const argument = given === undefined ? undefined : { name: "the secret as an argument", text: given };
  return {
    of: {
      kind: "described",
      issuer: issuer.key,
      name: null,
      comment: null,
      flags: { user: "root", server: null, roles: [], scopes: ["all"], lifetime: null },
    },
    expAt: null,
    reuse: true,
    secret: await givenSecret(shell, { argument, file: options.tokenFile }),
    superuser: true,
  };
}
