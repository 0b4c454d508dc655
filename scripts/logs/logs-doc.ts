/** Renders docs/logs.md from what the code logs and traces. */
import { format } from "prettier";
import { EVENT_LEVELS, type EventType } from "../../src/core/events.ts";
import { present } from "../../src/core/present.ts";
import { SPANS } from "../../src/core/trace.ts";
import { MESSAGES } from "../../src/runtime/logger.ts";
import { CORRELATION_WORDS, EVENT_FIELDS, EVENT_WORDS, FIELD_WORDS, INCIDENT_FIELDS } from "./event-words.ts";
import { AFTER_EVENTS, BEFORE_EVENTS, BEFORE_SPANS, AFTER_SPANS } from "./prose.ts";

const EVENTS = Object.keys(EVENT_FIELDS) as readonly EventType[];

export async function logsDoc(): Promise<string> {
  const fields = Object.entries(FIELD_WORDS).map(([field, means]) => [code(fieldName(field)), means]);
  const correlation = Object.entries(CORRELATION_WORDS).map(([field, means]) => [code(fieldName(field)), means]);
  const spans = Object.entries(SPANS).map(([name, { kind, attributes, means }]) => [
    code(name),
    kind,
    means,
    attributes.map((attribute) => code(`renewd.${attribute}`)).join(" "),
  ]);
  const page = [
    BEFORE_EVENTS,
    table(["field", "means"], correlation),
    AFTER_EVENTS,
    "## Events",
    table(["event", "level", "message", "means", "fields"], EVENTS.map(eventRow)),
    "## Fields",
    table(["field", "means"], fields),
    BEFORE_SPANS,
    table(["span", "kind", "means", "attributes"], spans),
    AFTER_SPANS,
  ];
  return format(page.join("\n\n"), { parser: "markdown", printWidth: 120 });
}

/** The names of an event's own fields in a line of the log. */
export function loggedFields(event: EventType): readonly string[] {
  const [fields, incident]: [readonly string[], readonly string[]] = [EVENT_FIELDS[event], INCIDENT_FIELDS];
  return fields.flatMap((field) => (field === "incident" ? incident : [field])).map(fieldName);
}

/** The names of the fields that tell what a line belongs to. */
export function correlationFields(): readonly string[] {
  return Object.keys(CORRELATION_WORDS).map(fieldName);
}

function eventRow(event: EventType): readonly string[] {
  const own: readonly string[] = EVENT_FIELDS[event];
  const fields = own.map((field) => (field === "incident" ? "those of an incident" : code(fieldName(field))));
  return [code(event), EVENT_LEVELS[event], MESSAGES[event], EVENT_WORDS[event], fields.join(" ")];
}

/** As the log spells it; what is an instant or a duration depends on the name. */
function fieldName(field: string): string {
  return Object.keys(present({ [field]: 0 }) as object)[0] ?? field;
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}
