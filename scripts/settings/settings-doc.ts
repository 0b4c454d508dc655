/** docs/settings.md, made of what the schemas of the settings say. */
import { format } from "prettier";
import { settingsJsonSchema } from "../../src/settings/json-schema.ts";
import { issuerTypes } from "../../src/issuers/index.ts";
import { notifierTypes } from "../../src/notifiers/index.ts";
import { storeTypes } from "../../src/stores/index.ts";
import { type Json, type Row, rowsOf } from "./rows.ts";
import { INTRODUCTIONS, WORDS } from "./words.ts";

interface Section {
  readonly heading: string;
  /** Where its rows stand in a settings file; begins the paths of its rows. */
  readonly at: string;
  readonly schema: Json;
  readonly readme?: string;
}

/** Every row of every section, by its path. */
export function settingRows(): ReadonlyMap<string, Row> {
  return new Map(
    sections().flatMap(({ at, schema }) =>
      rowsOf(schema).map((row) => [at === "" ? row.path : `${at}.${row.path}`, row]),
    ),
  );
}

export async function settingsDoc(): Promise<string> {
  const text = `${HEAD}\n${sections().map(textOf).join("\n")}`;
  return format(text, { parser: "markdown", printWidth: 120 });
}

const HEAD = `# Settings

<!-- Made by \`node scripts/generate-settings-doc.ts\` from what the schemas say; a test tells when it is out of date. -->

A settings file is YAML 1.2. [config/renewd.yaml](../config/renewd.yaml) and [config/examples](../config/examples/) are whole files;
\`renewd init\` writes one; \`renewd check --offline\` names every mistake with file and line. Editors complete and check it with

\`\`\`yaml
# yaml-language-server: $schema=https://raw.githubusercontent.com/Flowminder/renewd/main/config/renewd.schema.json
\`\`\`

- **Paths** that are relative count from the file's own folder.
- **Durations** are a number and a unit: \`90s\`, \`15m\`, \`6h\`, \`30d\`. A **share** such as \`33%\` is one of the token's life.
- **Keys**, which name issuers, stores, policies, tokens and targets, are of \`a-z 0-9 . _ -\`; metrics, alerts and verbs use them.
- **Secrets** are references, never texts: \`{ file: PATH }\`, \`{ env: NAME }\` or \`{ command: [PROGRAM, ARGUMENT…] }\`. They are read anew at each use.
  Commands run only under \`--allow-commands\`.
- **Keys that begin with \`x-\`** at the top are yours, for anchors: \`x-common: &common { … }\`.
- A running renewd takes a changed file by itself, within a tick, or at SIGHUP. One with a mistake is refused as a whole, the old settings stay in force,
  and the incident \`settings_refused\` tells so. \`state\`, \`instance\`, \`http.listen\` and an
  embedded issuer count at the next start only.
- **Arithmetic** is checked, too: settings that cannot keep the promise are refused with the sum.

A default of — means that there is none; **required** keys have to be given.
`;

function textOf({ heading, at, schema, readme }: Section): string {
  const rows = rowsOf(schema);
  const lines = rows.map((row) => {
    const path = at === "" ? row.path : `${at}.${row.path}`;
    const means = row.description ?? WORDS[path] ?? "";
    const fallback = row.required ? "**required**" : row.fallback === null ? "—" : `\`${row.fallback}\``;
    return `| \`${row.path}\` | ${row.takes} | ${fallback} | ${means.replaceAll("|", "\\|")} |`;
  });
  const introduction = INTRODUCTIONS[at === "" ? heading : at] ?? "";
  const more = readme === undefined ? "" : ` [More](${readme}).`;
  const words = `${introduction}${more}`.trim();
  const table =
    rows.length === 0 ? "" : `| key | takes | default | means |\n| --- | --- | --- | --- |\n${lines.join("\n")}\n`;
  return `${heading.startsWith("`type") ? "###" : "##"} ${heading}\n\n${words === "" ? "" : `${words}\n\n`}${table}`;
}

