import type { DeclaredService } from "../core/settings.ts";
import { RenewdError } from "../core/errors.ts";
import type { Shell } from "./command.ts";

/** The issuer that a person named, of those in the settings, or the only one that there is. Throws `usage` when it takes a choice. */
export async function chooseIssuer(
  shell: Shell,
  given: string | undefined,
  among: (issuer: DeclaredService) => boolean = () => true,
): Promise<DeclaredService> {
  const { settings } = await shell.app.checkSettings({ settingsFile: shell.settingsFile(), allowCommands: false });
  const { issuers } = settings;
  if (given !== undefined) {
    const named = issuers.find(({ key }) => key === given);
    if (named !== undefined) return named;
    const known = issuers.map(({ key }) => key);
    throw usage(`no issuer ${given.slice(0, 80)} is declared. ${shell.app.didYouMean(given, known)}`);
  }
  const [only, ...others] = issuers.filter(among);
  if (only !== undefined && others.length === 0) return only;
  const keys = [only, ...others].flatMap((each) => (each === undefined ? [] : [each.key])).join(", ");
  throw usage(
    keys === "" ? "no such issuer is declared in the settings" : `name one of the issuers by --issuer: ${keys}`,
  );
}

function usage(message: string): RenewdError {
  return new RenewdError("usage", message, { sent: false });
}
