import type { Source, Spot } from "./completion-model.ts";

export function fishScript(spots: readonly Spot[]): string {
  return [
    "# fish completion for renewd, made by `renewd completions fish`.",
    walker(spots),
    ASK.trim(),
    ["complete -c renewd -f", ...spots.flatMap(linesOf)].join("\n"),
  ].join("\n\n");
}

function linesOf(spot: Spot): readonly string[] {
  const { path, verbs, options, places, repeats } = spot;
  const at = (n: string): string => `complete -c renewd -n "__renewd_at '${path}'${n}"`;
  return [
    ...verbs.map(({ name, description }) => `${at(" 0")} -a ${name} -d ${quoted(description)}`),
    ...options.map(({ names, description, value }) => {
      const flags = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
      const takes = value === null ? "" : ` -r ${candidates(value)}`;
      return `${at("")} ${flags.join(" ")}${takes} -d ${quoted(description)}`;
    }),
    ...places.flatMap((source, n) =>
      source.from === "nowhere"
        ? []
        : [`${at(repeats && n === places.length - 1 ? "" : ` ${n}`)} ${candidates(source)}`],
    ),
  ];
}

function candidates(source: Source): string {
  if (source.from === "words") return `-f -a ${quoted(source.words.join(" "))}`;
  if (source.from === "files") return "-F";
  return source.from === "nowhere" ? "-f" : `-f -a '(__renewd_ask --${source.from})'`;
}

/** In single quotes fish sees nothing but the next one and backslashes. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** Finds the verb, and how many words stand after it, as the other shells' functions do. */
function walker(spots: readonly Spot[]): string {
  const ways = spots.filter(({ path }) => path !== "").map(({ path }) => quoted(way(path)));
  const valued = spots.flatMap(({ path, options }) =>
    options.flatMap(({ names, value }) => (value === null ? [] : names.map((name) => quoted(`${path} ${name}`)))),
  );
  return `
function __renewd_walk
    set -l where ''
    set -l placed
    set -l skip 0
    set -l line (commandline -opc)
    for word in $line[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        switch "$where $word"
            case ${valued.join(" ")}
                set skip 1
            case '* -*'
            case ${ways.join(" ")}
                set where (string trim -- "$where $word")
            case '*'
                set -a placed $word
        end
    end
    printf '%s\\n' "$where" $placed
end

function __renewd_at
    set -l walked (__renewd_walk)
    test "$walked[1]" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; and return 0
    test (math (count $walked) - 1) -eq $argv[2]
end`.trim();
}

/** How a verb looks where it is met: after the way to it, which is empty for the program's own. */
function way(path: string): string {
  return path.includes(" ") ? path : ` ${path}`;
}

const ASK = `
function __renewd_ask
    set -l line (commandline -opc)
    set -l ask $argv
    test "$argv[1]" = --targets; and set -a ask (__renewd_walk)[2]
    set -l config
    for i in (seq 2 (math (count $line) - 1))
        if contains -- $line[$i] -c --config
            set config -c (string replace -r '^~' "$HOME" -- $line[(math $i + 1)])
        end
    end
    command $line[1] completions $ask $config 2>/dev/null </dev/null
end
`;
