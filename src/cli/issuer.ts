import { type Command, Option } from "commander";
import { type IssuerAdmin, openIssuerAdmin, startIssuerServer } from "../issuer-server/index.ts";
import { collect, duration, instant, type Listen, listenAddress } from "./arguments.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, jsonText, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { checkDbExists, DB_OPTION, dbFileOf, readPassword } from "./issuer-files.ts";
import { tokenTable } from "./issuer-tokens.ts";

interface DbOption {
  readonly db?: string;
}

interface Limits extends DbOption {
  readonly maxLife: number;
  readonly latest?: number;
}

export const addIssuer: AddVerb = (program, shell) => {
  const issuer = program.command("issuer").description("the embedded issuer on its own, and its administration");
  addServe(issuer, shell);
  addMakers(issuer, shell);
  issuer
    .command("grant")
    .description("lets a user put a role of a server into its tokens")
    .argument("<user>", "by its name")
    .argument("<server>", "by its name")
    .argument("<role>", "of that server, by its name")
    .option(...DB_OPTION)
    .action(
      shell.does((user: string, server: string, role: string, options: DbOption) =>
        administer(shell, options, false, async (admin) => {
          await admin.grant(user, server, role);
          return `${user} holds role ${role} on server ${server}`;
        }),
      ),
    );
  issuer
    .command("tokens")
    .description("every token that was ever minted, oldest first; never their text")
    .option(...DB_OPTION)
    .option(...JSON_OPTION)
    .action(
      shell.does((options: DbOption & JsonOption) =>
        administer(shell, options, false, async (admin) => {
          const tokens = await admin.listTokens();
          return options.json === true ? jsonText(tokens) : tokenTable(tokens);
        }),
      ),
    );
};

function addServe(issuer: Command, shell: Shell): void {
  issuer
    .command("serve")
    .description("serves it until SIGTERM or SIGINT")
    .addOption(
      new Option("--listen <host:port>", "the address to listen at")
        .argParser(listenAddress)
        .default({ host: "127.0.0.1", port: 8081 }, "127.0.0.1:8081"),
    )
    .option(...DB_OPTION)
    .action(shell.does((options: DbOption & { readonly listen: Listen }) => serve(shell, options)));
}

function addMakers(issuer: Command, shell: Shell): void {
  issuer
    .command("add-server")
    .description("adds a server, which tokens are for")
    .argument("<name>", "what tokens have as their audience")
    .requiredOption("--max-life <duration>", "the longest life of its tokens", duration)
    .option("--latest <time>", "no token of it outlives this instant", instant)
    .option(...DB_OPTION)
    .action(
      shell.does((name: string, options: Limits) =>
        administer(shell, options, true, async (admin) => {
          await admin.addServer({ name, ...limitsOf(options) });
          return `server ${name} is there`;
        }),
      ),
    );
  issuer
    .command("add-role")
    .description("adds a role to a server")
    .argument("<server>", "by its name")
    .argument("<name>", "the role's")
    .requiredOption("--max-life <duration>", "the longest life of tokens with it", duration)
    .option("--latest <time>", "no token with it outlives this instant", instant)
    .option("--scope <scope>", "what it allows; may be given several times", collect)
    .option(...DB_OPTION)
    .action(
      shell.does((server: string, name: string, options: Limits & { readonly scope?: readonly string[] }) =>
        administer(shell, options, false, async (admin) => {
          await admin.addRole({ server, name, scopes: options.scope ?? [], ...limitsOf(options) });
          return `role ${name} is there on server ${server}`;
        }),
      ),
    );
  issuer
    .command("add-user")
    .description("adds a user, who signs in with a password")
    .argument("<name>", "what it signs in with")
    .requiredOption("--password-file <file>", "holds the password; one newline at its end is dropped")
    .option("--admin", "an administrator")
    .option(...DB_OPTION)
    .action(
      shell.does((name: string, options: DbOption & { readonly passwordFile: string; readonly admin?: true }) =>
        administer(shell, options, true, async (admin) => {
          const password = await readPassword(options.passwordFile);
          await admin.addUser({ name, password, admin: options.admin === true });
          return `user ${name} is there`;
        }),
      ),
    );
}

function limitsOf({ maxLife, latest }: Limits): { readonly maxLifeMs: number; readonly latestAt: number | null } {
  return { maxLifeMs: maxLife, latestAt: latest ?? null };
}

async function administer(
  shell: Shell,
  options: DbOption,
  mayMakeDb: boolean,
  use: (admin: IssuerAdmin) => Promise<string>,
): Promise<ExitCode> {
  const dbFile = await dbFileOf(shell, options.db);
  if (!mayMakeDb) checkDbExists(dbFile);
  const admin = await openIssuerAdmin(dbFile, { random: shell.app.random });
  try {
    shell.out.line(await use(admin));
    return EXIT.well;
  } finally {
    await admin.close();
  }
}

async function serve(shell: Shell, { db, listen }: DbOption & { readonly listen: Listen }): Promise<ExitCode> {
  const { app, out, err } = shell;
  const log = (line: string): void => err.line(err.paint("plain", line));
  const { clock, random, version } = app;
  const dbFile = await dbFileOf(shell, db);
  const server = await startIssuerServer({ dbFile, ...listen, seed: null, version, clock, random, log });
  out.line(`issuing at ${server.url}; tokens verify with ${server.publicKeyFile}`);
  await new Promise<void>((resolve) => {
    app.onSignals({ terminate: resolve, abort: resolve, reload: () => undefined });
  });
  await server.close();
  return EXIT.well;
}
