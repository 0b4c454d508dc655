/** Where an answer can break off: at every boundary that its layers know. */
import type { Framing } from "./hostile-front.ts";

export interface Boundary {
  readonly after: string;
  readonly at: number;
}

/** After the status line, each header line and the blank line; then within the body, as it is framed. */
export function boundariesOf(bytes: Buffer, framing: Framing): readonly Boundary[] {
  const blank = bytes.indexOf("\r\n\r\n") + 4;
  const head = bytes
    .subarray(0, blank - 4)
    .toString("latin1")
    .split("\r\n");
  let at = 0;
  const lines = head.map((line, index): Boundary => {
    at += line.length + 2;
    return { after: index === 0 ? "the status line" : `the header ${line.slice(0, line.indexOf(":"))}`, at };
  });
  const body = framing === "chunked" ? chunkBoundaries(bytes, blank) : jsonBoundaries(bytes, blank);
  return [{ after: "nothing", at: 0 }, ...lines, { after: "the blank line", at: blank }, ...body];
}

/** Each token of the outermost value (and of the objects of an outermost array), but not the last: then all is said. */
function jsonBoundaries(bytes: Buffer, from: number): readonly Boundary[] {
  const text = bytes.subarray(from).toString("latin1");
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g)];
  const found = tokens.map(({ 0: token, index }): Boundary => {
    const shown = token.length > 20 ? `${token.slice(0, 8)}…"` : token;
    return { after: `${shown} (byte ${index} of the body)`, at: from + index + token.length };
  });
  return found.slice(0, -1);
}

/** After each size line, each chunk and the line break behind it, but not after the last line break: then all is said. */
function chunkBoundaries(bytes: Buffer, from: number): readonly Boundary[] {
  const found: Boundary[] = [];
  for (let at = from, chunk = 1; at < bytes.length; chunk += 1) {
    const line = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.subarray(at, line).toString("latin1"), 16);
    found.push({ after: `the size of chunk ${chunk}`, at: line + 2 });
    if (size > 0) found.push({ after: `chunk ${chunk}`, at: line + 2 + size });
    at = line + 2 + size + 2;
    if (size > 0) found.push({ after: `the line break behind chunk ${chunk}`, at });
  }
  return found;
}
