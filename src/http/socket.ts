import { chmod, mkdtemp, rename, rm } from "node:fs/promises";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { dirname, join } from "node:path";
import type { Control } from "../core/control.ts";
import { ERRORS, type ErrorCode, RenewdError, toRenewdError } from "../core/errors.ts";

/** What may be asked over the socket beside what every control offers. */
export interface Remote extends Control {
  /** A sign-in link, good once. */
  issueLink(): Promise<string>;
  /** Reads the settings anew; answers what is wrong with them, nothing when they are in force. */
  reload(): Promise<readonly string[]>;
}

const METHODS = [
  "status",
  "tokenStatus",
  "plan",
  "history",
  "renew",
  "renewal",
  "pause",
  "resume",
  "adopt",
  "issueLink",
  "reload",
] as const satisfies readonly (keyof Remote)[];

type Method = (typeof METHODS)[number];

/** The kernel's limit for a socket's path is 108 bytes; the temporary name needs a few. */
const PATH_BYTES_MAX = 90;
const REQUEST_BYTES_MAX = 64 * 1024;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const ANSWER_LIMIT_MS = 30_000;

/** Serves a control on a Unix socket that only its owner may open (0600 from the first moment: it is made in a private folder and moved). */
export async function serveControl(control: Remote, path: string): Promise<{ close(): Promise<void> }> {
  checkPath(path);
  if (await answers(path)) throw new RenewdError("state_locked", `a daemon answers on ${path} already`);
  const server = createServer((incoming, outgoing) => void answer(control, incoming, outgoing));
  const folder = await mkdtemp(join(dirname(path), ".s-"));
  try {
    const made = join(folder, "s");
    await listen(server, made);
    await chmod(made, 0o600);
    await rename(made, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { close: () => close(server, path) };
}

/** A control that asks the daemon behind the socket; undefined when none answers. */
export async function connectControl(path: string): Promise<(Remote & { close(): Promise<void> }) | undefined> {
  checkPath(path);
  if (!(await answers(path))) return undefined;
  const call = async (method: Method, args: readonly unknown[]): Promise<never> =>
    (await ask(path, method, args)) as never;
  return {
    status: () => call("status", []),
    tokenStatus: (token) => call("tokenStatus", [token]),
    plan: () => call("plan", []),
    history: (token, limit) => call("history", [token, limit]),
    renew: (token, lifetimeMs) => call("renew", [token, lifetimeMs]),
    renewal: (token, since) => call("renewal", [token, since]),
    pause: (token, until, reason) => call("pause", [token, until, reason]),
    resume: (token) => call("resume", [token]),
    adopt: (token, target) => call("adopt", [token, target]),
    issueLink: () => call("issueLink", []),
    reload: () => call("reload", []),
    close: () => Promise.resolve(),
  };
}

function checkPath(path: string): void {
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return;
  throw new RenewdError(
    "settings_invalid",
    `the control socket's path is too long for the system (${PATH_BYTES_MAX} bytes at most): ${path}; put the state elsewhere`,
  );
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new RenewdError("state_unwritable", `cannot listen on ${path}: ${cause.message}`, { cause })),
    );
    server.listen(path, resolve);
  });
}

async function close(server: Server, path: string): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
  await rm(path, { force: true });
}

async function answer(control: Remote, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  try {
    const method = METHODS.find((each) => incoming.url === `/control/${each}`);
    if (method === undefined || incoming.method !== "POST") throw new RenewdError("usage", "there is no such call");
    const args = JSON.parse((await readAll(incoming, REQUEST_BYTES_MAX)) || "[]") as readonly unknown[];
    const called = control[method] as (...given: readonly unknown[]) => Promise<unknown>;
    reply(outgoing, 200, { result: (await called.apply(control, args as unknown[])) ?? null });
  } catch (thrown) {
    const { code, message } = toRenewdError(thrown);
    reply(outgoing, 400, { error: { code, message } });
  }
}

function reply(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function readAll(stream: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new RenewdError("usage", "the message is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function answers(path: string): Promise<boolean> {
  return exchange(path, "ping", []).then(
    () => true,
    () => false,
  );
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

async function ask(path: string, method: Method, args: readonly unknown[]): Promise<unknown> {
  let text: string;
  try {
    text = await exchange(path, method, args);
  } catch (cause) {
    throw new RenewdError("daemon_unreachable", "the daemon does not answer any more", { cause });
  }
  const { result, error } = JSON.parse(text) as Answer;
  if (error === undefined) return result;
  throw new RenewdError(error.code in ERRORS ? (error.code as ErrorCode) : "bug", error.message);
}

function exchange(path: string, method: string, args: readonly unknown[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      socketPath: path,
      method: "POST",
      path: `/control/${method}`,
      timeout: ANSWER_LIMIT_MS,
      agent: false,
    } as const;
    const asked = httpRequest(options, (incoming) => {
      readAll(incoming, ANSWER_BYTES_MAX).then(resolve, reject);
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", reject);
    asked.end(JSON.stringify(args));
  });
}
