import { request } from "node:http";
import { RenewdError } from "../core/errors.ts";
import {
  type Method,
  type Remote,
  type Whose,
  readAnswer,
  readCreated,
  readWhose,
  sentOrder,
} from "./control-calls.ts";
import { isSilent, probeSocket } from "./control-path.ts";

/** Every other call records a wish or reads the state, so an answer that takes longer will not come. */
const LIMIT_MS = 30_000;
/** The issuer is asked, and a lost answer waited for. */
const CREATION_LIMIT_MS: number = 15 * 60_000;
/** How it is takes a daemon no time to say: one that does not is stopped, or hangs. */
const HEALTH_LIMIT_MS = 10_000;
const ANSWER_BYTES_MAX: number = 64 * 1024 * 1024;

/**
 * The daemon that listens on this socket; undefined when none does. Throws `daemon_unreachable` when it cannot be asked, or
 * does not answer within ten seconds: the kernel takes calls for a stopped process too.
 */
export async function connectControl(
  path: string,
  healthLimitMs: number = HEALTH_LIMIT_MS,
): Promise<(Remote & Whose & { close(): Promise<void> }) | undefined> {
  if (isSilent(await probeSocket(path))) return undefined;
  // Any answer will do: a daemon of an earlier version does not know the call.
  const { settingsFile } = readWhose(await post(path, "health", "[]", healthLimitMs));
  const call = async (method: Method, args: readonly unknown[]): Promise<unknown> =>
    readAnswer(await post(path, method, JSON.stringify(args), method === "createToken" ? CREATION_LIMIT_MS : LIMIT_MS));
  const bound = <M extends Method>(method: M): Remote[M] =>
    ((...args: readonly unknown[]) => call(method, args)) as unknown as Remote[M];
  return {
    settingsFile,
    status: bound("status"),
    tokenStatus: bound("tokenStatus"),
    plan: bound("plan"),
    planOf: bound("planOf"),
    calendar: bound("calendar"),
    calendarDays: bound("calendarDays"),
    limits: bound("limits"),
    history: bound("history"),
    renew: bound("renew"),
    renewal: bound("renewal"),
    pause: bound("pause"),
    resume: bound("resume"),
    rollback: bound("rollback"),
    accept: bound("accept"),
    discard: bound("discard"),
    createToken: async (order) => readCreated(await call("createToken", [sentOrder(order)])),
    adopt: bound("adopt"),
    issueLink: bound("issueLink"),
    reload: bound("reload"),
    health: bound("health"),
    close: () => Promise.resolve(),
  };
}

function post(socketPath: string, method: Method, body: string, limitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void =>
      reject(new RenewdError("daemon_unreachable", `the daemon at ${socketPath} ${why}`, { cause }));
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const options = {
      socketPath,
      path: `/control/${method}`,
      method: "POST",
      headers,
      agent: false,
      timeout: limitMs,
    };
    const asked = request(options, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_BYTES_MAX) asked.destroy(new Error("answer too large"));
        else chunks.push(chunk);
      });
      answer.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      answer.on("error", (error) => fail("broke off its answer", error));
    });
    asked.on("timeout", () => asked.destroy(new Error(`nothing for ${limitMs / 1_000} s`)));
    asked.on("error", (error: NodeJS.ErrnoException) => fail(`did not answer (${error.code ?? error.message})`, error));
    asked.end(body);
  });
}
