import { RenewdError } from "../core/errors.ts";
import type { CommandRunner } from "../core/ports.ts";
import { describeEnd, runProgram } from "./run-program.ts";

const OUTPUT_BYTES_MAX = 64 * 1024;
const QUOTED_CHARS = 200;

/** Runs the commands that the settings declare (reload hooks). Without `allowCommands` it runs none. */
export function createCommandRunner(options: { readonly allowCommands: boolean }): CommandRunner {
  return {
    async run(argv, env, timeoutMs, signal) {
      const name = argv[0] ?? "(empty)";
      if (!options.allowCommands) {
        throw new RenewdError("commands_not_allowed", `the command ${name} was not run`);
      }
      const ended = await runProgram({ argv, env, timeoutMs, maxOutputBytes: OUTPUT_BYTES_MAX, signal });
      if (ended.end === "exited" && ended.status === 0) return;
      const said = "stderr" in ended ? quote(ended.stderr, Object.values(env)) : "";
      const sent = ended.end !== "not_started";
      throw new RenewdError("reload_failed", `the command ${name} ${describeEnd(ended)}${said}`, { sent });
    },
  };
}

/** The end of what it said, without anything that may be secret: what looks like a token, and the values it was given. */
function quote(stderr: Buffer, secrets: readonly string[]): string {
  let text = stderr.toString("utf8").replaceAll(/[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, "[redacted]");
  for (const secret of secrets.filter((value) => value.length >= 4)) text = text.replaceAll(secret, "[redacted]");
  const oneLine = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return oneLine === "" ? "" : `: ${oneLine.slice(-QUOTED_CHARS)}`;
}
