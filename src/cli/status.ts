import { MINUTE_MS } from "../core/duration.ts";
import type { StatusReport } from "../core/status.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { statusText } from "./status-text.ts";
import { withControl } from "./with-control.ts";

/** A daemon that has not looked for so many ticks, and for a minute at least, does not look any more. */
const TICKS_MISSED_MAX = 3;

export const addStatus: AddVerb = (program, shell) => {
  program
    .command("status")
    .description("how every token and target stands; exits 1 when something needs attention, 3 when nobody keeps watch")
    .argument("[token]")
    .option(...JSON_OPTION)
    .action(
      shell.does((token: string | undefined, options: JsonOption) => status(shell, token, options.json === true)),
    );
};

async function status(shell: Shell, token: string | undefined, json: boolean): Promise<ExitCode> {
  const report = await withControl(shell, { need: "read", token }, async (control, by) => {
    if (by === "alone") shell.err.line("renewd: no daemon answers; this is the state as it was left");
    const all = await control.status();
    if (token === undefined) return all;
    const one = await control.tokenStatus(token);
    return { ...all, ok: one.ok, tokens: [one], created: [] };
  });
  const watched = await isWatched(shell, report);
  if (json) printJson(shell, token === undefined ? report : report.tokens[0]);
  else shell.out.line(statusText(report, shell.out));
  if (!watched) {
    const last = report.lastSweepAt === null ? "has not looked yet" : "does not look any more";
    shell.err.line(`renewd: the daemon ${last}\n  -> Start it, or look at its log.`);
    return EXIT.refused;
  }
  return report.ok ? EXIT.well : EXIT.notWell;
}

async function isWatched(shell: Shell, { at, lastSweepAt }: StatusReport): Promise<boolean> {
  if (lastSweepAt === null) return false;
  return at - lastSweepAt <= Math.max(TICKS_MISSED_MAX * (await tickMsOf(shell)), MINUTE_MS);
}

/** A daemon runs on even when its file was broken meanwhile: then the least allowance counts. */
async function tickMsOf(shell: Shell): Promise<number> {
  try {
    const { settings } = await shell.app.checkSettings({ settingsFile: shell.settingsFile(), allowCommands: false });
    return settings.tickMs;
  } catch {
    return 0;
  }
}
