import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface, type Interface } from "node:readline";

export type Environment = Readonly<Record<string, string>>;

/** `[secrets]` of a page's ini block, as Airflow takes it. */
export interface Backend {
  readonly backend: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** What the page tells to put into airflow.cfg. */
export function backendOf(page: string): Backend {
  const text = readFileSync(resolve(import.meta.dirname, "../../docs", page), "utf8");
  const [, backend, kwargs] = /\[secrets\]\nbackend = (\S+)\nbackend_kwargs = (.+)\n/.exec(text) ?? [];
  if (backend === undefined || kwargs === undefined) throw new Error(`${page} has no [secrets]`);
  return { backend, kwargs: JSON.parse(kwargs) as Backend["kwargs"] };
}

/** An Airflow of its own: a folder, a database in it, and what the machine's own environment says of Airflow and AWS left out. */
export class Airflow {
  readonly home: string;
  readonly #bin: string;
  readonly #env: Environment;

  private constructor(bin: string, home: string) {
    this.#bin = bin;
    this.home = home;
    this.#env = {
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
      HOME: home,
      AIRFLOW_HOME: home,
      AIRFLOW__CORE__LOAD_EXAMPLES: "False",
      AIRFLOW__CORE__DAGS_FOLDER: join(home, "dags"),
    };
  }

  static async make(bin: string): Promise<Airflow> {
    const airflow = new Airflow(bin, await mkdtemp(join(tmpdir(), "renewd-airflow-")));
    await mkdir(join(airflow.home, "dags"));
    await airflow.shell("airflow db migrate >&2");
    return airflow;
  }

  /** What a command line prints. */
  async shell(line: string, more: Environment = {}): Promise<string> {
    const child = spawn("/bin/sh", ["-c", line], { env: this.#with(more), stdio: ["ignore", "pipe", "pipe"] });
    let [printed, complaint] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (printed += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-2_000)));
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`${line} ended with ${code}: ${printed.slice(-2_000)}${complaint}`);
    return printed;
  }

  reader(more: Environment): AirflowReader {
    const program = join(import.meta.dirname, "airflow-reader.py");
    const env = this.#with(more);
    return new AirflowReader(spawn(join(this.#bin, "python"), [program], { env, stdio: ["pipe", "pipe", "ignore"] }));
  }

  remove(): Promise<void> {
    return rm(this.home, { recursive: true, force: true });
  }

  #with(more: Environment): Environment {
    return { ...this.#env, ...more };
  }
}

export function inBackend({ backend, kwargs }: Backend): Environment {
  return { AIRFLOW__SECRETS__BACKEND: backend, AIRFLOW__SECRETS__BACKEND_KWARGS: JSON.stringify(kwargs) };
}

export interface Watched {
  readonly reads: number;
  readonly seen: readonly string[];
  readonly failures: readonly string[];
}

/** One process of Airflow's that goes on reading; one call at a time. See airflow-reader.py. */
export class AirflowReader {
  readonly #process: ChildProcess;
  readonly #lines: Interface;
  readonly #ended: Promise<unknown>;

  constructor(process: ChildProcess) {
    if (process.stdout === null) throw new TypeError("its output has to be a pipe");
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout });
    this.#ended = once(process, "exit");
  }

  /** Null when Airflow finds none. */
  variable(key: string): Promise<string | null> {
    return this.#call({ variable: key }) as Promise<string | null>;
  }

  connection(id: string): Promise<unknown> {
    return this.#call({ connection: id });
  }

  async inDatabase(key: string, value: string): Promise<void> {
    await this.#call({ set: [key, value] });
  }

  async inEnvironment(key: string, value: string | null): Promise<void> {
    await this.#call({ environment: [key, value] });
  }

  /** Reads the variable again and again until `meanwhile` is over. */
  async whileReading(key: string, meanwhile: () => Promise<void>): Promise<Watched> {
    await this.#call({ watch: key });
    await meanwhile();
    return (await this.#call({ watched: null })) as Watched;
  }

  async close(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
  }

  async #call(asked: Readonly<Record<string, unknown>>): Promise<unknown> {
    const answered = Promise.race([
      once(this.#lines, "line"),
      this.#ended.then(() => {
        throw new Error(`Airflow's process ended with ${String(this.#process.exitCode)}`);
      }),
    ]);
    this.#process.stdin?.write(`${JSON.stringify(asked)}\n`);
    const [line] = (await answered) as [string];
    const answer = JSON.parse(line) as { readonly value: unknown } | { readonly error: string };
    if ("error" in answer) throw new Error(answer.error);
    return answer.value;
  }
}
