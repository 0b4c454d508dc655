/** What hands, editors, templates and attackers do to a settings file. */
import fc from "fast-check";
import { parse, stringify } from "yaml";

export type Edit = (text: string) => string;

const PIECES = [
  ":",
  ": ",
  " ",
  "\n",
  "  ",
  "- ",
  "? ",
  "{",
  "}",
  "[",
  "]",
  ",",
  "&used ",
  "*used",
  "*nowhere",
  "<<: *used\n",
  "<<: ",
  '"',
  "'",
  "#",
  " # ",
  "|\n",
  ">-\n",
  "null",
  "~",
  "0",
  "0o17",
  "0x1F",
  "-1",
  "1e999",
  "-.inf",
  ".nan",
  "2026-07-01T08:00:00Z",
  "!x ",
  "!!binary aGk=",
  "!!set ",
  "!!float 1",
  "\t",
  "\r",
  "\u0000",
  "\u001b[2J",
  '"\\e[2J"',
  "\u0085",
  "\u2028",
  "\ufeff",
  "\ud800",
  "é",
  "😀",
  "constructor",
  "prototype",
  "__proto__",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "5m",
  "99999999d",
  "100%",
  "* * * * *",
  "${HOME}",
  "{{ x }}",
];

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (text: string, share: number): number => Math.floor(share * (text.length + 1));
const piece = fc.constantFrom(...PIECES);

function onLines(share: number, change: (all: string[], index: number) => void): Edit {
  return (text) => {
    const all = text.split("\n");
    change(all, Math.floor(share * all.length));
    return all.join("\n");
  };
}

/** An edit of the text as text. */
export const textEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, piece).map(
    ([i, more]): Edit =>
      (text) =>
        text.slice(0, at(text, i)) + more + text.slice(at(text, i)),
  ),
  fc.tuple(place, fc.nat({ max: 12 })).map(
    ([i, count]): Edit =>
      (text) =>
        text.slice(0, at(text, i)) + text.slice(at(text, i) + count),
  ),
  fc.tuple(place, place).map(
    ([i, j]): Edit =>
      (text) =>
        text.slice(0, at(text, i)) + text.slice(at(text, j)),
  ),
  place.map((i) => onLines(i, (all, index) => void all.splice(index, 1))),
  fc
    .tuple(place, place)
    .map(([i, j]) => onLines(i, (all, index) => void all.splice(Math.floor(j * all.length), 0, all[index] ?? ""))),
  fc
    .tuple(place, fc.nat({ max: 8 }))
    .map(([i, by]) =>
      onLines(i, (all, index) => void all.splice(index, 1, " ".repeat(by) + (all[index] ?? "").trimStart())),
    ),
  fc.tuple(place, piece).map(([i, value]) =>
    onLines(
      i,
      (all, index) =>
        void all.splice(
          index,
          1,
          (all[index] ?? "").replace(/: .*/, () => `: ${value}`),
        ),
    ),
  ),
);

/** What an editor or a template engine does to all of a text. */
export const wholeEdit: fc.Arbitrary<Edit> = fc.constantFrom<Edit>(
  (text) => text.replaceAll("\n", "\r\n"),
  (text) => text.replaceAll("\n", "\r"),
  (text) => `\ufeff${text}`,
  (text) => `---\n${text}`,
  (text) => `${text}\n...\n`,
  (text) => `${text}\n---\n${text}`,
  (text) => `%YAML 1.2\n---\n${text}`,
  (text) => `%TAG ! tag:x,2026:\n---\n${text}`,
  (text) => text.replaceAll(/$/gm, " # said"),
  (text) => text.replaceAll(/^/gm, "# said\n"),
  (text) => text.replaceAll(/^( *)(\w+):$/gm, "$1$2: &a-$2"),
  (text) => text.replaceAll("  ", "\t"),
  (text) => text.replaceAll(/^/gm, "  "),
  (text) => JSON.stringify(parse(text, { merge: true, logLevel: "silent" })),
  (text) => text.trimEnd(),
  () => "",
);

type Tree = Record<string, unknown> | unknown[];
type Place = readonly [holder: Tree, key: string | number];

/** All places of a tree, in the order of the text. */
function placesOf(tree: unknown, found: Place[] = []): readonly Place[] {
  if (typeof tree !== "object" || tree === null) return found;
  for (const key of Array.isArray(tree) ? tree.keys() : Object.keys(tree)) {
    found.push([tree as Tree, key]);
    placesOf((tree as Record<string | number, unknown>)[key], found);
  }
  return found;
}

