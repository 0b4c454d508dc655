import { Argument, Option } from "commander";
import { SECOND_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import type { Severity } from "../core/incidents.ts";
import type { Settings } from "../core/settings.ts";
import type { AlertTestResult } from "./app-port.ts";
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

const INDENT = 4;
const SEVERITIES: readonly Severity[] = ["info", "warning", "critical"];

interface AlertTestOptions extends JsonOption {
  readonly severity: Severity;
  readonly token?: string;
  readonly allowCommands?: true;
}

export const addAlertTest: AddVerb = (program, shell) => {
  program
    .command("alert-test")
    .description("tells each alert channel a marked test alert, then that it is over; exits 3 when one refuses")
    .addArgument(new Argument("[channel...]", "channels of the settings (default: all but dead man's switches)"))
    .addOption(new Option("--severity <severity>", "of the test alert").choices([...SEVERITIES]).default("warning"))
    .option("--token <token>", "the token that it is to be about (default: renewd itself)")
    .option(...COMMANDS_OPTION)
    .option(...JSON_OPTION)
    .action(
      shell.does((channels: readonly string[], options: AlertTestOptions) => alertTest(shell, channels, options)),
    );
};

async function alertTest(shell: Shell, channels: readonly string[], options: AlertTestOptions): Promise<ExitCode> {
  const { severity, token = null, allowCommands = false, json } = options;
  const at = { settingsFile: shell.settingsFile(), allowCommands };
  const { settings } = await shell.app.checkSettings(at);
  mustBeDeclared(shell, settings, channels, token);
  const asked = [...new Set(channels)];
  const what = `telling ${count(asked.length || settings.alerts.channels.length, "alert channel")}`;
  const results = await whileWaiting(shell, what, () =>
    shell.app.alertTest({ ...at, channels: asked, severity, token }),
  );
  const ok = results.every((each) => each.ok);
  if (json === true) printJson(shell, { ok, severity, token, channels: results });
  else {
    // All that are not named are told, but for dead man's switches.
    const isNamed = asked.length > 0;
    const told = new Set(results.map(({ channel }) => channel));
    const untold = isNamed ? [] : settings.alerts.channels.filter(({ key }) => !told.has(key));
    const routes = routesText(results, isNamed, severity, token);
    const tested = results.map((result) => resultText(result, shell.out));
    shell.out.line(
      [...tested, ...untold.map((each) => untoldText(each, shell.out)), ...wrapped(routes, shell.out)].join("\n"),
    );
  }
  return ok ? EXIT.well : EXIT.refused;
}

/** Throws `usage` for a channel, `unknown_token` for a token that the settings do not have. */
function mustBeDeclared(
  { app }: Shell,
  { alerts, tokens }: Settings,
  channels: readonly string[],
  token: string | null,
): void {
  const known = alerts.channels.map(({ key }) => key);
  if (known.length === 0) {
    const message = "the settings declare no alert channel (`alerts.channels`), so there is none to test";
    throw new RenewdError("usage", message, { sent: false });
  }
  const unknown = channels.find((each) => !known.includes(each));
  if (unknown !== undefined) {
    const message = `no alert channel ${unknown} is declared. ${app.didYouMean(unknown, known)}`;
    throw new RenewdError("usage", message, { sent: false });
  }
  const keys = tokens.map(({ key }) => key);
  if (token === null || keys.includes(token)) return;
  const message = `no token ${token} is declared. ${app.didYouMean(token, keys)}`;
  throw new RenewdError("unknown_token", message, { sent: false });
}

/** Undefined where only dead man's switches were tested, which are told no alerts. */
function routesText(
  results: readonly AlertTestResult[],
  isNamed: boolean,
  severity: Severity,
  token: string | null,
): string | undefined {
  if (results.every((each) => each.routed === null)) return undefined;
  const routed = results.filter((each) => each.routed === true).map(({ channel }) => channel);
  const about = token === null ? "of renewd itself" : `of ${token}`;
  const where = routed.length === 0 ? "none of these channels" : routed.join(", ");
  // Others may be told as well.
  const among = isNamed && routed.length > 0 ? "of these, " : "";
  return `${among}a real alert ${about} that is ${severity} would be told to ${where}`;
}

function wrapped(routes: string | undefined, out: Output): readonly string[] {
  return routes === undefined ? [] : ["", labelled("", routes, out.columns, 2).trimStart()];
}

function untoldText({ key, type }: Settings["alerts"]["channels"][number], out: Output): string {
  const head = `${out.paint("faint", "-     ")}  ${out.paint("strong", key)} ${out.paint("plain", `(${type})`)}`;
  return `${head}\n${labelled("", "a dead man's switch, not pinged: name it to ping it", out.columns, INDENT)}`;
}

function resultText(result: AlertTestResult, out: Output): string {
  const { channel, type, ok, code, message, hint, tookMs, routed, lines } = result;
  const took = tookMs < SECOND_MS ? `${Math.round(tookMs)} ms` : `${(tookMs / SECOND_MS).toFixed(1)} s`;
  const what = ok
    ? `took the ${routed === null ? "ping" : "alert and its end"} in ${took}`
    : `failed after ${took}${code === null ? "" : ` (${code})`}`;
  const line = (text: string): string => labelled("", text, out.columns, INDENT);
  return [
    `${out.paint(ok ? "good" : "bad", ok ? "ok    " : "failed")}  ${out.paint("strong", channel)} ${out.paint("plain", `(${type})`)}`,
    line(what),
    ...(message === null ? [] : [line(message)]),
    ...lines.map(line),
    ...(ok || hint === null ? [] : [labelled("    ->", hint, out.columns, 2 * INDENT)]),
  ].join("\n");
}
