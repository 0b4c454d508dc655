import { isatty } from "node:tty";
import type { App } from "./app-port.ts";
import type { Cli, Output } from "./command.ts";
import { openConversation } from "./conversation.ts";
import { painter } from "./format.ts";

const COLUMNS_DEFAULT = 80;
const COLUMNS_LEAST = 40;
const COLUMNS_MAX = 120;

/** The command line of this very process. */
export function processCli(app: App): Cli {
  const { environment } = app;
  const someoneIsThere = isatty(process.stdin.fd) && isatty(process.stderr.fd);
  return {
    app,
    out: output(process.stdout, environment),
    err: output(process.stderr, environment),
    converse: someoneIsThere ? () => openConversation(process.stdin, process.stderr) : null,
  };
}

function output(stream: NodeJS.WriteStream & { readonly fd: number }, environment: App["environment"]): Output {
  // Whoever reads us may stop early, as `head` does.
  stream.on("error", () => undefined);
  const isTerminal = isatty(stream.fd);
  return {
    isTerminal,
    columns: columnsOf(isTerminal ? stream.columns : undefined),
    paint: painter(wantsColour(isTerminal, environment)),
    line: (text) => void stream.write(`${text}\n`),
    deliver: (text) =>
      new Promise((resolve, reject) => {
        stream.write(`${text}\n`, (error) => (error == null ? resolve() : reject(error)));
      }),
  };
}

/** Some terminals do not tell, or say 0. */
export function columnsOf(told: number | undefined): number {
  if (told === undefined || !(told > 0)) return COLUMNS_DEFAULT;
  return Math.min(Math.max(told, COLUMNS_LEAST), COLUMNS_MAX);
}

/** As force-color.org and no-color.org say; the former goes first, as in Node itself. */
export function wantsColour(isTerminal: boolean, environment: App["environment"]): boolean {
  const force = environment["FORCE_COLOR"] ?? "";
  if (force !== "") return force !== "0" && force !== "false";
  if ((environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb") return false;
  return isTerminal;
}
