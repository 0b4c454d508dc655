/** What can stand where on renewd's command line, read off the program itself, so that no shell's script can lag behind it. */
import type { Argument, Command, Option } from "commander";
import { explainedNames } from "./explain.ts";

/** Where the words for a place come from; the names are flags of `completions` where it has to be asked. */
export type Source =
  | { readonly from: "words"; readonly words: readonly string[] }
  | { readonly from: "tokens" | "targets" | "channels" | "issuers" }
  | { readonly from: "files" }
  | { readonly from: "nowhere" };

export interface SpotOption {
  /** `-c` and `--config`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Null for a flag that takes no value. */
  readonly value: Source | null;
}

/** A verb, a verb of a verb, or the program itself. */
export interface Spot {
  /** "" for the program, else "status" or "issuer serve". */
  readonly path: string;
  readonly verbs: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly SpotOption[];
  readonly places: readonly Source[];
  /** The last place may be filled again and again. */
  readonly repeats: boolean;
}

/** The program comes first. */
export function spotsOf(program: Command): readonly Spot[] {
  return spotAndBelow(program, "", program.createHelp().visibleOptions(program).filter(isForAll));
}

function isForAll({ long }: Option): boolean {
  return long !== "--version" && long !== "--help";
}

function spotAndBelow(command: Command, path: string, global: readonly Option[]): readonly Spot[] {
  const help = command.createHelp();
  const below = help.visibleCommands(command);
  const own = help.visibleOptions(command);
  const options = [...own, ...global.filter((each) => !own.includes(each))];
  const spot: Spot = {
    path,
    verbs: below.map((each) => ({ name: each.name(), description: help.subcommandDescription(each) })),
    options: options.map(readOption),
    places: command.registeredArguments.map(sourceOfArgument),
    repeats: command.registeredArguments.at(-1)?.variadic === true,
  };
  const isOwn = (each: Command): boolean => command.commands.includes(each);
  return [
    spot,
    ...helpSpot(spot),
    ...below.filter(isOwn).flatMap((each) => spotAndBelow(each, `${path} ${each.name()}`.trim(), global)),
  ];
}

/** `help` is nobody's own verb, and takes the name of one. */
function helpSpot({ path, verbs }: Spot): readonly Spot[] {
  const named = verbs.map(({ name }) => name).filter((name) => name !== "help");
  if (named.length === verbs.length) return [];
  return [
    { path: `${path} help`.trim(), verbs: [], options: [], places: [{ from: "words", words: named }], repeats: false },
  ];
}

function readOption(option: Option): SpotOption {
  const names = [option.short, option.long].filter((name) => name != null);
  const takesValue = option.required || option.optional;
  return { names, description: option.description, value: takesValue ? sourceOfOption(option) : null };
}

function sourceOfOption({ argChoices, flags, long }: Option): Source {
  if (argChoices !== undefined) return { from: "words", words: argChoices };
  if (long === "--issuer") return { from: "issuers" };
  const value = /[<[]([\w-]+)/.exec(flags)?.[1];
  return value === "token" ? { from: "tokens" } : sourceOfFile(value);
}

function sourceOfArgument(argument: Argument): Source {
  if (argument.argChoices !== undefined) return { from: "words", words: argument.argChoices };
  const name = argument.name();
  if (name === "token") return { from: "tokens" };
  if (name === "target") return { from: "targets" };
  if (name === "channel") return { from: "channels" };
  return name === "code" ? { from: "words", words: explainedNames() } : sourceOfFile(name);
}

function sourceOfFile(name: string | undefined): Source {
  return name === "file" || name === "directory" ? { from: "files" } : { from: "nowhere" };
}
