import type { Control } from "../core/control.ts";
import { RenewdError } from "../core/errors.ts";
import type { Shell } from "./command.ts";

export interface ControlOptions {
  readonly need: "read" | "act";
  readonly allowCommands?: boolean | undefined;
}

/** `app.withControl` on the settings file of this command line; an unknown token's error names the nearest ones. */
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
      throw thrown instanceof RenewdError && thrown.code === "unknown_token"
        ? await withNames(shell, control, thrown)
        : thrown;
    }
  });
}

async function withNames(shell: Shell, control: Control, error: RenewdError): Promise<RenewdError> {
  const word = /["`']([^"`']+)["`']/.exec(error.message)?.[1];
  const { tokens } = await control.status();
  const hint = shell.app.didYouMean(
    word ?? "",
    tokens.map((each) => each.token),
  );
  return new RenewdError("unknown_token", `${error.message}. ${hint}`, { cause: error });
}
