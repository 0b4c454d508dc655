import { resolve } from "node:path";
import type { Settings } from "../core/settings.ts";
import type { CompileCron } from "./closed-gap.ts";
import { readAlerts } from "./alerts.ts";
import { folderOf, freezeDeep, resolveFiles } from "./plain.ts";
import { readPolicies } from "./policies.ts";
import { type Problem, SettingsError } from "./problems.ts";
import { Report } from "./report.ts";
import { type Kinds, readServices } from "./services.ts";
import { readHttp, readRoot, readState, readTick } from "./sections.ts";
import { readText } from "./settings-text.ts";
import { defaultsShape, instanceShape } from "./shapes.ts";
import { readSource } from "./source.ts";
import { readTokens } from "./tokens.ts";
import { warnOfFolly } from "./folly.ts";

export { type Problem, renderProblems, SettingsError } from "./problems.ts";

export interface SettingsTools {
  /** node-cron's reading of an expression of five or six fields; throws on a bad expression or zone. */
  readonly compileCron: CompileCron;
}

/**
 * Reads, validates and freezes a settings file. Relative `{ file }` references become absolute, durations milliseconds.
 * Nothing else is opened: a secret that cannot be read is no fault of the settings. Throws `SettingsError` with all
 * that is wrong.
 */
export async function loadSettings(file: string, kinds: Kinds, tools: SettingsTools): Promise<Settings> {
  return parseSettings(await readText(file), file, kinds, tools);
}

/** `loadSettings`, with what is allowed in the file and probably not meant. */
export async function reviewSettings(file: string, kinds: Kinds, tools: SettingsTools): Promise<Reviewed> {
  return readReviewed(await readText(file), file, kinds, tools);
}

/** `loadSettings` of a text that was read already; opens nothing. Throws `SettingsError`. */
export function parseSettings(text: string, file: string, kinds: Kinds, tools: SettingsTools): Settings {
  return readReviewed(text, file, kinds, tools).settings;
}

interface Reviewed {
  readonly settings: Settings;
  readonly warnings: readonly Problem[];
}

/** As `parseSettings`, with the warnings. */
export function readReviewed(text: string, file: string, kinds: Kinds, tools: SettingsTools): Reviewed {
  const source = readSource(text, file);
  if (!("value" in source)) throw new SettingsError(source);
  const report = new Report(source);
  const root = readRoot(report, source.value);
  const folder = folderOf(file);
  const absolute = (value: unknown): unknown => resolveFiles(value, folder);
  const instance = report.check(instanceShape, root["instance"], ["instance"]) ?? "";
  const tick = readTick(report, root["tick"], tools.compileCron);
  const state = readState(report, absolute(root["state"]), folder);
  const http = readHttp(report, absolute(root["http"]));
  const issuers = readServices(
    report,
    { path: ["issuers"], what: "issuer", value: root["issuers"], folder },
    kinds.issuers,
  );
  const stores = readServices(report, { path: ["stores"], what: "store", value: root["stores"], folder }, kinds.stores);
  const policies = readPolicies(report, root["policies"], tools.compileCron);
  const defaults = report.check(defaultsShape, root["defaults"], ["defaults"]) ?? { token: {}, target: {} };
  const around = { issuers, stores, policies, defaults, tickMs: tick.longestGapMs, folder };
  const tokens = readTokens(report, root["tokens"], around, tools.compileCron);
  const labels = new Set(tokens.flatMap((token) => Object.keys(token.labels)));
  const alerts = readAlerts(report, { value: root["alerts"], folder, labels }, kinds.notifiers);
  report.throwIfAny();
  warnOfFolly(report, { tokens, policies, tickMs: tick.longestGapMs });
  const settings = freezeDeep<Settings>({
    file: resolve(file),
    instance,
    tick: tick.expression,
    tickMs: tick.longestGapMs,
    state,
    http,
    issuers: [...issuers.values()].flatMap((each) => each.declared ?? []),
    stores: [...stores.values()].flatMap((each) => each.declared ?? []),
    tokens,
    alerts,
  });
  return { settings, warnings: report.warnings };
}
