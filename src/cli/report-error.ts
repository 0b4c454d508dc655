import { CommanderError } from "commander";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { Problem } from "./app-port.ts";
import type { Cli } from "./command.ts";
import { clean } from "./format.ts";

/** Tells on stderr what went wrong and what to do; the stack only when `RENEWD_DEBUG` is set. */
export function reportError(cli: Cli, thrown: unknown, verb: string): void {
  // commander has told its own already.
  if (thrown instanceof CommanderError) return;
  const error = toRenewdError(thrown);
  const problems = problemsOf(error);
  if (problems === undefined) {
    cli.err.line(`${cli.err.paint("bad", "renewd:")} ${clean(error.message)}\n  -> ${hintOf(error, verb)}`);
  } else {
    cli.err.line(cli.app.renderProblems(problems));
  }
  if ((cli.app.environment["RENEWD_DEBUG"] ?? "") !== "") cli.err.line(stackOf(thrown));
}

/** The same for a program. */
export function errorDocument(thrown: unknown, verb: string): object {
  if (thrown instanceof CommanderError)
    return { error: { code: "usage", message: thrown.message.replace(/^error: /, ""), hint: seeHelp(verb) } };
  const error = toRenewdError(thrown);
  return { error: { code: error.code, message: clean(error.message), hint: hintOf(error, verb) } };
}

/** Where a wrong call is set right; `verb` is empty where none was named. */
export function seeHelp(verb: string): string {
  return `See \`${["renewd", verb, "--help"].filter((word) => word !== "").join(" ")}\`.`;
}

function hintOf({ code, hint }: RenewdError, verb: string): string {
  return code === "usage" ? seeHelp(verb) : hint;
}

/** A refused settings file says each place by itself. */
export function problemsOf(error: RenewdError): readonly Problem[] | undefined {
  if (error.code !== "settings_invalid" || !("problems" in error)) return undefined;
  return error.problems as readonly Problem[];
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.name) : typeof thrown;
}
