import { spawn } from "node:child_process";

export interface Program {
  readonly argv: readonly string[];
  /** The whole environment; nothing is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Kept of standard output and of standard error; what comes after is read and dropped. */
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal;
}

export type ProgramEnd =
  | { readonly end: "exited"; readonly status: number; readonly stdout: Buffer; readonly stderr: Buffer }
  | { readonly end: "not_started"; readonly code: string }
  | { readonly end: "killed"; readonly by: string; readonly stdout: Buffer; readonly stderr: Buffer }
  | { readonly end: "too_late"; readonly afterMs: number }
  | { readonly end: "aborted" };

/**
 * Runs a program without a shell and without input. Never throws. At the time limit and at an abort the
 * program is killed together with everything it started, which is why it gets a process group of its own.
 */
export function runProgram(program: Program): Promise<ProgramEnd> {
  const [file, ...args] = program.argv;
  if (file === undefined) return Promise.resolve({ end: "not_started", code: "an empty argv" });
  if (program.signal.aborted) return Promise.resolve({ end: "aborted" });
  // Node throws at once at what no program can be given, such as a NUL; its message quotes the text and stays behind.
  if ([...program.argv, ...Object.values(program.env)].some((text) => text.includes("\0"))) {
    return Promise.resolve({ end: "not_started", code: "an argument or variable holds a NUL" });
  }
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: program.env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const finish = (end: ProgramEnd): void => {
      clearTimeout(timer);
      program.signal.removeEventListener("abort", onAbort);
      resolve(end);
    };
    const stop = (end: ProgramEnd): void => {
      killGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      finish(end);
    };
    const onAbort = (): void => stop({ end: "aborted" });
    const timer = setTimeout(() => stop({ end: "too_late", afterMs: program.timeoutMs }), program.timeoutMs);
    program.signal.addEventListener("abort", onAbort);
    const stdout = collect(child.stdout, program.maxOutputBytes);
    const stderr = collect(child.stderr, program.maxOutputBytes);
    child.on("error", (error: NodeJS.ErrnoException) => finish({ end: "not_started", code: error.code ?? error.name }));
    child.on("close", (status, by) => {
      const output = { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
      if (status === null) finish({ end: "killed", by: by ?? "a signal", ...output });
      else finish({ end: "exited", status, ...output });
    });
  });
}

/** How it ended, in words that hold none of its output and no argument. */
export function describeEnd(ended: ProgramEnd): string {
  switch (ended.end) {
    case "exited":
      return `ended with status ${ended.status}`;
    case "killed":
      return `was killed by ${ended.by}`;
    case "not_started":
      return `could not be started: ${ended.code}`;
    case "too_late":
      return `was killed after ${ended.afterMs / 1000} s`;
    case "aborted":
      return "was stopped";
  }
}

function collect(stream: NodeJS.ReadableStream, maxBytes: number): readonly Buffer[] {
  const chunks: Buffer[] = [];
  let leftBytes = maxBytes;
  stream.on("data", (chunk: Buffer) => {
    if (leftBytes > 0) chunks.push(chunk.subarray(0, leftBytes));
    leftBytes -= chunk.length;
  });
  return chunks;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in between.
  }
}
