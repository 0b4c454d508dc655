import { CommanderError } from "commander";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { Problem } from "./app-port.ts";
import type { Cli } from "./command.ts";
import { clean } from "./format.ts";

/** Tells on stderr what went wrong and what to do; the stack only when `RENEWD_DEBUG` is set. */
export function reportError(cli: Cli, thrown: unknown): void {
  // commander has told its own already.
  if (thrown instanceof CommanderError) return;
  const error = toRenewdError(thrown);
  const problems = problemsOf(error);
  if (problems === undefined) {
    cli.err.line(`${cli.err.paint("bad", "renewd:")} ${clean(error.message)}\n  -> ${error.hint}`);
  } else {
    cli.err.line(cli.app.renderProblems(problems));
  }
  if ((cli.app.environment["RENEWD_DEBUG"] ?? "") !== "") cli.err.line(stackOf(thrown));
}

/** A refused settings file says each place by itself. */
export function problemsOf(error: RenewdError): readonly Problem[] | undefined {
  if (error.code !== "settings_invalid" || !("problems" in error)) return undefined;
  return error.problems as readonly Problem[];
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.name) : typeof thrown;
}
