import { chmod, mkdtemp, rename, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { CreationOrder } from "../core/control.ts";
import { CALLS, isMethod, type Remote, sentCreated } from "./control-calls.ts";
import { isSilent, probeSocket } from "./control-path.ts";

const BODY_BYTES_MAX: number = 64 * 1024;

/**
 * Answers the verbs on a Unix socket that only this user may open. Who may open the file may do everything, so it needs
 * no sign-in. Throws `state_locked` when another daemon answers there, `settings_invalid` for an impossible
 * path, `state_unwritable` when the socket cannot be made there.
 */
export async function serveControl(control: Remote, path: string): Promise<{ close(): Promise<void> }> {
  if (!isSilent(await probeSocket(path))) {
    throw new RenewdError("state_locked", `another renewd answers on ${path}`);
  }
  const server = createServer((incoming, outgoing) => void serve(control, incoming, outgoing));
  server.maxConnections = 64;
  await listenPrivately(server, path);
  return {
    close: async () => {
      await rm(path, { force: true });
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/**
 * The socket is made in a folder that nobody else may enter, narrowed to 0600 there, and only then moved to its place,
 * over a stale one: at no moment could another user open it, whatever the umask.
 */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const cannot = (error: NodeJS.ErrnoException): never => {
    server.close();
    const why = error.code ?? error.name;
    throw new RenewdError("state_unwritable", `the control socket ${path} cannot be made (${why})`, { cause: error });
  };
  const folder = await mkdtemp(`${dirname(path)}/.`).catch(cannot);
  const made = join(folder, "s");
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(made, () => {
        server.off("error", reject);
        resolve();
      });
    });
    await chmod(made, 0o600);
    await rename(made, path);
  } catch (error) {
    cannot(error as NodeJS.ErrnoException);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function serve(control: Remote, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  let answer: { readonly result: unknown } | { readonly error: { readonly code: string; readonly message: string } };
  try {
    answer = { result: (await call(control, incoming)) ?? null };
  } catch (thrown) {
    const { code, message } = toRenewdError(thrown);
    answer = { error: { code, message } };
  }
  outgoing.writeHead(200, { "Content-Type": "application/json" });
  outgoing.end(JSON.stringify(answer));
}

async function call(control: Remote, incoming: IncomingMessage): Promise<unknown> {
  const method = /^\/control\/(\w{1,40})$/.exec(incoming.url ?? "")?.[1] ?? "";
  if (incoming.method !== "POST" || !isMethod(method)) {
    throw new RenewdError("usage", "this daemon knows no such call; it may be of another version");
  }
  const args = CALLS[method].safeParse(parseJson(await read(incoming)));
  if (!args.success) throw new RenewdError("usage", `bad arguments of ${method}; the daemon may be of another version`);
  if (method === "createToken") return sentCreated(await control.createToken(...(args.data as [CreationOrder])));
  const act = control[method] as (...args: readonly unknown[]) => Promise<unknown>;
  return act.apply(control, args.data);
}

/** What is too much is not kept, but read to its end, so that the caller hears the answer. */
async function read(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  if (size > BODY_BYTES_MAX) throw new RenewdError("usage", `a call has at most ${BODY_BYTES_MAX} bytes`);
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