function sections(): readonly Section[] {
  const schema = settingsJsonSchema({ issuers: issuerTypes, stores: storeTypes, notifiers: notifierTypes });
  const top = schema["properties"] as Readonly<Record<string, Json>>;
  const of = (name: string): Json => top[name] ?? {};
  const definitions = schema["$defs"] as Readonly<Record<"token" | "target", Json>>;
  const channels = (of("alerts")["properties"] as Readonly<Record<string, Json>>)["channels"] ?? {};
  const { channels: _, ...alerts } = of("alerts")["properties"] as Readonly<Record<string, Json>>;
  const single = {
    properties: { version: of("version"), instance: of("instance"), tick: of("tick") },
    required: ["version"],
  };
  return [
    { heading: "The top level", at: "", schema: single },
    { heading: "state", at: "state", schema: of("state") },
    { heading: "http", at: "http", schema: of("http") },
    { heading: "issuers", at: "issuers", schema: {} },
    ...kinds(of("issuers"), "issuers"),
    { heading: "stores", at: "stores", schema: {} },
    ...kinds(of("stores"), "stores"),
    { heading: "policies", at: "policies", schema: valuesOf(of("policies")) },
    { heading: "tokens", at: "tokens", schema: without(definitions.token, ["request", "targets"]) },
    ...issuerTypes.flatMap(({ type }, index) => requests(definitions.token, type, index)),
    { heading: "targets", at: "targets", schema: commonTarget(definitions.target) },
    ...storeTypes.map(({ type }, index) => ({
      heading: `\`type: ${type}\`: where in it`,
      at: `targets.${type}`,
      schema: ownTarget(definitions.target, index),
    })),
    { heading: "defaults", at: "defaults", schema: {} },
    { heading: "alerts", at: "alerts", schema: { properties: alerts } },
    { heading: "alerts.channels", at: "alerts.channels", schema: {} },
    ...kinds(channels, "notifiers"),
  ];
}

const valuesOf = (keyed: Json): Json => keyed["additionalProperties"] as Json;
const propertiesOf = (schema: Json): Readonly<Record<string, Json>> =>
  (schema["properties"] ?? {}) as Record<string, Json>;

function without(schema: Json, names: readonly string[]): Json {
  const kept = Object.entries(propertiesOf(schema)).filter(([name]) => !names.includes(name));
  return { ...schema, properties: Object.fromEntries(kept) };
}

function kinds(section: Json, folder: "issuers" | "stores" | "notifiers"): readonly Section[] {
  const branches = (valuesOf(section)["anyOf"] ?? []) as readonly Json[];
  return branches.map((schema) => {
    const type = String(propertiesOf(schema)["type"]?.["const"]);
    const readme = `../src/${folder}/${type === "embedded" ? "flowauth" : type}/README.md`;
    return { heading: `\`type: ${type}\``, at: `${folder}.${type}`, schema: without(schema, ["type"]), readme };
  });
}

/** FlowAuth's request is the embedded issuer's, too, and the schema has it once. */
function requests(token: Json, type: string, index: number): readonly Section[] {
  if (type === "embedded") return [];
  const branches = (propertiesOf(token)["request"]?.["anyOf"] ?? []) as readonly Json[];
  const branch = branches[index > issuerTypes.findIndex((each) => each.type === "embedded") ? index - 1 : index] ?? {};
  const heading = `\`type: ${type}\`: \`request\``;
  return [{ heading, at: `request.${type}`, schema: branch }];
}

function targetBranches(target: Json): readonly Json[] {
  return target["anyOf"] as readonly Json[];
}

/** The keys that the targets of all stores have. */
function commonTarget(target: Json): Json {
  const [first = {}, ...others] = targetBranches(target);
  const own = Object.keys(propertiesOf(first)).filter((name) => others.some((each) => !(name in propertiesOf(each))));
  return without(first, [...own, "secret"]);
}

function ownTarget(target: Json, index: number): Json {
  const common = propertiesOf(commonTarget(target));
  return without(targetBranches(target)[index] ?? {}, Object.keys(common));
}
