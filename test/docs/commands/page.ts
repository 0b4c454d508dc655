/**
 * The command lines of a page of the documentation. Comments above a block, which readers do not see, say what a test has to know:
 *
 * - `<!-- not run: why -->`: nobody can, in a test;
 * - `<!-- exits 1 -->`: the last command of the block ends so, and that is right;
 * - `<!-- typed: name -->`: a person types or pastes something there;
 * - `<!-- Ctrl-C -->`, anywhere: whoever reads stops the daemon here.
 */

/** What is done at one place of a page. */
export type Step = Block | { readonly kind: "stop"; readonly line: number };

export interface Block {
  readonly kind: "block";
  /** Of the first command in the page, from 1. */
  readonly line: number;
  /** Why it cannot be run; null where it is. */
  readonly notRun: string | null;
  readonly exits: number;
  readonly typed: string | null;
  readonly commands: readonly Command[];
}

export interface Command {
  readonly text: string;
  /** What the page shows under it; null where it shows nothing. */
  readonly shown: readonly string[] | null;
}

interface Markers {
  notRun: string | null;
  exits: number;
  typed: string | null;
}

const FENCE = /^( *)```(\w*)$/;
const LANGUAGES: ReadonlySet<string> = new Set(["console", "sh"]);

export function stepsOf(text: string): readonly Step[] {
  const steps: Step[] = [];
  const lines = text.split("\n");
  let markers = none();
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const [, indent = "", language] = FENCE.exec(line) ?? [];
    if (language === undefined) {
      if (line.trim() === "<!-- Ctrl-C -->") steps.push({ kind: "stop", line: at + 1 });
      else if (line.trim() !== "") markers = withMarker(markers, line);
      continue;
    }
    const end = lines.findIndex((each, index) => index > at && FENCE.test(each));
    if (end === -1) throw new Error(`the block at line ${at + 1} has no end`);
    const body = lines.slice(at + 1, end).map((each) => (each.startsWith(indent) ? each.slice(indent.length) : each));
    if (LANGUAGES.has(language)) {
      const commands = language === "sh" ? [{ text: body.join("\n"), shown: null }] : commandsIn(body);
      steps.push({ kind: "block", line: at + 2, ...markers, commands });
    }
    markers = none();
    at = end;
  }
  return steps;
}

function none(): Markers {
  return { notRun: null, exits: 0, typed: null };
}

/** A comment counts for the block right under it, not over other text. */
function withMarker(before: Markers, line: string): Markers {
  const said = /^ *<!-- (.*) -->$/.exec(line)?.[1];
  if (said === undefined) return none();
  const [, why] = /^not run: (.+)$/.exec(said) ?? [];
  if (why !== undefined) return { ...before, notRun: why };
  const [, code] = /^exits (\d+)$/.exec(said) ?? [];
  if (code !== undefined) return { ...before, exits: Number(code) };
  const [, typed] = /^typed: (.+)$/.exec(said) ?? [];
  return typed === undefined ? before : { ...before, typed };
}

/** `$ ` begins a command, a backslash at its end goes on with it; what follows is shown. */
function commandsIn(body: readonly string[]): readonly Command[] {
  const commands: { text: string; shown: string[] }[] = [];
  let goesOn = false;
  for (const line of body) {
    const last = commands.at(-1);
    if (goesOn && last !== undefined) last.text += `\n${line}`;
    else if (line.startsWith("$ ")) commands.push({ text: line.slice(2), shown: [] });
    else if (last === undefined) throw new Error(`a console block begins with "$ ", not with ${line}`);
    else last.shown.push(line);
    goesOn = (goesOn || line.startsWith("$ ")) && line.endsWith("\\");
  }
  return commands.map(({ text, shown }) => ({ text, shown: shown.length === 0 ? null : shown }));
}

/**
 * Whether `said` is what a page shows: `…` stands for any text within a line, and a line of it alone for any lines. Spaces
 * in a row count as one, since columns move with what stands in them.
 */
export function isAsShown(shown: readonly string[], said: string): boolean {
  const parts = shown.map((line) =>
    line.trim() === "…"
      ? String.raw`(?:[^\n]*\n)*?`
      : `${squeezed(line)
          .split("…")
          .map(literal)
          .join(String.raw`[^\n]*`)}\n`,
  );
  const text = said.split("\n").map(squeezed).join("\n").trim();
  return new RegExp(`^${parts.join("")}$`).test(`${text}\n`);
}

function squeezed(line: string): string {
  return line.trim().replaceAll(/\s+/g, " ");
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
