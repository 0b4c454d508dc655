/** Templates and values -> what goes out. */
import { RenewdError } from "../../core/errors.ts";
import type { Value, Values } from "./order-values.ts";
import { type Piece, piecesOf } from "./placeholders.ts";

/** Values are percent-encoded, so that none of them adds a step, a query or a fragment to the address. */
export function fillPath(template: string, filling: Values): string {
  return textOf(template, filling, (value) => encodeURIComponent(value.toWellFormed()).replaceAll("'", "%27"));
}

export function fillHeaders(
  templates: Readonly<Record<string, string>>,
  filling: Values,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(templates).map(([name, template]) => {
      const value = textOf(template, filling, (text) => text);
      if (!/^[\x20-\x7e]*$/.test(value)) throw unfit(`the header ${name} would hold what a header cannot carry`);
      return [name.toLowerCase(), value];
    }),
  );
}

/** A text that is nothing but a placeholder becomes the value itself: a number, a list, a mapping. */
export function fillBody(template: unknown, filling: Values): unknown {
  if (typeof template === "string") {
    const [first, ...more] = pieces(template);
    if (first !== undefined && more.length === 0 && "name" in first) return valueOf(first.name, filling);
    return textOf(template, filling, (text) => text);
  }
  if (Array.isArray(template))
    return template.map((each) => fillBody(each, filling)).filter((each) => each !== undefined);
  if (typeof template !== "object" || template === null) return template;
  const entries = Object.entries(template).map(([key, each]): [string, unknown] => [key, fillBody(each, filling)]);
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
}

function textOf(template: string, filling: Values, write: (value: string) => string): string {
  return pieces(template)
    .map((piece) => ("text" in piece ? piece.text : write(asText(piece.name, valueOf(piece.name, filling)))))
    .join("");
}

function asText(name: string, value: Value | undefined): string {
  if (value === undefined) {
    throw new RenewdError("lifetime_refused", `{{${name}}} is needed, and no end was asked for`, { sent: false });
  }
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  return Array.isArray(value) ? value.join(" ") : JSON.stringify(value);
}

function pieces(template: string): readonly Piece[] {
  const found = piecesOf(template);
  if (found === undefined) throw new TypeError("a template was not checked");
  return found;
}

function valueOf(name: string, filling: Values): Value | undefined {
  if (!filling.has(name)) throw new TypeError(`no value for {{${name}}}`);
  return filling.get(name);
}

function unfit(message: string): RenewdError {
  return new RenewdError("settings_invalid", message, { sent: false });
}
