import { request } from "node:http";
import { RenewdError } from "../core/errors.ts";
import { type Method, type Remote, readAnswer, readCreated, sentOrder } from "./control-calls.ts";
import { isSilent, probeSocket } from "./control-path.ts";

/** Every other call records a wish or reads the state, so an answer that takes longer will not come. */
const LIMIT_MS = 30_000;
/** The issuer is asked, and a lost answer waited for. */
const CREATION_LIMIT_MS: number = 15 * 60_000;
const ANSWER_BYTES_MAX: number = 64 * 1024 * 1024;

/** The daemon that listens on this socket; undefined when none does. Throws `daemon_unreachable` when it cannot be asked. */
export async function connectControl(path: string): Promise<(Remote & { close(): Promise<void> }) | undefined> {
  if (isSilent(await probeSocket(path))) return undefined;
  const call = async (method: Method, args: readonly unknown[]): Promise<unknown> =>
    readAnswer(await post(path, method, JSON.stringify(args)));
  const bound = <M extends Method>(method: M): Remote[M] =>
    ((...args: readonly unknown[]) => call(method, args)) as unknown as Remote[M];
  return {
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
    close: () => Promise.resolve(),
  };
}

function post(socketPath: string, method: Method, body: string): Promise<string> {
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
      timeout: method === "createToken" ? CREATION_LIMIT_MS : LIMIT_MS,
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
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", (error: NodeJS.ErrnoException) => fail(`did not answer (${error.code ?? error.message})`, error));
    asked.end(body);
  });
}
