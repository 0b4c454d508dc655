import { MessageChannel } from "node:worker_threads";
import { Command, Help } from "commander";
import { addAccept } from "./accept.ts";
import { addAdopt } from "./adopt.ts";
import { addAlertTest } from "./alert-test.ts";
import { addCheck } from "./check.ts";
import { type AddVerb, type Cli, type Output, printJson, type Shell } from "./command.ts";
import { addCompletions } from "./completions.ts";
import { addCreateSuperuserToken } from "./create-superuser-token.ts";
import { addCreateToken } from "./create-token.ts";
import { addDashboard } from "./dashboard.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-codes.ts";
import { addDiscard } from "./discard.ts";
import { addExplain } from "./explain.ts";
import { addHealth } from "./health.ts";
import { addHistory } from "./history.ts";
import { addInit } from "./init.ts";
import { addIssuer } from "./issuer.ts";
import { addPause } from "./pause.ts";
import { addPlan } from "./plan.ts";
import { addPresets } from "./presets.ts";
import { addRenew } from "./renew.ts";
import { errorDocument, reportError } from "./report-error.ts";
import { addResume } from "./resume.ts";
import { addRollback } from "./rollback.ts";
import { addRun } from "./run.ts";
import { addSimulate } from "./simulate.ts";
import { addStatus } from "./status.ts";
import { addVerbHelp, verbOf } from "./verb-help.ts";

/** Descriptions are broken into lines where at least so many columns are left for them. */
const HELP_WIDTH_LEAST = 24;
const SETTINGS_DEFAULT = "config/renewd.yaml";

/** In the order in which `--help` shows them. */
const VERBS: readonly AddVerb[] = [
  addInit,
  addRun,
  addCheck,
  addPlan,
  addSimulate,
  addStatus,
  addExplain,
  addRenew,
  addCreateToken,
  addCreateSuperuserToken,
  addPresets,
  addHistory,
  addPause,
  addResume,
  addRollback,
  addAccept,
  addDiscard,
  addAdopt,
  addAlertTest,
  addDashboard,
  addHealth,
  addCompletions,
  addIssuer,
];

/** Runs one verb to its end. Never throws: what went wrong is told on stderr and is in the exit code. */
export async function runCli(argv: readonly string[], onto: Cli): Promise<ExitCode> {
  let code: ExitCode = EXIT.well;
  const { cli, hasWritten } = noticing(onto);
  const program = createProgram(cli, (answer) => (code = answer));
  try {
    await heldOpen(() => program.parseAsync(argv, { from: "user" }));
    return code;
  } catch (error) {
    code = exitCodeOf(error);
    const verb = verbOf(program, argv);
    reportError(cli, error, verb);
    // Who asked for a document gets one, whatever happened.
    if (argv.includes("--json") && code !== EXIT.well && !hasWritten()) printJson(cli, errorDocument(error, verb));
    return code;
  }
}

/** The same command line, which knows whether anything went to stdout. */
function noticing(cli: Cli): { readonly cli: Cli; readonly hasWritten: () => boolean } {
  let written = false;
  const out: Output = {
    ...cli.out,
    line: (text) => ((written = true), cli.out.line(text)),
    deliver: (text) => ((written = true), cli.out.deliver(text)),
  };
  return { cli: { ...cli, out }, hasWritten: () => written };
}

function createProgram(cli: Cli, answer: (code: ExitCode) => void): Command {
  const program = new Command("renewd")
    .description(
      "Keeps service tokens alive: renews them in time, proves the fresh one, writes it where consumers read it.",
    )
    .version(cli.app.version)
    .option("-c, --config <file>", `the settings file (default: RENEWD_CONFIG, else ${SETTINGS_DEFAULT})`)
    .configureHelp({
      showGlobalOptions: true,
      helpWidth: cli.out.columns,
      minWidthToWrap: HELP_WIDTH_LEAST,
      // Every verb has options, so that is not said of each.
      subcommandTerm: (verb) => new Help().subcommandTerm(verb).replace(" [options]", ""),
    })
    .configureOutput({
      writeOut: (text) => cli.out.line(text.trimEnd()),
      writeErr: (text) => cli.err.line(text.trimEnd()),
      outputError: (text, write) => write(`renewd: ${text.replace(/^error: /, "")}`),
    })
    .exitOverride();
  const named = (): string | undefined => {
    const text = program.opts<{ config?: string }>().config ?? cli.app.environment["RENEWD_CONFIG"];
    return text === "" ? undefined : text;
  };
  const shell: Shell = {
    ...cli,
    does:
      (run) =>
      async (...args) =>
        answer(await run(...args)),
    settingsFile: () => named() ?? SETTINGS_DEFAULT,
    isSettingsFileNamed: () => named() !== undefined,
  };
  for (const addVerb of VERBS) addVerb(program, shell);
  addVerbHelp(program, cli.out);
  return program;
}

/** The timers of the Clock port do not keep the process alive; a verb that waits must. */
async function heldOpen(work: () => Promise<unknown>): Promise<void> {
  const { port1 } = new MessageChannel();
  port1.ref();
  try {
    await work();
  } finally {
    port1.close();
  }
}
