import { realpath } from "node:fs/promises";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { connectControl, type Remote } from "../http/socket.ts";
import { stateFilesOf } from "../settings/state-file.ts";
import { socketBeside, socketOf } from "./front.ts";

/** Who answers the verbs of a settings file. */
interface Reached {
  /** As the file is now; what is wrong with it where it is refused. */
  readonly settings: Settings | RenewdError;
  /** The daemon that runs on it, or, where it is refused, goes on with the settings before it. */
  readonly daemon: (Remote & { close(): Promise<void> }) | undefined;
}

/**
 * Nothing else of a refused file is used than the way to its daemon: with none there, `settings` says why nothing is done.
 * Where its state lies is a guess then, so that only a daemon is taken that says it runs on this very file.
 */
export async function reach(file: string, read: (file: string) => Promise<Settings>): Promise<Reached> {
  const settings = await read(file).catch((thrown: unknown) => toRenewdError(thrown));
  if (!(settings instanceof RenewdError)) return { settings, daemon: await connectControl(socketOf(settings)) };
  for (const state of await stateFilesOf(file)) {
    const daemon = await connectControl(socketBeside(state)).catch(unlessNoSocket);
    const own = await realpath(file).catch(() => undefined);
    if (own !== undefined && own === daemon?.settingsFile) return { settings, daemon };
    await daemon?.close();
  }
  return { settings, daemon: undefined };
}

/** What is wrong with the file is told by the file's own problems. */
function unlessNoSocket(thrown: unknown): undefined {
  if (!(thrown instanceof RenewdError) || thrown.code !== "settings_invalid") throw thrown;
}
