import { access } from "node:fs/promises";
import type { Control } from "../core/control.ts";
import { RenewdError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { systemClock } from "../runtime/clock.ts";
import { lockState } from "../state/lock.ts";
import { assemble, enrol } from "./assembly.ts";
import { startEmbedded } from "./embedded.ts";

/** How often a verb that acts without a daemon looks for work. */
const LOOK_EVERY_MS = 500;
const GRACE_MS = 20_000;

/** Reads the state without a daemon. Throws `daemon_unreachable` when there is none to read. */
export async function readAlone<T>(
  settings: Settings,
  allowCommands: boolean,
  use: (control: Control) => Promise<T>,
): Promise<T> {
  const { file } = settings.state.url;
  await access(file).catch(() => {
    throw new RenewdError(
      "daemon_unreachable",
      `no daemon runs on these settings, and there is no state ${file} to read`,
    );
  });
  const assembly = await assemble(settings, { allowCommands }, () => undefined);
  try {
    return await use(assembly.controller);
  } finally {
    await assembly.close();
  }
}

/** Takes the daemon's lock and does its work for as long as `use` runs. */
export async function actAlone<T>(
  settings: Settings,
  allowCommands: boolean,
  version: string,
  use: (control: Control) => Promise<T>,
): Promise<T> {
  const lock = lockState(settings.state.url.file);
  try {
    const assembly = await assemble(settings, { allowCommands }, () => undefined);
    const { engine, sweeper } = assembly;
    const stopEmbedded = await startEmbedded(settings, version, assembly.readSecret);
    let working = true;
    const look = (): void => {
      if (!working) return;
      void sweeper.sweep();
      systemClock.after(LOOK_EVERY_MS, look);
    };
    try {
      await engine.state.freeLeases();
      await enrol(engine.state, settings);
      look();
      return await use(assembly.controller);
    } finally {
      working = false;
      await sweeper.stop(GRACE_MS);
      await stopEmbedded();
      await assembly.close();
    }
  } finally {
    lock.release();
  }
}
