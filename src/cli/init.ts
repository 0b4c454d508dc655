import { chmod, link, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { Option } from "commander";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { AddVerb, Conversation, Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { clean, labelled } from "./format.ts";
import {
  type Answers,
  type Flag,
  flagText,
  objection,
  type Place,
  type Question,
  QUESTIONS,
} from "./init-questions.ts";
import { neededFiles, settingsText } from "./init-settings.ts";
import { problemsOf } from "./report-error.ts";

const FILE_MODE = 0o644;

type InitOptions = Answers & { readonly yes?: true; readonly force?: true };

export const addInit: AddVerb = (program, shell) => {
  const verb = program
    .command("init")
    .description("asks a few questions and writes a commented settings file; asks for no password")
    .argument("[file]", "where to write it (default: the settings file)");
  for (const question of QUESTIONS) {
    const option = new Option(`${flagText(question.flag)} <${valueName(question)}>`, inSentence(question.ask));
    const choices = question.choices?.({});
    if (question.flag === "role") option.argParser(together);
    verb.addOption(choices === undefined ? option : option.choices(choices));
  }
  verb
    .option("--yes", "ask nothing: what no flag says is as proposed")
    .option("--force", "write over a file that is there already")
    .action(
      shell.does((file: string | undefined, options: InitOptions) =>
        init(shell, file ?? shell.settingsFile(), options),
      ),
    );
};

/** Of a flag that names several and was given several times none is lost. */
function together(text: string, before: string | undefined): string {
  return before === undefined ? text : `${before},${text}`;
}

function inSentence(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function valueName({ flag, choices }: Question): string {
  if (choices !== undefined) return "choice";
  if (flag === "directory" || flag === "dataDir" || flag === "secretsDir") return "directory";
  return flag === "lifetime" || flag === "hold" ? "duration" : flag === "url" ? "url" : "name";
}

async function init(shell: Shell, file: string, options: InitOptions): Promise<ExitCode> {
  const path = resolve(file);
  if (options.force !== true && (await isThere(path)))
    throw usage(`${file} is there already and is left as it is; name another file, or say --force`);
  const place = { isSystem: path.startsWith(`${sep}etc${sep}`) };
  const given: Answers = Object.fromEntries(
    QUESTIONS.flatMap(({ flag }) => (options[flag] === undefined ? [] : [[flag, options[flag]]])),
  );
  if (options.yes !== true && shell.converse === null)
    throw usage("nobody is at a terminal to answer; say --yes, and by flags what has no default");
  const answers =
    options.yes === true || shell.converse === null
      ? await withoutAsking(shell, path, given, place, options)
      : await byAsking(shell, shell.converse(), { path, given, place, options });
  tellNext(shell, path, answers);
  return EXIT.well;
}

async function withoutAsking(
  shell: Shell,
  path: string,
  given: Answers,
  place: Place,
  options: InitOptions,
): Promise<Answers> {
  const answers = await answered(given, place, (question, proposed) => {
    if (proposed === undefined) throw usage(`${flagText(question.flag)} is missing: ${inSentence(question.ask)}`);
    return Promise.resolve(proposed);
  });
  const problem = await writeSettings(shell, path, answers, options.force === true);
  if (problem !== undefined) throw usage(`the settings would be refused, so nothing was written: ${problem}`);
  return answers;
}

interface Asked {
  readonly path: string;
  readonly given: Answers;
  readonly place: Place;
  readonly options: InitOptions;
}

/** What the loader refuses is asked again, with the former answers proposed. */
async function byAsking(
  shell: Shell,
  conversation: Conversation,
  { path, given, place, options }: Asked,
): Promise<Answers> {
  const { err } = shell;
  let former: Answers = {};
  let flags = given;
  try {
    const what = `Settings for ${shownPath(path)}. Enter takes what stands in brackets, Ctrl-C breaks off.`;
    err.line(labelled("", what, err.columns));
    for (;;) {
      const answers = await answered(flags, place, (question, proposed, before) =>
        askUntilGood(shell, conversation, { question, proposed: former[question.flag] ?? proposed, before }),
      );
      const problem = await writeSettings(shell, path, answers, options.force === true);
      if (problem === undefined) return answers;
      err.line(`\n${err.paint("bad", labelled("", `These settings would be refused: ${problem}`, err.columns))}`);
      // A flag may be what is wrong, so each is asked for too.
      former = answers;
      flags = {};
    }
  } finally {
    conversation.close();
  }
}

type Answer = (question: Question, proposed: string | undefined, before: Answers) => Promise<string>;

/** Throws `usage` for a flag that is no answer, or that means nothing here. */
async function answered(given: Answers, place: Place, answer: Answer): Promise<Answers> {
  const answers: Partial<Record<Flag, string>> = {};
  for (const question of QUESTIONS) {
    const { flag } = question;
    const flagged = given[flag];
    const means = question.when?.(answers) ?? true;
    if (!means && flagged !== undefined)
      throw usage(`${flagText(flag)} means nothing with the other answers; leave it out`);
    if (!means) continue;
    const wrong = flagged === undefined ? undefined : objection(question, flagged, answers);
    if (wrong !== undefined) throw usage(`${flagText(flag)}: ${wrong}`);
    answers[flag] = flagged ?? (await answer(question, question.propose({ ...given, ...answers }, place), answers));
  }
  return answers;
}

async function askUntilGood(
  { err }: Shell,
  conversation: Conversation,
  {
    question,
    proposed,
    before,
  }: { readonly question: Question; readonly proposed: string | undefined; readonly before: Answers },
): Promise<string> {
  const choices = question.choices?.(before);
  err.line(`\n${err.paint("strong", question.ask)}${choices === undefined ? "" : ` (${choices.join(", ")})`}`);
  err.line(labelled("", question.why, err.columns, 2));
  for (;;) {
    const line = await conversation.ask(proposed === undefined ? "> " : `[${proposed}] > `);
    if (line === null) throw usage("no answer any more; nothing was written");
    const text = line.trim() === "" ? (proposed ?? "") : line.trim();
    const wrong = objection(question, text, before);
    if (wrong === undefined) return text;
    err.line(err.paint("warn", `  ${wrong}`));
  }
}

/** Written beside its place, held to the real loader, then put there. What the loader refuses is answered, and nothing is written. */
async function writeSettings(
  shell: Shell,
  path: string,
  answers: Answers,
  force: boolean,
): Promise<string | undefined> {
  const folder = dirname(path);
  const draft = join(folder, `.${basename(path)}.${shell.app.random.hex(6)}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(draft, settingsText(answers), { flag: "wx", mode: FILE_MODE });
    await chmod(draft, FILE_MODE);
    const problem = await problemIn(shell, draft);
    if (problem !== undefined) return problem;
    await (force ? rename(draft, path) : link(draft, path));
    return undefined;
  } catch (thrown) {
    if (thrown instanceof RenewdError) throw thrown;
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
    throw new RenewdError("usage", `${path} cannot be written (${code})`, { cause: thrown, sent: false });
  } finally {
    await rm(draft, { force: true });
  }
}

async function problemIn({ app }: Shell, draft: string): Promise<string | undefined> {
  try {
    await app.checkSettings({ settingsFile: draft, allowCommands: false });
    return undefined;
  } catch (thrown) {
    const error = toRenewdError(thrown);
    const [problem] = problemsOf(error) ?? [];
    if (error.code !== "settings_invalid") throw thrown;
    return problem === undefined ? error.message : clean(`${problem.path} ${problem.message}. ${problem.hint}`);
  }
}

function tellNext({ out }: Shell, path: string, answers: Answers): void {
  const shown = quoted(shownPath(path));
  const puts = neededFiles(answers).map(({ file, what }) => {
    const to = resolve(dirname(path), file);
    const folder = quoted(shownPath(dirname(to)));
    return [
      `  ${out.paint("faint", `# ${what}: paste it, then Enter and Ctrl-D`)}`,
      `  (umask 077; mkdir -p ${folder}; cat > ${quoted(shownPath(to))})`,
    ].join("\n");
  });
  out.line(
    [
      `${out.paint("good", "written")}  ${out.paint("plain", shownPath(path))}`,
      "",
      "Next:",
      ...puts,
      `  renewd check -c ${shown}`,
      `  renewd run -c ${shown}`,
    ].join("\n"),
  );
}

/** From here, where that is shorter to read. */
function shownPath(path: string): string {
  const from = relative(".", path);
  return from === "" ? "." : from.startsWith("..") ? path : from;
}

/** For a shell to copy. */
function quoted(path: string): string {
  return /^[\w./@:+-]+$/.test(path) && !path.startsWith("-") ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function usage(message: string): RenewdError {
  return new RenewdError("usage", message, { sent: false });
}
