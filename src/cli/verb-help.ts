/** What `--help` of each verb says besides its options: how it is called, and what its exit codes mean. */
import type { Command } from "commander";
import type { Output } from "./command.ts";
import { EXIT, EXIT_CODES_TOLD, type ExitCode } from "./exit-codes.ts";
import { labelled } from "./format.ts";
import { seeHelp } from "./report-error.ts";

interface VerbHelp {
  readonly examples?: readonly (readonly [call: string, does: string])[];
  readonly exits: Readonly<Partial<Record<ExitCode, string>>>;
}

const NOBODY = "neither a daemon nor a state is there to ask";
const REFUSED = "the settings are refused, and no daemon runs";
const UNKNOWN = "no such token is declared";
const STATE = "another renewd works on the state, or it cannot be used";
const DECIDED = { 0: "done", 1: "not possible as things stand", 3: NOBODY, 4: STATE, 64: UNKNOWN } as const;

const VERBS: Readonly<Record<string, VerbHelp>> = {
  init: {
    examples: [
      ["renewd init /etc/renewd/renewd.yaml", "asks"],
      ["renewd init try.yaml --issuer-type embedded --yes", "a file to try renewd with"],
    ],
    exits: { 0: "the file is written", 64: "it is not; the message says why" },
  },
  run: {
    examples: [["renewd run -c /etc/renewd/renewd.yaml", "as a service does (docs/install.md)"]],
    exits: { 0: "stopped by a signal", 2: "the settings are refused, or an address is taken", 4: STATE },
  },
  check: {
    examples: [
      ["renewd check -c renewd.yaml --offline", "only the file"],
      ["renewd check -c renewd.yaml", "and whoever it names"],
    ],
    exits: {
      0: "valid, and whoever was asked would serve; `beware` changes nothing",
      2: "the settings are refused",
      3: "an issuer, a target or an API token is not as it should be",
    },
  },
  plan: {
    examples: [
      ["renewd plan", "what each token does next, with the arithmetic"],
      ["renewd plan --days 31", "the next month as a calendar"],
      ["renewd plan airflow-flowapi", "one token, its life drawn as a line"],
    ],
    exits: { 0: "told", 2: REFUSED, 64: UNKNOWN },
  },
  simulate: {
    examples: [
      ["renewd simulate --days 365", "a year in which nothing fails"],
      ["renewd simulate --outage flowauth:2026-12-24:7d", "is the holiday survived?"],
      ["renewd simulate --outage store/aws:now:36h --json", "down from now on"],
    ],
    exits: {
      0: "every reader gets a token that lives long enough",
      1: "some reader does not",
      2: "the settings are refused",
    },
  },
  status: {
    examples: [
      ["renewd status", "how everything stands"],
      ["renewd status airflow-flowapi", "one token in full"],
      ["renewd status --state paused --all", "every token that is paused"],
    ],
    exits: {
      0: "all is well",
      1: "a token that is shown needs attention, or the daemon does",
      3: `nobody keeps watch: the daemon has not looked for more than three ticks (a minute at least), or ${NOBODY}`,
      64: UNKNOWN,
    },
  },
  explain: {
    examples: [
      ["renewd explain store_denied", "an error code"],
      ["renewd explain RenewdTokenLate", "an alert, by its name"],
      ["renewd explain 3", "what exit code 3 says"],
    ],
    exits: { 0: "told", 64: "there is no such word" },
  },
  renew: {
    examples: [
      ["renewd renew airflow-flowapi", "and waits until it is delivered"],
      ["renewd renew airflow-flowapi --lifetime 30d", "over the holidays"],
    ],
    exits: {
      0: "the fresh token is in all targets",
      1: "it is not: failed, paused, would not gain, or not done by --timeout",
      3: "it could not be asked for",
      4: STATE,
      64: UNKNOWN,
    },
  },
  "create-token": {
    examples: [
      ["renewd create-token airflow-flowapi --reuse", "a declared one, on a terminal"],
      ["renewd create-token --issuer arvados --role keep-balance --print > token", ""],
    ],
    exits: {
      0: "the token was printed",
      3: "the issuer refused or did not answer, or stdout could not be written",
      4: STATE,
      64: "the flags make no sense, or name something unknown",
    },
  },
  "create-superuser-token": {
    examples: [["renewd create-superuser-token --token-file secret", "the secret is yours to choose"]],
    exits: {
      0: "the token was printed",
      3: "the issuer refused or did not answer, or stdout could not be written",
      4: STATE,
      64: "no Arvados cluster is declared, or the flags make no sense",
    },
  },
  presets: {
    examples: [["renewd presets --issuer arvados", "what --role may name there"]],
    exits: { 0: "told", 64: "no such issuer is declared" },
  },
  history: {
    examples: [["renewd history airflow-flowapi --limit 5", "the last five entries"]],
    exits: { 0: "told", 3: NOBODY, 64: UNKNOWN },
  },
  pause: {
    examples: [
      ["renewd pause airflow-flowapi --until 6h --reason 'Airflow moves'", ""],
      ["renewd pause airflow-flowapi", "until `renewd resume airflow-flowapi`"],
    ],
    exits: { 0: "paused", 3: NOBODY, 4: STATE, 64: UNKNOWN },
  },
  resume: {
    examples: [["renewd resume airflow-flowapi", ""]],
    exits: { 0: "not paused any more, or never was", 3: NOBODY, 4: STATE, 64: UNKNOWN },
  },
  rollback: { examples: [["renewd rollback airflow-flowapi", ""]], exits: DECIDED },
  accept: {
    examples: [
      ["renewd history airflow-flowapi", "says first which check failed"],
      ["renewd accept airflow-flowapi", ""],
    ],
    exits: DECIDED,
  },
  discard: { examples: [["renewd discard airflow-flowapi", ""]], exits: DECIDED },
  adopt: {
    examples: [["renewd adopt airflow-flowapi ireland", "one of its targets, by its label"]],
    exits: { ...DECIDED, 64: "no such token or target is declared" },
  },
  "alert-test": {
    examples: [
      ["renewd alert-test", "all but dead man's switches"],
      ["renewd alert-test pager --severity critical", "one of them"],
      ["renewd alert-test --severity critical --token airflow-flowapi", ""],
    ],
    exits: {
      0: "every channel took it",
      2: "the settings are refused",
      3: "one did not",
      64: "no such channel or token is declared",
    },
  },
  dashboard: {
    examples: [["renewd dashboard", "open what it prints in a browser"]],
    exits: { 0: "printed", 2: REFUSED, 3: "no daemon answers", 64: "the settings have no `http`" },
  },
  health: {
    examples: [["renewd health", "as a container's health check"]],
    exits: { 0: "healthy", 1: "not healthy", 2: REFUSED, 3: "nobody answers" },
  },
  completions: { exits: { 0: "printed", 64: "say which shell" } },
  "issuer serve": {
    examples: [["renewd issuer serve --db try/issuer.db", "beside another renewd, to try it"]],
    exits: { 0: "stopped by a signal", 2: "the address is taken" },
  },
  "issuer add-server": {
    examples: [["renewd issuer add-server flowapi --max-life 30d", ""]],
    exits: { 0: "it is there" },
  },
  "issuer add-role": {
    examples: [["renewd issuer add-role flowapi viewer --max-life 30d --scope run", ""]],
    exits: { 0: "it is there" },
  },
  "issuer add-user": {
    examples: [["renewd issuer add-user flowbot --password-file password", ""]],
    exits: { 0: "it is there" },
  },
  "issuer grant": {
    examples: [["renewd issuer grant flowbot flowapi viewer", ""]],
    exits: { 0: "granted" },
  },
  "issuer tokens": { exits: { 0: "told" } },
};

