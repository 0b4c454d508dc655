import type { Source, Spot } from "./completion-model.ts";

/** For bash 3.2 (macOS) and newer. No word of it comes from settings: these are asked for when they are needed. */
export function bashScript(spots: readonly Spot[]): string {
  const table = (name: string, rows: readonly string[]): string =>
    [`${name}() {`, '  case "$1" in', ...rows.map((row) => `    ${row}`), "  esac", "}"].join("\n");
  return [
    "# bash completion for renewd, made by `renewd completions bash`.",
    table(
      "__renewd_verbs",
      caseRows(spots, ({ verbs }) => words(verbs.map(({ name }) => name))),
    ),
    table(
      "__renewd_flags",
      caseRows(spots, ({ options }) => words(options.flatMap(({ names }) => names))),
    ),
    table("__renewd_value", optionRows(spots)),
    table("__renewd_place", placeRows(spots)),
    FUNCTION.trim(),
  ].join("\n\n");
}

/** `'status') echo '…' ;;` for each spot that has any. */
function caseRows(spots: readonly Spot[], textOf: (spot: Spot) => string): readonly string[] {
  return spots.flatMap((spot) => {
    const text = textOf(spot);
    return text === "" ? [] : [`'${spot.path}') echo '${text}' ;;`];
  });
}

/** What follows an option, by "path option"; nothing for a flag. */
export function optionRows(spots: readonly Spot[]): readonly string[] {
  return spots.flatMap(({ path, options }) =>
    options.flatMap(({ names, value }) =>
      value === null ? [] : [`${names.map((name) => `'${path} ${name}'`).join("|")}) echo '${sourceText(value)}' ;;`],
    ),
  );
}

/** What stands at the nth place after a verb, by "path n". */
export function placeRows(spots: readonly Spot[]): readonly string[] {
  return spots.flatMap(({ path, places, repeats }) =>
    places.map((source, n) => {
      const isOpen = repeats && n === places.length - 1;
      return `'${path} '${isOpen ? "*" : n}) echo '${sourceText(source)}' ;;`;
    }),
  );
}

function sourceText(source: Source): string {
  return source.from === "words" ? words(source.words) : source.from;
}

/** Words of renewd's own: letters, digits and dashes, so that no shell sees anything else in them. */
function words(all: readonly string[]): string {
  const odd = all.find((word) => !/^[\w-]+$/.test(word));
  if (odd !== undefined) throw new TypeError(`${odd} cannot stand in a shell's script`);
  return all.length === 0 ? "" : `words ${all.join(" ")}`;
}

const FUNCTION = `
_renewd() {
  local IFS=$' \\t\\n' cur="\${COMP_WORDS[COMP_CWORD]}" where='' first='' source='' word='' n=0 i
  local config=()
  COMPREPLY=()
  [[ $cur == '=' ]] && cur=''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ $word == -?* ]]; then
      source="$(__renewd_value "$where $word")"
      [[ -z $source ]] && continue
      i=$((i + 1))
      [[ $i -lt $COMP_CWORD && \${COMP_WORDS[i]} == '=' ]] && i=$((i + 1))
      [[ $i -ge $COMP_CWORD ]] && break
      [[ $word == -c || $word == --config ]] && config=(-c "\${COMP_WORDS[i]/#\\~/$HOME}")
      source=''
    elif [[ " $(__renewd_verbs "$where") " == *" $word "* ]]; then
      where="\${where:+$where }$word"
    else
      [[ $n -eq 0 ]] && first="$word"
      n=$((n + 1))
    fi
  done
  if [[ -z $source ]]; then
    if [[ $cur == -* ]]; then
      source="$(__renewd_flags "$where")"
    elif [[ $n -eq 0 ]]; then
      source="$(__renewd_verbs "$where")"
    fi
    [[ -z $source ]] && source="$(__renewd_place "$where $n")"
  fi
  case "$source" in
    'words '*)
      for word in \${source#words }; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
      done
      ;;
    files)
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
      ;;
    tokens|targets|channels|issuers)
      local ask=("--$source")
      [[ $source == targets ]] && ask+=("$first")
      while IFS= read -r word; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
      done < <("\${COMP_WORDS[0]}" completions "\${ask[@]}" \${config[@]+"\${config[@]}"} 2>/dev/null </dev/null)
      ;;
  esac
}

complete -F _renewd renewd
`;
