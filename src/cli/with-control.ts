import type { Control } from "../core/control.ts";
import { RenewdError } from "../core/errors.ts";
import type { Shell } from "./command.ts";

export interface ControlOptions {
  readonly need: "read" | "dry" | "note" | "act";
  readonly allowCommands?: boolean | undefined;
  /** What the person named, so that a slip can be answered with the nearest name. */
  readonly token?: string | undefined;
  readonly target?: string;
}

/** `app.withControl` on the settings file of this command line. */
export function withControl<T>(
  shell: Shell,
  options: ControlOptions,
  use: (control: Control, by: "daemon" | "alone") => Promise<T>,
): Promise<T> {
  const { need, allowCommands = false } = options;
  return shell.app.withControl({ settingsFile: shell.settingsFile(), allowCommands, need }, async (control, by) => {
    try {
      return await use(control, by);
    } catch (thrown) {
      const isUnknown = thrown instanceof RenewdError && thrown.code === "unknown_token";
      throw isUnknown ? await withNames(shell, control, options, thrown) : thrown;
    }
  });
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
