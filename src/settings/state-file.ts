import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { readText } from "./settings-text.ts";

const DEFAULT_URL = "sqlite:./renewd.db";

/**
 * Where the state of a settings file lies, as far as can be told of a file with mistakes in it: the way to a daemon that
 * goes on with the settings it had. Undefined when not even that can be told.
 */
export async function stateFileOf(file: string): Promise<string | undefined> {
  const text = await readText(file).catch(() => undefined);
  if (text === undefined) return undefined;
  const document = parseDocument(text, { logLevel: "silent", uniqueKeys: false });
  const url: unknown = document.getIn(["state", "url"]) ?? DEFAULT_URL;
  if (typeof url !== "string" || !url.startsWith("sqlite:")) return undefined;
  return resolve(dirname(file), url.slice("sqlite:".length));
}