const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
const WORDS = [
  "a",
  "default",
  "airflow",
  "files",
  "Not A Key",
  "",
  "é",
  "x-mine",
  "constructor",
  "hasOwnProperty",
  "0",
  "<<",
];
const DURATIONS = [
  "0s",
  "1s",
  "1m",
  "6h",
  "1d",
  "29d",
  "30d",
  "3653d",
  "99999999d",
  "1.5h",
  "-1h",
  "0%",
  "33%",
  "99%",
  "100%",
];
const CRONS = [
  "* * * * *",
  "0 9 * * mon-fri",
  "0 0 31 2 *",
  "0 0 29 2 *",
  "*/7 */5 1-31/2 * *",
  "60 * * * *",
  "* * * * * *",
];
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e21, Infinity, Number.NaN, [], {}, [[]], [null], { "": null }),
  fc.constantFrom<unknown>(...DURATIONS, ...CRONS, ...WORDS),
  fc.constantFrom<unknown>(
    "2026-07-01",
    "0777",
    "yes",
    "*/2",
    "@reboot",
    "http://u:p@h/",
    "sqlite::memory:",
    "../..",
    "/",
  ),
  fc.constantFrom<unknown>(
    "x".repeat(70_000),
    deep(20),
    deep(80),
    Array.from({ length: 300 }, (_, index) => index),
  ),
  fc.constantFrom<unknown>({ env: "A" }, { file: "a", env: "A" }, { command: [] }, { file: 1 }, { file: "\u0000" }),
  fc.constantFrom<unknown>("Europe/London", "Mars/Olympus", "+01:00", "utc", "127.0.0.1:99999", "[::1]:0"),
  fc.jsonValue({ maxDepth: 2 }),
);

function put([holder, key]: Place, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function take([holder, key]: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else Reflect.deleteProperty(holder, key);
}

const valueOf = ([holder, key]: Place): unknown => (holder as Record<string | number, unknown>)[key];

type TreeEdit = (places: readonly Place[], chosen: Place, other: Place) => void;
const treeChange: fc.Arbitrary<TreeEdit> = fc.oneof(
  fc.constant<TreeEdit>((_, chosen) => take(chosen)),
  fc.constant<TreeEdit>((_, chosen) => put(chosen, [valueOf(chosen)])),
  fc.constant<TreeEdit>((_, chosen, other) => put(other, structuredClone(valueOf(chosen)))),
  {
    weight: 4,
    arbitrary: oddValue.map(
      (value): TreeEdit =>
        (_, chosen) =>
          put(chosen, structuredClone(value)),
    ),
  },
  fc.constantFrom(...WORDS).map((name): TreeEdit => (_, chosen) => {
    const value = valueOf(chosen);
    take(chosen);
    put([chosen[0], Array.isArray(chosen[0]) ? 0 : name], value);
  }),
  fc.tuple(fc.constantFrom(...WORDS), oddValue).map(([name, value]): TreeEdit => (_, [holder]) => {
    // The very value may be the holder itself, put there by an edit before.
    if (Array.isArray(holder)) holder.push(structuredClone(value));
    else put([holder, name], structuredClone(value));
  }),
  // Lengths of time and shares are what the promise is made of.
  fc.array(fc.constantFrom(...DURATIONS), { minLength: 1, maxLength: 4 }).map((list): TreeEdit => (places) => {
    const timed = places.filter((each) => /^\d+(ms|s|m|h|d|%)$/.test(String(valueOf(each))));
    list.forEach((text, index) => {
      const one = timed[(index * 7 + text.length) % Math.max(1, timed.length)];
      if (one !== undefined) put(one, text);
    });
  }),
);

/** An edit of what the text means: the answer is well-formed YAML again. */
export const treeEdit: fc.Arbitrary<Edit> = fc
  .array(fc.tuple(treeChange, place, place), { minLength: 1, maxLength: 3 })
  .map((changes): Edit => (text) => {
    const root: unknown = parse(text, { merge: true, logLevel: "silent" });
    for (const [change, i, j] of changes) {
      const places = placesOf(root);
      const chosen = places[Math.floor(i * places.length)];
      const other = places[Math.floor(j * places.length)];
      if (chosen !== undefined && other !== undefined) change(places, chosen, other);
    }
    return stringify(root, { aliasDuplicateObjects: false });
  });
