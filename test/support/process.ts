/** renewd as an operator runs it: a process of its own, its output kept, waited for by what it says and never by time alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const RENEWD: string = fileURLToPath(new URL("../../bin/renewd.js", import.meta.url));
/** Each start compiles the sources anew otherwise, which takes longer than most verbs. Keyed by content, so never stale. */
const COMPILED: string = fileURLToPath(new URL("../../node_modules/.cache/renewd-tests", import.meta.url));
/** For what comes in a second or two where nothing else runs. */
const LIMIT_MS = 60_000;

export interface SpawnOptions {
  /** Besides PATH; nothing else of the tests' own environment reaches the process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line of the daemon's log. */
export type Logged = Readonly<Record<string, unknown>> & { readonly event: string };

export class Renewd {
  readonly args: readonly string[];
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";
  #running = true;

  constructor(args: readonly string[], options: SpawnOptions = {}) {
    this.args = args;
    this.#child = spawn(process.execPath, [RENEWD, ...args], {
      cwd: options.cwd,
      env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: COMPILED, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => void (this.#stdout += text));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => void (this.#stderr += text));
    this.ended = this.#end();
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the process was never started");
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#running;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** What it logged so far, oldest first. */
  get log(): readonly Logged[] {
    return this.#stderr.split("\n").slice(0, -1).flatMap(parseLogged);
  }

  /** The first line of this event from the log's `from`-th line on, said already or still to be said. */
  async event(event: string, options: Waiting & { readonly from?: number } = {}): Promise<Logged> {
    const { from = 0, where = () => true } = options;
    const found = (): Logged | undefined => this.log.slice(from).find((line) => line.event === event && where(line));
    return this.#whenOutput(`event ${event}`, found, options.withinMs);
  }

  /** What `pattern` finds on its standard output. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#whenOutput(`${pattern} on stdout`, () => pattern.exec(this.#stdout) ?? undefined, LIMIT_MS);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGTERM, and how it ended. */
  stop(): Promise<Ended> {
    this.signal("SIGTERM");
    return this.ended;
  }

  kill(): Promise<Ended> {
    this.signal("SIGKILL");
    return this.ended;
  }

  async #end(): Promise<Ended> {
    const [code, signal] = (await once(this.#child, "close")) as [number | null, NodeJS.Signals | null];
    this.#running = false;
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
  }

  async #whenOutput<T>(what: string, found: () => T | undefined, withinMs = LIMIT_MS): Promise<T> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), withinMs);
    try {
      for (;;) {
        const answer = found();
        if (answer !== undefined) return answer;
        if (over.signal.aborted || !this.#running) throw new Error(`${this.#title}: no ${what}\n${this.#tail}`);
        await this.#moreOutput(over.signal);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #moreOutput(signal: AbortSignal): Promise<void> {
    const heard = new AbortController();
    const either = AbortSignal.any([signal, heard.signal]);
    const hear = (stream: NodeJS.EventEmitter | null, name: string): Promise<unknown> =>
      once(stream as NodeJS.EventEmitter, name, { signal: either }).catch(() => undefined);
    await Promise.race([
      hear(this.#child.stdout, "data"),
      hear(this.#child.stderr, "data"),
      hear(this.#child, "close"),
    ]);
    heard.abort();
  }

  get #title(): string {
    return `renewd ${this.args.join(" ")}`;
  }

  get #tail(): string {
    return `${this.#stdout.slice(-1_000)}${this.#stderr.slice(-3_000)}`;
  }
}

export interface Waiting {
  readonly where?: (line: Logged) => boolean;
  readonly withinMs?: number;
}

/** Asks again and again until there is an answer; the last refusal is the reason when there is none in time. */
export async function until<T>(what: string, ask: () => Promise<T> | T, withinMs = LIMIT_MS): Promise<NonNullable<T>> {
  const endMs = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() > endMs) {
      const why = last instanceof Error ? ` (${last.message})` : "";
      throw new Error(`not within ${withinMs} ms: ${what}${why}`, { cause: last });
    }
    await pause(50);
  }
}

/** Real time, where a real process is what is waited for. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Lines that are no log (a stack of Node's own) are left out. */
function parseLogged(line: string): readonly Logged[] {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null && "event" in parsed ? [parsed as Logged] : [];
  } catch {
    return [];
  }
}
