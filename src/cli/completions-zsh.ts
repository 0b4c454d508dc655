import type { Spot } from "./completion-model.ts";
import { optionRows, placeRows } from "./completions-bash.ts";

/** Works from `fpath` and when it is sourced. Verbs and options come with what they do. */
export function zshScript(spots: readonly Spot[]): string {
  const table = (name: string, rows: readonly string[]): string =>
    [`${name}() {`, '  case "$1" in', ...rows.map((row) => `    ${row}`), "  esac", "}"].join("\n");
  const described = (of: (spot: Spot) => readonly (readonly [string, string])[]): readonly string[] =>
    spots.flatMap((spot) => {
      const entries = of(spot).map(([name, description]) => quoted(`${name}:${description}`));
      return entries.length === 0 ? [] : [`'${spot.path}') reply=(${entries.join(" ")}) ;;`];
    });
  return [
    "#compdef renewd",
    "# zsh completion for renewd, made by `renewd completions zsh`.",
    table(
      "__renewd_verbs",
      described(({ verbs }) => verbs.map(({ name, description }) => [name, description] as const)),
    ),
    table(
      "__renewd_flags",
      described(({ options }) =>
        options.flatMap(({ names, description }) => names.map((name) => [name, description] as const)),
      ),
    ),
    table("__renewd_value", optionRows(spots)),
    table("__renewd_place", placeRows(spots)),
    FUNCTION.trim(),
  ].join("\n\n");
}

/** In single quotes, in which zsh sees nothing but the next one. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

// `path` and `PATH` are one variable in zsh, so the way to a verb is called `where`.
const FUNCTION = `
_renewd() {
  local cur="\${words[CURRENT]}" where='' first='' source='' word='' n=0 i
  local -a reply config found
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ $word == -?* ]]; then
      source="$(__renewd_value "$where $word")"
      [[ -z $source ]] && continue
      i=$((i + 1))
      [[ $i -ge $CURRENT ]] && break
      [[ $word == -c || $word == --config ]] && config=(-c "\${\${(Q)words[i]}/#\\~/$HOME}")
      source=''
    else
      reply=()
      __renewd_verbs "$where"
      if [[ -n \${reply[(r)\${word}:*]} ]]; then
        where="\${where:+$where }$word"
      else
        [[ $n -eq 0 ]] && first="$word"
        n=$((n + 1))
      fi
    fi
  done
  if [[ -z $source && $cur == --*=* ]]; then
    source="$(__renewd_value "$where \${cur%%=*}")"
    compset -P '*='
  fi
  reply=()
  if [[ -z $source ]]; then
    if [[ $cur == -* ]]; then
      __renewd_flags "$where"
      _describe -o option reply
      return
    fi
    [[ $n -eq 0 ]] && __renewd_verbs "$where"
    if (( \${#reply} )); then
      _describe verb reply
      return
    fi
    source="$(__renewd_place "$where $n")"
  fi
  case "$source" in
    'words '*) compadd -- \${=source#words } ;;
    files) _files ;;
    targets)
      found=(\${(f)"$(\${(Q)words[1]} completions --targets "$first" $config 2>/dev/null </dev/null)"})
      compadd -- $found
      ;;
    tokens|channels|issuers)
      found=(\${(f)"$(\${(Q)words[1]} completions --$source $config 2>/dev/null </dev/null)"})
      compadd -- $found
      ;;
  esac
}

compdef _renewd renewd
[[ "\${funcstack[1]}" == _renewd ]] && _renewd "$@"
true
`;
