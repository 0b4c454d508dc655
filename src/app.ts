/** The composition root: this file and its folder are the only ones that know every part. */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { type AlertTestOrder, type AlertTestResult, alertTest as testAlerts } from "./app/alert-test.ts";
import { actAlone, assertState, noteAlone, readAlone } from "./app/alone.ts";
import { type ProbeResult, probeAll } from "./app/checking.ts";
import { type Daemon, type DaemonOptions as RunOptions, runDaemon } from "./app/daemon.ts";
import { FileWatch } from "./app/file-watch.ts";
import { socketBeside, socketOf } from "./app/front.ts";
import { builtInPresets, type IssuerPresets, presetsOf } from "./app/presets.ts";
import { simulateSettings } from "./app/simulating.ts";
import type { Control } from "./core/control.ts";
import { RenewdError, toRenewdError } from "./core/errors.ts";
import type { Settings } from "./core/settings.ts";
import type { SimulationOptions, SimulationReport } from "./core/simulation.ts";
import { askHealth as askHealthAt } from "./http/health.ts";
import { connectControl } from "./http/socket.ts";
import { issuerTypes } from "./issuers/index.ts";
import { notifierTypes } from "./notifiers/index.ts";
import { compileCron } from "./runtime/cron.ts";
import { loadSettings } from "./settings/load.ts";
import { stateFileOf } from "./settings/state-file.ts";
import { storeTypes } from "./stores/index.ts";

export type { Daemon } from "./app/daemon.ts";
export type { ProbeResult } from "./app/checking.ts";
export { systemClock as clock } from "./runtime/clock.ts";
export { systemEnvironment as environment } from "./runtime/environment.ts";
export { systemRandom as random } from "./runtime/random.ts";
export { onSignals } from "./runtime/signals.ts";
export { renderProblems } from "./settings/load.ts";
export { didYouMean } from "./settings/suggest.ts";

export const version: string = (createRequire(import.meta.url)("../package.json") as { readonly version: string })
  .version;

export interface AppOptions {
  readonly settingsFile: string;
  /** Whether `{ command }` secrets and reload hooks may run. */
  readonly allowCommands: boolean;
}

/** Throws `settings_invalid` (a `SettingsError` with all problems), `state_*`, or what the front says when it cannot listen. */
export async function startDaemon(options: AppOptions & Pick<RunOptions, "onEvent" | "log">): Promise<Daemon> {
  const file = new FileWatch(resolve(options.settingsFile));
  await file.changed();
  const settings = await readSettings(options.settingsFile);
  return runDaemon({ ...options, settings, version, file, readSettings: () => readSettings(options.settingsFile) });
}

/**
 * The running daemon's control over its socket, else one over the state itself: `act` takes the lock and works while
 * `use` runs, `note` takes the lock and does no work, `read` only reads, `dry` also where there is no state yet. Throws `daemon_unreachable` when there is neither a daemon nor a state.
 */
export async function withControl<T>(
  options: AppOptions & { readonly need: "read" | "dry" | "note" | "act" },
  use: (control: Control, by: "daemon" | "alone") => Promise<T>,
): Promise<T> {
  const read = await readSettings(options.settingsFile).catch((thrown: unknown) => toRenewdError(thrown));
  const socket = read instanceof RenewdError ? await socketDespite(options.settingsFile) : socketOf(read);
  const daemon = socket === undefined ? undefined : await connectControl(socket);
  if (daemon !== undefined) {
    try {
      return await use(daemon, "daemon");
    } finally {
      await daemon.close();
    }
  }
  if (read instanceof RenewdError) throw read;
  const settings = read;
  const parts = { allowCommands: options.allowCommands, version };
  const alone = (control: Control): Promise<T> => use(control, "alone");
  switch (options.need) {
    case "act":
      return actAlone(settings, parts, alone);
    case "note":
      return noteAlone(settings, parts, alone);
    case "read":
      await assertState(settings);
      return readAlone(settings, parts, alone);
    case "dry":
      return readAlone(settings, parts, alone);
  }
}

/** Throws `settings_invalid` with `problems`. */
export async function checkSettings(options: AppOptions): Promise<{
  readonly settings: Settings;
  probe(tell?: (result: ProbeResult) => void): Promise<readonly ProbeResult[]>;
}> {
  const settings = await readSettings(options.settingsFile);
  return { settings, probe: (tell) => probeAll(settings, options.allowCommands, version, tell) };
}

/** What `--role` of `create-token` may name; with `null` renewd's own presets, whatever the settings say. */
export async function presets(options: AppOptions | null): Promise<readonly IssuerPresets[]> {
  return options === null ? builtInPresets() : presetsOf(await readSettings(options.settingsFile));
}

/** Tells each channel a test alert and its end, whatever the routes say. Throws `settings_invalid`, `unknown_token`, `usage`. */
export async function alertTest(options: AppOptions & AlertTestOrder): Promise<readonly AlertTestResult[]> {
  return testAlerts(await readSettings(options.settingsFile), { ...options, version }, options);
}

/** Runs the settings in simulated time, from how things stand now; nothing real is called or written. Throws `settings_invalid`, `usage`. */
export async function simulate(options: AppOptions & SimulationOptions): Promise<SimulationReport> {
  const known = await withControl({ ...options, need: "dry" }, (control) => control.status());
  return simulateSettings(await readSettings(options.settingsFile), known, options, version);
}

/** Whether the daemon of these settings says of itself that it lives. */
export async function askHealth(settingsFile: string): Promise<boolean> {
  const { http } = await readSettings(settingsFile);
  if (http === null) throw new RenewdError("usage", "the settings have no `http`, so there is no health to ask for");
  const host = http.host === "0.0.0.0" || http.host === "::" ? "127.0.0.1" : http.host;
  return askHealthAt(`http://${host.includes(":") ? `[${host}]` : host}:${http.port}`);
}

/** A sign-in link, good once, made by the running daemon. */
export async function dashboardLink(options: AppOptions): Promise<string> {
  const daemon = await connectControl(socketOf(await readSettings(options.settingsFile)));
  if (daemon === undefined) throw new RenewdError("daemon_unreachable", "no daemon runs on these settings");
  try {
    return await daemon.issueLink();
  } finally {
    await daemon.close();
  }
}

/** A daemon goes on with its old settings when the file was broken since; it is still to be asked how it is. */
async function socketDespite(settingsFile: string): Promise<string | undefined> {
  const state = await stateFileOf(resolve(settingsFile));
  return state === undefined ? undefined : socketBeside(state);
}

function readSettings(file: string): Promise<Settings> {
  return loadSettings(
    resolve(file),
    { issuers: issuerTypes, stores: storeTypes, notifiers: notifierTypes },
    { compileCron },
  );
}
