import { InvalidArgumentError, Option } from "commander";
import { MINUTE_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import { TOLD_TOKEN_STATES } from "../core/explain-words.ts";
import type { StatusReport, TokenState, TokenStatus } from "../core/status.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { statusText } from "./status-text.ts";
import { withControl } from "./with-control.ts";

/** A daemon that has not looked for so many ticks, and for a minute at least, does not look any more. */
const TICKS_MISSED_MAX = 3;

interface StatusOptions extends JsonOption {
  readonly state?: readonly TokenState[];
  readonly issuer?: string;
  readonly attention?: true;
  readonly all?: true;
}

export const addStatus: AddVerb = (program, shell) => {
  program
    .command("status")
    .description("how every token and target stands; exits 1 when something needs attention, 3 when nobody keeps watch")
    .argument("[token]", "tell of this one alone, in full")
    .addOption(
      new Option("--state <state>", "only tokens in this state; may be given several times")
        .choices(STATES)
        .argParser(oneOfStates),
    )
    .option("--issuer <key>", "only tokens of this issuer")
    .option("--attention", "only tokens that need attention")
    .option("--all", "leave none out, however many there are")
    .option(...JSON_OPTION)
    .addHelpText("after", HELP)
    .action(shell.does((token: string | undefined, options: StatusOptions) => status(shell, token, options)));
};

const HELP = `
More than eight tokens are a table, those that need attention first and each
with what to do; of more than a hundred only these are shown, the rest counted.`;

const STATES = Object.keys(TOLD_TOKEN_STATES) as readonly TokenState[];

function oneOfStates(text: string, before: readonly TokenState[] | undefined): readonly TokenState[] {
  const state = STATES.find((each) => each === text);
  if (state === undefined) throw new InvalidArgumentError(`expected one of ${STATES.join(", ")}.`);
  return [...(before ?? []), state];
}

async function status(shell: Shell, token: string | undefined, options: StatusOptions): Promise<ExitCode> {
  const choice = choiceOf(options);
  if (token !== undefined && choice !== undefined)
    throw new RenewdError("usage", `give either a token or --state, --issuer, --attention`, { sent: false });
  const { report, total } = await withControl(shell, { need: "read", token }, async (control, by) => {
    if (by === "alone") shell.err.line("renewd: no daemon answers; this is the state as it was left");
    const all = await control.status();
    const of = (tokens: readonly TokenStatus[]): StatusReport => ({
      ...all,
      ok: tokens.every(({ ok }) => ok),
      tokens,
      created: [],
    });
    if (options.issuer !== undefined) mustBeIssuer(shell, options.issuer, all.tokens);
    if (token !== undefined) return { report: of([await control.tokenStatus(token)]), total: 1 };
    const chosen = choice === undefined ? all : of(all.tokens.filter(choice));
    return { report: chosen, total: all.tokens.length };
  });
  const watched = await isWatched(shell, report);
  if (options.json === true) printJson(shell, token === undefined ? report : report.tokens[0]);
  else shell.out.line(statusText({ report, total, all: options.all === true }, shell.out));
  if (!watched) {
    const last = report.lastSweepAt === null ? "has not looked yet" : "does not look any more";
    shell.err.line(`renewd: the daemon ${last}\n  -> Start it, or look at its log.`);
    return EXIT.refused;
  }
  return report.ok ? EXIT.well : EXIT.notWell;
}

/** Undefined where every token is meant. */
function choiceOf({ state, issuer, attention }: StatusOptions): ((token: TokenStatus) => boolean) | undefined {
  if (state === undefined && issuer === undefined && attention === undefined) return undefined;
  return (token) =>
    (state === undefined || state.includes(token.state)) &&
    (issuer === undefined || token.issuer === issuer) &&
    (attention === undefined || !token.ok);
}

function mustBeIssuer(shell: Shell, issuer: string, tokens: readonly TokenStatus[]): void {
  const known = new Set(tokens.map((token) => token.issuer));
  if (known.has(issuer)) return;
  const message = `no token is of the issuer ${issuer}. ${shell.app.didYouMean(issuer, known)}`;
  throw new RenewdError("usage", message, { sent: false });
}

/** Where the settings are refused now, how often the daemon looks is not known: it says itself whether it still does. */
async function isWatched(shell: Shell, { at, lastSweepAt, daemon }: StatusReport): Promise<boolean> {
  if (lastSweepAt === null) return false;
  const tickMs = await tickMsOf(shell);
  if (tickMs === undefined) return !daemon.some(({ reason }) => reason === "scheduler_stalled");
  return at - lastSweepAt <= Math.max(TICKS_MISSED_MAX * tickMs, MINUTE_MS);
}

async function tickMsOf(shell: Shell): Promise<number | undefined> {
  try {
    const { settings } = await shell.app.checkSettings({ settingsFile: shell.settingsFile(), allowCommands: false });
    return settings.tickMs;
  } catch {
    return undefined;
  }
}
