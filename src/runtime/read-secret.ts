import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { RenewdError } from "../core/errors.ts";
import type { ReadSecret } from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";
import { baseEnvironment, type Environment } from "./environment.ts";
import { describeEnd, runProgram } from "./run-program.ts";

const SECRET_BYTES_MAX = 64 * 1024;
const COMMAND_MS_MAX = 10_000;

export interface ReadSecretOptions {
  /** Without it a `{ command }` is refused. */
  readonly allowCommands: boolean;
  readonly environment: Environment;
  /** A relative path of the settings -> absolute. Without it paths count from the working directory. */
  readonly resolvePath?: (path: string) => string;
}

/**
 * Reads a secret where its reference says, anew at each call: UTF-8 text of 1 byte to 64 KiB, one trailing newline
 * dropped. A command runs without a shell for at most 10 s and sees only what programs need to run (PATH, HOME and the
 * like), never renewd's own variables. Messages name the variable, the path or the program and nothing of the text.
 */
export function createReadSecret(options: ReadSecretOptions): ReadSecret {
  return async (ref, signal) => {
    signal.throwIfAborted();
    if ("env" in ref) return fromVariable(ref.env, options.environment);
    if ("file" in ref) return await fromFile(options.resolvePath?.(ref.file) ?? ref.file);
    return await fromCommand(ref.command, options, signal);
  };
}

function fromVariable(name: string, environment: Environment): SecretText {
  const where = `the environment variable ${name}`;
  const text = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (text === undefined) throw unreadable(where, "is not set");
  return secretOf(Buffer.from(text), where);
}

async function fromFile(path: string): Promise<SecretText> {
  const where = `the file ${path}`;
  try {
    // Without O_NONBLOCK a named pipe would hold the call up before it could be refused.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw unreadable(where, "is not a regular file");
    const buffer = Buffer.alloc(SECRET_BYTES_MAX + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return secretOf(buffer.subarray(0, length), where);
  } catch (thrown) {
    if (thrown instanceof RenewdError) throw thrown;
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
    throw unreadable(where, `cannot be read: ${READ_ERRORS[code] ?? code}`);
  }
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist (ENOENT)",
  EACCES: "permission denied (EACCES)",
  EPERM: "permission denied (EPERM)",
  ENOTDIR: "a part of the path is not a directory (ENOTDIR)",
  ENXIO: "it is not a regular file (ENXIO)",
};

async function fromCommand(
  argv: readonly string[],
  options: ReadSecretOptions,
  signal: AbortSignal,
): Promise<SecretText> {
  const where = `the command ${argv[0] ?? "(empty)"}`;
  if (!options.allowCommands) throw new RenewdError("commands_not_allowed", `${where} was not run to read a secret`);
  const env = baseEnvironment(options.environment);
  const limits = { timeoutMs: COMMAND_MS_MAX, maxOutputBytes: SECRET_BYTES_MAX + 1 };
  const ended = await runProgram({ argv, env, ...limits, signal });
  if (ended.end === "exited" && ended.status === 0) return secretOf(ended.stdout, where);
  signal.throwIfAborted();
  // The output is left out: a program that fails may have printed the secret.
  throw unreadable(where, describeEnd(ended));
}

function secretOf(bytes: Buffer, where: string): SecretText {
  if (bytes.length > SECRET_BYTES_MAX) throw unreadable(where, `holds more than ${SECRET_BYTES_MAX} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw unreadable(where, "is not UTF-8 text");
  }
  if (text === "") throw unreadable(where, "is empty");
  return new SecretText(text);
}

function unreadable(where: string, why: string): RenewdError {
  return new RenewdError("secret_unreadable", `${where} ${why}`, { sent: false });
}
