import { SIMULATED_DAYS, SIMULATED_DAYS_MAX } from "../core/simulation.ts";
import { countUpTo } from "./arguments.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { outage, type OutageArgument, outagesOf } from "./outage-argument.ts";
import { whileWaiting } from "./progress.ts";
import { simulationText } from "./simulate-text.ts";

const SEED_MAX = 999_999_999;

interface SimulateOptions extends JsonOption {
  readonly days?: number;
  readonly outage?: readonly OutageArgument[];
  readonly seed: number;
}

export const addSimulate: AddVerb = (program, shell) => {
  program
    .command("simulate")
    .description("runs the settings in simulated time: what renews when, what readers get, which outages are survived")
    .option(
      "--days <n>",
      `how far to look (default: ${SIMULATED_DAYS}, and past every outage)`,
      countUpTo(SIMULATED_DAYS_MAX),
    )
    .option(
      "--outage <service:from:for>",
      "an issuer or a store (`*`: all) cannot be reached; may be given again",
      outage,
    )
    .option("--seed <n>", "draws the jitter otherwise", countUpTo(SEED_MAX), 1)
    .option(...JSON_OPTION)
    .action(shell.does((options: SimulateOptions) => simulate(shell, options)));
};

async function simulate(shell: Shell, options: SimulateOptions): Promise<ExitCode> {
  const { app } = shell;
  const order = { settingsFile: shell.settingsFile(), allowCommands: false };
  const now = app.clock.now();
  const { settings } = await app.checkSettings(order);
  const outages = (options.outage ?? []).flatMap((each) =>
    outagesOf(each, settings, now, (word, known) => app.didYouMean(word, known)),
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
