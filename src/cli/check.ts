import type { Settings } from "../core/settings.ts";
import { formatDuration } from "../core/duration.ts";
import { toRenewdError } from "../core/errors.ts";
import type { CheckedSettings, Problem, ProbeResult } from "./app-port.ts";
import {
  type AddVerb,
  COMMANDS_OPTION,
  JSON_OPTION,
  type JsonOption,
  type Output,
  printJson,
  type Shell,
} from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { count, labelled } from "./format.ts";
import { whileWaiting } from "./progress.ts";
import { problemsOf } from "./report-error.ts";

const INDENT = 4;

interface CheckOptions extends JsonOption {
  readonly offline?: true;
  readonly allowCommands?: true;
}

export const addCheck: AddVerb = (program, shell) => {
  program
    .command("check")
    .description("validates the settings, then asks every issuer and target without changing anything")
    .option("--offline", "only validate the file")
    .option(...COMMANDS_OPTION)
    .option(...JSON_OPTION)
    .action(shell.does((options: CheckOptions) => check(shell, options)));
};

async function check(shell: Shell, options: CheckOptions): Promise<ExitCode> {
  const json = options.json === true;
  const { settings, warnings, probe } = await load(shell, options.allowCommands === true, json);
  if (!json) shell.out.line(summary(settings, shell));
  if (!json) for (const warning of warnings) shell.out.line(warningText(warning, shell.out));
  const results = options.offline === true ? [] : await probing(shell, settings, probe);
  const ok = results.every((each) => each.ok);
  if (json) printJson(shell, { ok, problems: [], warnings, probes: results });
  else for (const result of results) shell.out.line(probeText(result, shell.out));
  return ok ? EXIT.well : EXIT.refused;
}

/** One that hangs takes up to a minute, and an issuer's list as long again. */
function probing(shell: Shell, settings: Settings, probe: CheckedSettings["probe"]): Promise<readonly ProbeResult[]> {
  const targets = settings.tokens.reduce((sum, token) => sum + token.targets.length, 0);
  const secrets = (settings.http?.tokens.length ?? 0) + settings.alerts.channels.length;
  const all = settings.issuers.length + targets + secrets;
  const words = `asking ${count(settings.issuers.length, "issuer")} and ${count(targets, "target")}`;
  let answered = 0;
  const detail = (): string => (answered === 0 ? "" : ` ${answered} of ${all} answered`);
  return whileWaiting(shell, words, () => probe(() => (answered += 1)), detail);
}

/** Refused settings are a result too: with `--json` they are on stdout besides what stderr tells. */
async function load(shell: Shell, allowCommands: boolean, json: boolean): Promise<CheckedSettings> {
  try {
    return await shell.app.checkSettings({ settingsFile: shell.settingsFile(), allowCommands });
  } catch (thrown) {
    const problems = problemsOf(toRenewdError(thrown));
    if (json && problems !== undefined) printJson(shell, { ok: false, problems, warnings: [], probes: [] });
    throw thrown;
  }
}

function summary({ tokens, issuers, stores, tickMs }: Settings, { out, settingsFile }: Shell): string {
  const parts = [count(tokens.length, "token"), count(issuers.length, "issuer"), count(stores.length, "store")];
  const text = `${settingsFile()}: ${parts.join(", ")}, looked at every ${formatDuration(tickMs)}`;
  const shown = out.isTerminal ? labelled("", text, out.columns, 2 * INDENT).trimStart() : out.paint("plain", text);
  return `${out.paint("good", "valid ")}  ${shown}`;
}

/** Allowed, and probably not meant: it changes no exit code. */
function warningText({ file, line, column, path, message, hint }: Problem, out: Output): string {
  return [
    `${out.paint("warn", "beware")}  ${out.paint("plain", `${file}:${line}:${column}`)}`,
    labelled("", `${path} ${message}`, out.columns, INDENT),
    labelled("    ->", hint, out.columns, 2 * INDENT),
  ].join("\n");
}

function probeText({ kind, name, ok, lines, code, hint }: ProbeResult, out: Output): string {
  const head = `${out.paint(ok ? "good" : "bad", ok ? "ok    " : "failed")}  ${out.paint("strong", `${kind.replaceAll("_", " ")} ${name}`)}`;
  const said = lines.map((line) => labelled("", line, out.columns, INDENT));
  const what = code === null ? "" : ` (${code})`;
  const advice = ok || hint === null ? [] : [labelled("    ->", hint, out.columns, 2 * INDENT)];
  return [`${head}${what}`, ...said, ...advice].join("\n");
}
