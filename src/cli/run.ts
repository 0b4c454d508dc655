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
    const daemon = await app.startDaemon({
      settingsFile: shell.settingsFile(),
      allowCommands: options.allowCommands === true,
      onEvent: (event: DomainEvent) => narrator?.tell(event),
      log: { pretty: err.isTerminal, quiet: quiet || narrator !== undefined },
    });
    narrator?.begin(daemon);
    await stop.whenDone(daemon);
    return EXIT.well;
  } finally {
    off();
  }
}

/** Stops the daemon at the first SIGTERM or SIGINT, also at one that came before it had started. */
class Stop {
  daemon: Daemon | undefined;
  #asked = false;
  readonly #ended = Promise.withResolvers<void>();

  ask(): void {
    this.#asked = true;
    this.#stop();
  }

  /** Resolves when the daemon has stopped. */
  whenDone(daemon: Daemon): Promise<void> {
    this.daemon = daemon;
    if (this.#asked) this.#stop();
    return this.#ended.promise;
  }

  #stop(): void {
    void this.daemon?.stop("a signal asked for it").then(() => this.#ended.resolve(), this.#ended.reject);
  }
}
