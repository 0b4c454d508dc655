import type { Command } from "commander";
import { present } from "../core/present.ts";
import type { App } from "./app-port.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Paint } from "./format.ts";

/** All that a verb knows of the process it runs in. */
export interface Cli {
  readonly app: App;
  readonly out: Output;
  readonly err: Output;
  /** Begins a conversation with the person at the terminal; null where nobody is there to answer. */
  readonly converse: (() => Conversation) | null;
}

export interface Conversation {
  /** One line, as it was typed; null at its end. Throws `usage` when the person breaks off. */
  ask(question: string): Promise<string | null>;
  close(): void;
}

export interface Output {
  readonly isTerminal: boolean;
  /** How wide a line may be. */
  readonly columns: number;
  /** Colours on a terminal, plain text elsewhere. */
  readonly paint: Paint;
  /** Writes one line or several. */
  line(text: string): void;
  /** The same, of what must not be lost on its way: rejects when it could not be written. */
  deliver(text: string): Promise<void>;
}

/** What a verb is given to declare itself with. */
export interface Shell extends Cli {
  /** Makes an action whose answer becomes the process's exit code. */
  does<A extends readonly unknown[]>(run: (...args: A) => Promise<ExitCode>): (...args: A) => Promise<void>;
  /** `-c`, `RENEWD_CONFIG` or the default; relative to the working directory. */
  readonly settingsFile: () => string;
  /** Whether the file was named by `-c` or `RENEWD_CONFIG`. */
  readonly isSettingsFileNamed: () => boolean;
}

/** Each file of this folder that holds a verb exports one of these. */
export type AddVerb = (program: Command, shell: Shell) => void;

export interface JsonOption {
  readonly json?: true;
}

export const JSON_OPTION = ["--json", "print one JSON document"] as const;
export const TOKEN_ARGUMENT = ["<token>", "its key in the settings; `renewd status` lists them"] as const;
export const COMMANDS_OPTION = [
  "--allow-commands",
  "let the settings run commands (secrets and reload hooks)",
] as const;

/** One JSON document on stdout. */
export function printJson(cli: Cli, value: unknown): void {
  cli.out.line(jsonText(value));
}

export function jsonText(value: unknown): string {
  return JSON.stringify(present(value), null, 2);
}
