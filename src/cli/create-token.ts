import { type Command, Option } from "commander";
import type { CreationOrder, Description } from "../core/control.ts";
import { formatInstant, type Instant, parseDuration, SECOND_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import { collect, durationText, instant, shortText } from "./arguments.ts";
import { type AddVerb, COMMANDS_OPTION, JSON_OPTION, type Shell } from "./command.ts";
import { givenSecret } from "./given-secret.ts";
import { handOut, type HandOutOptions, PRINT_OPTION, TOKEN_FILE_OPTION } from "./hand-out.ts";
import { chooseIssuer } from "./issuer-choice.ts";

interface Describing {
  readonly issuer?: string;
  readonly name?: string;
  readonly user?: string;
  readonly server?: string;
  readonly role?: readonly string[];
  readonly scope?: readonly string[];
  readonly comment?: string;
}

interface CreateOptions extends Describing, HandOutOptions {
  readonly lifetime?: string;
  readonly expiresAt?: Instant;
  readonly tokenFile?: string;
  readonly token?: string;
  readonly reuse?: true;
}

/** The flags that describe a token which no setting declares. */
const DESCRIBING = [
  "issuer",
  "name",
  "user",
  "server",
  "role",
  "scope",
  "comment",
] as const satisfies readonly (keyof Describing)[];

export const addCreateToken: AddVerb = (program, shell) => {
  const verb = program
    .command("create-token")
    .description(
      "makes a token, or finds one that is there already, and prints it: a declared one, or as the flags say",
    )
    .argument("[token]", "a token of the settings; then no flag may describe another");
  addDescribing(verb);
  verb
    .addOption(
      new Option("--lifetime <duration>", "how long it is to live, such as 30d")
        .argParser(durationText)
        .conflicts("expiresAt"),
    )
    .option("--expires-at <time>", "when it is to expire, such as 2027-01-31T00:00:00Z", instant)
    .option(...TOKEN_FILE_OPTION)
    .option("--token <secret>", "the secret itself, which `ps` shows to everybody: use --token-file")
    .option("--reuse", "one that lives and has the same user, roles and comment will do")
    .option(...PRINT_OPTION)
    .option(...COMMANDS_OPTION)
    .option(...JSON_OPTION)
    .action(
      shell.does((token: string | undefined, options: CreateOptions) =>
        handOut(shell, options, () => orderOf(shell, token, options)),
      ),
    );
};

function addDescribing(verb: Command): void {
  verb
    .option("--issuer <key>", "the issuer that makes it (default: the only one of the settings)")
    .option("--name <name>", "its name, where the issuer keeps names", shortText)
    .option("--user <user>", "whose it is to be, where the issuer makes tokens for others", shortText)
    .option("--server <server>", "the server or audience that it is for", shortText)
    .option("--role <role>", "a role or a preset (`renewd presets`); may be given several times", collect)
    .option("--scope <scope>", "a scope; may be given several times", collect)
    .option("--comment <text>", "what it is for", shortText);
}

async function orderOf(shell: Shell, token: string | undefined, options: CreateOptions): Promise<CreationOrder> {
  const now = shell.app.clock.now();
  const expAt = expiryOf(options, now);
  if (token !== undefined) refuseDescription(token, options);
  const of: CreationOrder["of"] =
    token === undefined ? await descriptionOf(shell, options, expAt, now) : { kind: "declared", token };
  const argument = options.token === undefined ? undefined : { name: "--token", text: options.token };
  const secret = await givenSecret(shell, { argument, file: options.tokenFile });
  const lifetimeMs = token === undefined ? undefined : parseDuration(options.lifetime ?? "");
  return {
    of,
    expAt: lifetimeMs === undefined ? expAt : now + lifetimeMs,
    reuse: options.reuse === true,
    secret,
    superuser: false,
  };
}

function refuseDescription(token: string, options: Describing): void {
  const given = DESCRIBING.filter((flag) => options[flag] !== undefined).map((flag) => `--${flag}`);
  if (given.length === 0) return;
  throw usage(`${token} is described by the settings; leave ${given.join(", ")} out, or leave ${token} out`);
}

async function descriptionOf(
  shell: Shell,
  options: CreateOptions,
  expAt: Instant | null,
  now: Instant,
): Promise<Description> {
  const { user = null, server = null, role: roles = [], scope: scopes = [], name = null, comment = null } = options;
  const issuer = options.issuer ?? (await chooseIssuer(shell, undefined)).key;
  const lifetime = expAt === null ? (options.lifetime ?? null) : secondsBetween(now, expAt);
  return { kind: "described", issuer, name, comment, flags: { user, server, roles, scopes, lifetime } };
}

function expiryOf({ expiresAt }: CreateOptions, now: Instant): Instant | null {
  if (expiresAt === undefined) return null;
  if (expiresAt <= now) throw usage(`--expires-at ${formatInstant(expiresAt)} is past`);
  if (parseDuration(secondsBetween(now, expiresAt)) === undefined)
    throw usage(`--expires-at ${formatInstant(expiresAt)} is more than ten years off`);
  return expiresAt;
}

/** As a duration of the settings. */
function secondsBetween(now: Instant, expAt: Instant): string {
  return `${Math.ceil((expAt - now) / SECOND_MS)}s`;
}

function usage(message: string): RenewdError {
  return new RenewdError("usage", message, { sent: false });
}
