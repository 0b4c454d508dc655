/** The composition root: this file and its folder are the only ones that know every part. */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { type AlertTestOrder, type AlertTestResult, alertTest as testAlerts } from "./app/alert-test.ts";
import { actAlone, assertState, noteAlone, readAlone } from "./app/alone.ts";
import { type ProbeResult, probeAll } from "./app/checking.ts";
import { type Daemon, type DaemonOptions as RunOptions, runDaemon } from "./app/daemon.ts";
import { FileWatch } from "./app/file-watch.ts";
import { builtInPresets, type IssuerPresets, presetsOf } from "./app/presets.ts";
import { reach } from "./app/reach.ts";
import { simulateSettings } from "./app/simulating.ts";
import type { Control } from "./core/control.ts";
import { RenewdError, toRenewdError } from "./core/errors.ts";
import type { Settings } from "./core/settings.ts";
import type { SimulationOptions, SimulationReport } from "./core/simulation.ts";
import { askHealth as askHealthAt } from "./http/health.ts";
import type { Remote } from "./http/socket.ts";
import { issuerTypes } from "./issuers/index.ts";
import { notifierTypes } from "./notifiers/index.ts";
import { compileCron } from "./runtime/cron.ts";
import { loadSettings, type Problem, reviewSettings } from "./settings/load.ts";
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

const KINDS = { issuers: issuerTypes, stores: storeTypes, notifiers: notifierTypes };

export interface AppOptions {
  readonly settingsFile: string;
  /** Whether `{ command }` secrets and reload hooks may run. */
  readonly allowCommands: boolean;
}

interface VerbOptions extends AppOptions {
  /** The file is refused, and the running daemon, which goes on with the settings before it, does what is asked. */
  readonly onRefused?: (problem: RenewdError) => void;
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
  options: VerbOptions & { readonly need: "read" | "dry" | "note" | "act" },
  use: (control: Control, by: "daemon" | "alone") => Promise<T>,
): Promise<T> {
  const { settings, daemon } = await reach(resolve(options.settingsFile), readSettings);
  if (daemon !== undefined) {
    try {
      if (settings instanceof RenewdError) options.onRefused?.(settings);
      return await use(daemon, "daemon");
    } finally {
      await daemon.close();
    }
  }
  if (settings instanceof RenewdError) throw settings;
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
  /** What is allowed and probably not meant. */
  readonly warnings: readonly Problem[];
  probe(tell?: (result: ProbeResult) => void): Promise<readonly ProbeResult[]>;
}> {
  const { settings, warnings } = await reviewSettings(resolve(options.settingsFile), KINDS, { compileCron });
  return { settings, warnings, probe: (tell) => probeAll(settings, options.allowCommands, version, tell) };
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
  const settings = await readSettings(options.settingsFile);
  const known = await withControl({ ...options, need: "dry" }, (control) => control.status());
  return simulateSettings(settings, known, options, version);
}

/** Whether the daemon of these settings says of itself that it lives. */
export async function askHealth(options: VerbOptions): Promise<boolean> {
  const settings = await readSettings(options.settingsFile).catch((thrown: unknown) => toRenewdError(thrown));
  if (settings instanceof RenewdError) return askHealthDespite(options);
  const { http } = settings;
  if (http === null) throw new RenewdError("usage", "the settings have no `http`, so there is no health to ask for");
  const host = http.host === "0.0.0.0" || http.host === "::" ? "127.0.0.1" : http.host;
  return askHealthAt(`http://${host.includes(":") ? `[${host}]` : host}:${http.port}`);
}

/** A mistake in the file must not look as if the daemon were dead: whoever watches it would start it anew, on that file. */
async function askHealthDespite(options: VerbOptions): Promise<boolean> {
  return withDaemon(options, async (daemon) => (await daemon.health()).alive);
}

/** A sign-in link, good once, made by the running daemon. */
export async function dashboardLink(options: VerbOptions): Promise<string> {
  return withDaemon(options, (daemon) => daemon.issueLink());
}

async function withDaemon<T>(options: VerbOptions, use: (daemon: Remote) => Promise<T>): Promise<T> {
  const { settings, daemon } = await reach(resolve(options.settingsFile), readSettings);
  if (daemon === undefined) {
    if (settings instanceof RenewdError) throw settings;
    throw new RenewdError("daemon_unreachable", "no daemon runs on these settings");
  }
  try {
    if (settings instanceof RenewdError) options.onRefused?.(settings);
    return await use(daemon);
  } finally {
    await daemon.close();
  }
}

function readSettings(file: string): Promise<Settings> {
  return loadSettings(resolve(file), KINDS, { compileCron });
}
