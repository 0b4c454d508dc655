import { RenewdError } from "../core/errors.ts";
import type { Preset } from "../core/ports.ts";
import type { IssuerPresets } from "./app-port.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, type Output, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { labelled } from "./format.ts";
import { chooseIssuer } from "./issuer-choice.ts";

const INDENT = 2;

interface PresetOptions extends JsonOption {
  readonly issuer?: string;
}

export const addPresets: AddVerb = (program, shell) => {
  program
    .command("presets")
    .description(
      "the role presets that `create-token --role` and the settings may name, with the reason for each scope",
    )
    .option("--issuer <key>", "those of one issuer of the settings")
    .option(...JSON_OPTION)
    .action(shell.does((options: PresetOptions) => show(shell, options)));
};

async function show(shell: Shell, { issuer, json }: PresetOptions): Promise<ExitCode> {
  const shown = issuer === undefined ? await allPresets(shell) : await presetsOf(shell, issuer);
  if (json === true) printJson(shell, shown);
  else if (shown.length === 0) shell.out.line(`${issuer ?? ""} has no presets; name its own roles or scopes`);
  else shell.out.line(shown.map((each) => issuerText(each, shell.out)).join("\n\n"));
  return EXIT.well;
}

async function presetsOf(shell: Shell, key: string): Promise<readonly IssuerPresets[]> {
  const issuer = await chooseIssuer(shell, key);
  const all = await shell.app.presets({ settingsFile: shell.settingsFile(), allowCommands: false });
  return all.filter((each) => each.issuer === issuer.key);
}

/** Where the settings tell of none, renewd's own are shown: one may want to read them before an issuer is declared. */
async function allPresets(shell: Shell): Promise<readonly IssuerPresets[]> {
  try {
    const all = await shell.app.presets({ settingsFile: shell.settingsFile(), allowCommands: false });
    if (all.length > 0) return all;
  } catch (thrown) {
    if (!(thrown instanceof RenewdError) || thrown.code !== "settings_invalid") throw thrown;
    shell.err.line("renewd: the settings cannot be read; these are renewd's own presets");
  }
  return shell.app.presets(null);
}

function issuerText({ issuer, type, presets }: IssuerPresets, out: Output): string {
  const head = issuer === null ? `${type}, renewd's own` : `${issuer} (${type})`;
  return [out.paint("plain", head), ...presets.map((preset) => presetText(preset, out))].join("\n\n");
}

function presetText({ name, reason, scopes }: Preset, out: Output): string {
  const lines = scopes.flatMap((each) => [
    `${" ".repeat(INDENT)}${out.paint("plain", each.scope)}`,
    labelled("", each.reason, out.columns, 3 * INDENT),
  ]);
  return [out.paint("strong", name), labelled("", reason, out.columns, INDENT), ...lines].join("\n");
}
