/** A secret that a person brings for a token: from a file, from stdin, or, for compatibility, from an argument. */
import { createReadStream } from "node:fs";
import { RenewdError } from "../core/errors.ts";
import { SecretText } from "../core/secret-text.ts";
import type { Shell } from "./command.ts";

const BYTES_MAX: number = 64 * 1024;
const LENGTH_LEAST = 20;

/** `argument` is what the argument is called that everybody can see. */
export interface Given {
  readonly argument: { readonly name: string; readonly text: string } | undefined;
  /** A path, or `-` for stdin. */
  readonly file: string | undefined;
}

/** Null where none is given. What it could be found out by is told on stderr, never what it is. Throws `usage`, `secret_unreadable`. */
export async function givenSecret({ err }: Shell, { argument, file }: Given): Promise<SecretText | null> {
  if (argument !== undefined && file !== undefined)
    throw new RenewdError("usage", `give either ${argument.name} or --token-file`);
  if (argument === undefined && file === undefined) return null;
  const warn = (text: string): void => err.line(`${err.paint("warn", "renewd:")} ${text}`);
  if (argument !== undefined)
    warn(`${argument.name} is seen by everybody who runs \`ps\` on this machine; give it by --token-file`);
  const text = argument === undefined ? await readFrom(file ?? "-") : argument.text;
  if (text === "") throw new RenewdError("usage", "the given token is empty");
  if (text.length < LENGTH_LEAST)
    warn(`the given token has fewer than ${LENGTH_LEAST} characters, so it can be guessed`);
  return new SecretText(text);
}

/** UTF-8, less one newline at its end. */
async function readFrom(file: string): Promise<string> {
  const where = file === "-" ? "stdin" : `the file ${file}`;
  const stream: AsyncIterable<Buffer> = file === "-" ? process.stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > BYTES_MAX) throw new RenewdError("usage", `${where} holds more than ${BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, "");
  } catch (thrown) {
    if (thrown instanceof RenewdError) throw thrown;
    const why = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unreadable";
    throw new RenewdError("secret_unreadable", `the token cannot be read from ${where} (${why})`, { cause: thrown });
  }
}
