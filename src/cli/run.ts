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

/**
 * On a terminal it tells in plain lines what happens, elsewhere it logs JSON lines. Signals are heard before the daemon has
 * started: one that stops it then does so as soon as it runs.
 */
async function run(shell: Shell, options: RunOptions): Promise<ExitCode> {
  const { app, err } = shell;
  const quiet = options.quiet === true;
  const narrator = err.isTerminal && !quiet ? new Narrator(shell) : undefined;
  const stop = new Stop();
  const off = app.onSignals({
    terminate: () => stop.ask(),
    abort: () => stop.daemon?.abort(),
    // The daemon's own events tell how it went.
    reload: () => void stop.daemon?.reload().catch(() => undefined),
  });
  try {
    stop.daemon = await app.startDaemon({
      settingsFile: shell.settingsFile(),
      allowCommands: options.allowCommands === true,
      onEvent: (event: DomainEvent) => narrator?.tell(event),
      log: { pretty: err.isTerminal, quiet: quiet || narrator !== undefined },
    });
    narrator?.begin(stop.daemon);
    await stop.asked;
    await stop.daemon.stop("a signal asked for it");
    return EXIT.well;
  } finally {
    off();
  }
}

/** The first SIGTERM or SIGINT, whenever it comes. */
class Stop {
  daemon: Daemon | undefined;
  readonly asked: Promise<void>;
  readonly ask: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.asked = promise;
    this.ask = resolve;
  }
}
