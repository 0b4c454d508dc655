/** What `create-token` and `create-superuser-token` have in common: a token in clear, on stdout alone. */
import type { Created, CreationOrder } from "../core/control.ts";
import { RenewdError } from "../core/errors.ts";
import { type JsonOption, jsonText, type Output, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { instantInWords, labelled } from "./format.ts";
import { whileWaiting } from "./progress.ts";
import { withControl } from "./with-control.ts";

export const PRINT_OPTION = ["--print", "print the token although stdout is no terminal"] as const;
export const TOKEN_FILE_OPTION = [
  "--token-file <file>",
  "a file with the secret that it is to have, or - for stdin",
] as const;

export interface HandOutOptions extends JsonOption {
  readonly print?: true;
  readonly allowCommands?: true;
}

const INDENT = 10;

/** Throws `usage`. */
function mustBeSeen({ out }: Shell, { print }: HandOutOptions): void {
  if (out.isTerminal || print === true) return;
  const message = "stdout is no terminal; say --print to have the token printed into a pipe or a file";
  throw new RenewdError("usage", message, { sent: false });
}

/** That it would be seen is made sure of before anything else: a token that nobody sees must not be made. */
export async function handOut(
  shell: Shell,
  options: HandOutOptions,
  orderOf: () => Promise<CreationOrder>,
): Promise<ExitCode> {
  mustBeSeen(shell, options);
  const order = await orderOf();
  const { allowCommands } = options;
  const named = order.of.kind === "declared" ? { token: order.of.token } : {};
  const created = await withControl(shell, { need: "act", allowCommands, ...named }, (control) =>
    whileWaiting(shell, "asking the issuer for a token", () => control.createToken(order)),
  );
  if (options.json !== true) shell.err.line(aboutText(created, order, shell.app.clock.now(), shell.err));
  await deliver(shell, options.json === true ? jsonText(documentOf(created)) : created.token.reveal());
  return EXIT.well;
}

/** An empty file and a success would be the worst of answers. */
async function deliver({ out }: Shell, text: string): Promise<void> {
  try {
    await out.deliver(text);
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    const message = `the token is there, but it could not be written to stdout (${why}); with --reuse the same call hands it out`;
    throw new RenewdError("output_lost", message, { cause });
  }
}

function documentOf({ token, expAt, subject, ...created }: Created): object {
  const { fingerprint, key, issuer, issuerId, name, comment, roles, outcome, warnings } = created;
  const about = { fingerprint, key, issuer, issuerId, name, comment, user: subject, roles };
  return { token: token.reveal(), ...about, expiresAt: expAt, outcome, warnings };
}

const DONE: Readonly<Record<Created["outcome"], string>> = {
  made: "made",
  reused: "reused",
  given: "the given token is there, as it should be:",
};

function aboutText(created: Created, { of }: CreationOrder, now: number, err: Output): string {
  const { outcome, fingerprint, name, issuer, subject, expAt, comment, roles, warnings } = created;
  const line = (label: string, text: string): string => labelled(`  ${label}`, text, err.columns, INDENT);
  const owner = subject === null ? "" : ` for ${subject}`;
  const ends = expAt === null ? "no end of it is known" : `expires ${instantInWords(expAt, now)}`;
  const renews = of.kind === "declared" ? [] : ["nothing renews it: declare it in the settings to keep it alive"];
  return [
    `${err.paint("good", DONE[outcome])} ${err.paint("plain", `${fingerprint}${owner}: ${name} at ${issuer}, ${ends}`)}`,
    ...(roles.length === 0 ? [] : [line("roles", roles.join(", "))]),
    ...(comment === null ? [] : [line("comment", comment)]),
    ...warnings.map((warning) => line("!", warning)),
    ...renews.map((note) => line("->", note)),
  ].join("\n");
}
