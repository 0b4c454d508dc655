import type { Control } from "../core/control.ts";
import { RenewdError } from "../core/errors.ts";
import type { VerbOptions } from "./app-port.ts";
import type { Shell } from "./command.ts";
import { whileWaiting } from "./progress.ts";

export interface ControlOptions {
  readonly need: "read" | "dry" | "note" | "act";
  readonly allowCommands?: boolean | undefined;
  /** What the person named, so that a slip can be answered with the nearest name. */
  readonly token?: string | undefined;
  readonly target?: string;
}

/** `app.withControl` on the settings file of this command line. Who acts tells by itself what it waits for then. */
export async function withControl<T>(
  shell: Shell,
  options: ControlOptions,
  use: (control: Control, by: "daemon" | "alone") => Promise<T>,
): Promise<T> {
  const { need, allowCommands = false } = options;
  const begun = Promise.withResolvers<void>();
  const done = shell.app.withControl({ ...verbOptions(shell, allowCommands), need }, async (control, by) => {
    begun.resolve();
    try {
      if (need === "act") return await use(control, by);
      const words = by === "daemon" ? "waiting for the daemon's answer" : "working on the state";
      return await whileWaiting(shell, words, () => use(control, by));
    } catch (thrown) {
      const isUnknown = thrown instanceof RenewdError && thrown.code === "unknown_token";
      throw isUnknown ? await withNames(shell, control, options, thrown) : thrown;
    }
  });
  await whileWaiting(shell, "waiting for the daemon or its state", () => Promise.race([begun.promise, done]));
  return done;
}

/** With one line for the person where the file is refused and the daemon does what is asked all the same. */
export function verbOptions({ settingsFile, err }: Shell, allowCommands = false): VerbOptions {
  const file = settingsFile();
  const onRefused = (): void => {
    const words =
      "is refused; the running renewd goes on with the settings before it (`renewd check` says what is wrong)";
    err.line(`${err.paint("warn", "renewd:")} ${file} ${words}`);
  };
  return { settingsFile: file, allowCommands, onRefused };
}

async function withNames(
  shell: Shell,
  control: Control,
  named: ControlOptions,
  error: RenewdError,
): Promise<RenewdError> {
  const { tokens } = await control.status();
  const found = tokens.find((each) => each.token === named.token);
  const nearest =
    found === undefined
      ? shell.app.didYouMean(
          named.token ?? "",
          tokens.map((each) => each.token),
        )
      : shell.app.didYouMean(
          named.target ?? "",
          found.targets.map((each) => each.target),
        );
  return new RenewdError("unknown_token", `${error.message}. ${nearest}`, { cause: error });
}
