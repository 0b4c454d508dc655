import { access } from "node:fs/promises";
import type { Control } from "../core/control.ts";
import { RenewdError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { systemClock } from "../runtime/clock.ts";
import { lockState } from "../state/lock.ts";
import { type Assembly, type AssemblyOptions, assemble, enrol } from "./assembly.ts";
import { startEmbedded } from "./embedded.ts";

/** How often a verb that acts without a daemon looks for work. */
const LOOK_EVERY_MS = 500;
const GRACE_MS = 20_000;

/** Throws `daemon_unreachable` when there is no state to read. */
export async function assertState(settings: Settings): Promise<void> {
  const { file } = settings.state.url;
  if (await isThere(file)) return;
  throw new RenewdError(
    "daemon_unreachable",
    `no daemon runs on these settings, and there is no state ${file} to read`,
  );
}

/** Reads the state without a daemon; where there is none yet, an empty one that is never written. */
export async function readAlone<T>(
  settings: Settings,
  options: AssemblyOptions,
  use: (control: Control) => Promise<T>,
): Promise<T> {
  const { url, keys } = settings.state;
  const state = (await isThere(url.file)) ? { url, keys } : { url: { ...url, file: ":memory:" }, keys: [] };
  const assembly = await assemble({ ...settings, state }, options, () => undefined);
  try {
    return await use(assembly.controller);
  } finally {
    await assembly.close();
  }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Takes the daemon's lock and records what a person decided; no work is begun, least of all on a token that is being paused. */
export async function noteAlone<T>(
  settings: Settings,
  options: AssemblyOptions,
  use: (control: Control) => Promise<T>,
): Promise<T> {
  return underLock(settings, options, ({ controller }) => use(controller));
}

/** Takes the daemon's lock and does its work for as long as `use` runs. */
export async function actAlone<T>(
  settings: Settings,
  options: AssemblyOptions,
  use: (control: Control) => Promise<T>,
): Promise<T> {
  return underLock(settings, options, async ({ controller, sweeper, readSecret }) => {
    const stopEmbedded = await startEmbedded(settings, options.version, readSecret);
    let working = true;
    const look = (): void => {
      if (!working) return;
      void sweeper.sweep();
      systemClock.after(LOOK_EVERY_MS, look);
    };
    try {
      look();
      return await use(controller);
    } finally {
      working = false;
      await sweeper.stop(GRACE_MS);
      await stopEmbedded();
    }
  });
}

async function underLock<T>(
  settings: Settings,
  options: AssemblyOptions,
  use: (assembly: Assembly) => Promise<T>,
): Promise<T> {
  const lock = lockState(settings.state.url.file);
  try {
    const assembly = await assemble(settings, options, () => undefined);
    try {
      await assembly.engine.state.freeLeases();
      await enrol(assembly.engine, settings);
      return await use(assembly);
    } finally {
      await assembly.close();
    }
  } finally {
    lock.release();
  }
}