/** Puts it under the help of every verb, and of the program itself what every exit code means; a wrong call names its own verb's. */
export function addVerbHelp(program: Command, out: Output): void {
  program.addHelpText("after", () => `\n${exitsText(toldExits(), out.columns)}`);
  for (const [path, help] of Object.entries(VERBS)) {
    const verb = commandAt(program, path).addHelpText("after", () => helpText(help, out.columns));
    for (const each of [verb, verb.parent]) each?.showHelpAfterError(`  -> ${seeHelp(pathOf(each))}`);
  }
}

/** Empty for the program itself. */
function pathOf(command: Command): string {
  return command.parent === null ? "" : `${pathOf(command.parent)} ${command.name()}`.trim();
}

/** The verb that a command line names, such as `issuer serve`; empty where it names none. */
export function verbOf(program: Command, argv: readonly string[]): string {
  const path: string[] = [];
  let at = program;
  for (const [index, word] of argv.entries()) {
    const isValue = /^(?:-c|--config)$/.test(argv[index - 1] ?? "");
    const next = isValue ? undefined : at.commands.find((each) => each.name() === word);
    if (next !== undefined) path.push((at = next).name());
    else if (!isValue && !word.startsWith("-")) break;
  }
  return path.join(" ");
}

function commandAt(program: Command, path: string): Command {
  let found = program;
  for (const name of path.split(" ")) {
    const next = found.commands.find((each) => each.name() === name);
    if (next === undefined) throw new TypeError(`there is no verb ${path}`);
    found = next;
  }
  return found;
}

function helpText({ examples = [], exits }: VerbHelp, columns: number): string {
  const widest = Math.max(0, ...examples.map(([call, does]) => (does === "" ? 0 : call.length)));
  const calls = examples.map(([call, does]) =>
    does === "" ? `  ${call}` : labelled(`  ${call}`, does, columns, widest + 5).trimEnd(),
  );
  return ["", ...(calls.length === 0 ? [] : [...calls, ""]), exitsText(exits, columns)].join("\n");
}

function exitsText(exits: VerbHelp["exits"], columns: number): string {
  const lines = Object.entries(exits).map(([code, says]) => labelled(`  ${code}`, says, columns, 6));
  return ["Exit codes (`renewd explain CODE` tells more):", ...lines].join("\n");
}

function toldExits(): VerbHelp["exits"] {
  return Object.fromEntries(Object.values(EXIT).map((code) => [code, EXIT_CODES_TOLD[code].meaning]));
}
