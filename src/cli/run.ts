import type { DomainEvent } from "../core/events.ts";
import type { Daemon } from "./app-port.ts";
import { type AddVerb, COMMANDS_OPTION, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { Narrator } from "./narrator.ts";

interface RunOptions {
  readonly allowCommands?: true;
  readonly quiet?: true;
}

export const addRun: AddVerb = (program, shell) => {
  program
    .command("run")
    .description("the daemon: keeps the declared tokens alive until SIGTERM or SIGINT; SIGHUP reloads the settings")
    .option(...COMMANDS_OPTION)
    .option("--quiet", "log warnings and errors only")
    .action(shell.does((options: RunOptions) => run(shell, options)));
};

/** On a terminal it tells in plain lines what happens, elsewhere it logs JSON lines. */
async function run(shell: Shell, options: RunOptions): Promise<ExitCode> {
  const { app, err } = shell;
  const quiet = options.quiet === true;
  const narrator = err.isTerminal && !quiet ? new Narrator(shell) : undefined;
  const daemon = await app.startDaemon({
    settingsFile: shell.settingsFile(),
    allowCommands: options.allowCommands === true,
    onEvent: (event: DomainEvent) => narrator?.tell(event),
    log: { pretty: err.isTerminal, quiet: quiet || narrator !== undefined },
  });
  narrator?.begin(daemon);
  await untilStopped(shell, daemon);
  return EXIT.well;
}

/** The first SIGTERM or SIGINT stops, a later one aborts what is still under way. */
async function untilStopped(shell: Shell, daemon: Daemon): Promise<void> {
  let off: () => void = () => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      off = shell.app.onSignals({
        terminate: () => void daemon.stop("a signal asked for it").then(() => resolve(), reject),
        abort: () => daemon.abort(),
        // The daemon's own events tell how it went.
        reload: () => void daemon.reload().catch(() => undefined),
      });
    });
  } finally {
    off();
  }
}
