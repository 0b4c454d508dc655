import { SIMULATED_DAYS, SIMULATED_DAYS_MAX } from "../core/simulation.ts";
import { countUpTo } from "./arguments.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { outage, type OutageArgument, outageOf } from "./outage-argument.ts";
import { whileWaiting } from "./progress.ts";
import { simulationText } from "./simulate-text.ts";

const SEED_MAX = 999_999_999;

interface SimulateOptions extends JsonOption {
  readonly days?: number;
  readonly outage?: readonly OutageArgument[];
  readonly seed: number;
}

const EXAMPLES = `
  renewd simulate --days 365                          a year in which nothing fails
  renewd simulate --outage flowauth:2026-12-24:7d     is the holiday survived?
  renewd simulate --outage store/aws:now:36h --json   the store is down from now on`;

export const addSimulate: AddVerb = (program, shell) => {
  program
    .command("simulate")
    .description("runs the settings in simulated time: what renews when, what readers get, which outages are survived")
    .option(
      "--days <n>",
      `how far to look (default: ${SIMULATED_DAYS}, and past every outage)`,
      countUpTo(SIMULATED_DAYS_MAX),
    )
    .option("--outage <service:from:for>", "an issuer or a store cannot be reached; may be given again", outage)
    .option("--seed <n>", "draws the jitter otherwise", countUpTo(SEED_MAX), 1)
    .option(...JSON_OPTION)
    .addHelpText("after", EXAMPLES)
    .action(shell.does((options: SimulateOptions) => simulate(shell, options)));
};

async function simulate(shell: Shell, options: SimulateOptions): Promise<ExitCode> {
  const { app } = shell;
  const order = { settingsFile: shell.settingsFile(), allowCommands: false };
  const now = app.clock.now();
  const { settings } = await app.checkSettings(order);
  const outages = (options.outage ?? []).map((each) =>
    outageOf(each, settings, now, (word, known) => app.didYouMean(word, known)),
  );
  const days = options.days ?? null;
  let share = 0;
  const onProgress = (done: number): void => void (share = done);
  const detail = (): string => ` ${Math.round(100 * share)} %`;
  const simulated = { ...order, days, outages, seed: options.seed, onProgress };
  const report = await whileWaiting(
    shell,
    days === null ? "simulating" : `simulating ${days} days`,
    () => app.simulate(simulated),
    detail,
  );
  if (options.json === true) printJson(shell, report);
  else shell.out.line(simulationText(report, shell.out));
  return report.promiseHeld ? EXIT.well : EXIT.notWell;
}
