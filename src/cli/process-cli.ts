import { isatty } from "node:tty";
import type { App } from "./app-port.ts";
import type { Cli, Output } from "./command.ts";
import { painter } from "./format.ts";

const COLUMNS_DEFAULT = 80;
const COLUMNS_MAX = 120;

/** The command line of this very process. */
export function processCli(app: App): Cli {
  const colours = (app.environment["NO_COLOR"] ?? "") === "";
  return { app, out: output(process.stdout, colours), err: output(process.stderr, colours) };
}

function output(stream: NodeJS.WriteStream & { readonly fd: number }, colours: boolean): Output {
  // Whoever reads us may stop early, as `head` does.
  stream.on("error", () => undefined);
  const isTerminal = isatty(stream.fd);
  return {
    isTerminal,
    columns: Math.min(isTerminal ? stream.columns : COLUMNS_DEFAULT, COLUMNS_MAX),
    paint: painter(isTerminal && colours),
    line: (text) => void stream.write(`${text}\n`),
    deliver: (text) =>
      new Promise((resolve, reject) => {
        stream.write(`${text}\n`, (error) => (error == null ? resolve() : reject(error)));
      }),
  };
}
