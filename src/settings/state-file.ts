import { dirname, resolve } from "node:path";
import { isMap, parseDocument } from "yaml";
import { readText } from "./settings-text.ts";

const DEFAULT_URL = "sqlite:./renewd.db";
/** An address below `state:` at the left edge, in whatever style, before the next section begins. */
const WRITTEN =
  /^["']?state["']?[ \t]*:(?:[^\n]|\n(?![^\s#}]))*?(?:^[ \t]+|[{,][ \t]*)["']?url["']?[ \t]*:[ \t]*["']?(sqlite:[^\s"',}]+)/m;
const MENTIONED = /\bstate["']?[ \t]*:/;

/**
 * Where the state of a settings file may lie that is refused, likeliest first: the way to a daemon that goes on with the
 * settings it had. None where it cannot be told, least of all the default then: another instance's may lie there. It is a
 * guess, which a slip or a comment can mislead: the daemon there has to say that the file is its own. A file that others
 * may change tells nothing, since it could lead to anybody's socket.
 */
export async function stateFilesOf(file: string): Promise<readonly string[]> {
  const text = await readText(file, "despite").catch(() => undefined);
  if (text === undefined) return [];
  const paths = urlsIn(text).map((url) => resolve(dirname(file), url.slice("sqlite:".length)));
  return [...new Set(paths)];
}

function urlsIn(text: string): readonly string[] {
  const document = parseDocument(text, { logLevel: "silent", uniqueKeys: false });
  const { contents: root } = document;
  const state: unknown = isMap(root) ? root.get("state") : undefined;
  const read: unknown = isMap(state) ? state.get("url") : undefined;
  const isWhole = document.errors.length === 0;
  const leavesOut = isMap(state) ? !state.has("url") : isMap(root) && (state === undefined || state === null);
  const written = isWhole ? undefined : WRITTEN.exec(text)?.[1];
  const urls = [read, written, leavesOut && (isWhole || !MENTIONED.test(text)) ? DEFAULT_URL : undefined];
  return urls.filter((url): url is string => typeof url === "string" && url.startsWith("sqlite:"));
}
