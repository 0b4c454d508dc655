import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

export type Answer =
  { readonly value: Readonly<Record<string, unknown>> } | { readonly status: number; readonly error: string };

/** Arvados' own Python client in a process of its own, told where the cluster is as every Arvados client is told. */
export class ArvadosSdk {
  readonly #home: string;
  readonly #process: ChildProcess;
  readonly #lines: Interface;
  readonly #ended: Promise<unknown>;

  private constructor(home: string, process: ChildProcess, lines: Interface) {
    this.#home = home;
    this.#process = process;
    this.#lines = lines;
    this.#ended = once(process, "exit");
  }

  static async start(bin: string, url: string, token: string): Promise<ArvadosSdk> {
    const home = await mkdtemp(join(tmpdir(), "renewd-arvados-"));
    const env = {
      HOME: home,
      ARVADOS_API_HOST: new URL(url).host,
      ARVADOS_API_TOKEN: token,
      ARVADOS_API_HOST_INSECURE: "1",
    };
    const program = join(import.meta.dirname, "arvados-client.py");
    const child = spawn(join(bin, "python"), [program], { env, stdio: ["pipe", "pipe", "inherit"] });
    await once(child, "spawn");
    return new ArvadosSdk(home, child, createInterface({ input: child.stdout }));
  }

  /** `api_client_authorizations.list` with the arguments that the client's method takes; one call at a time. */
  async call(path: string, args: Readonly<Record<string, unknown>> = {}, token: string | null = null): Promise<Answer> {
    const answered = Promise.race([
      once(this.#lines, "line"),
      this.#ended.then(() => {
        throw new Error(`the client ended with ${String(this.#process.exitCode)}`);
      }),
    ]);
    this.#process.stdin?.write(`${JSON.stringify({ token, path, args })}\n`);
    const [line] = (await answered) as [string];
    return JSON.parse(line) as Answer;
  }

  async close(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
    await rm(this.#home, { recursive: true, force: true });
  }
}
