import { type ChildProcess, fork } from "node:child_process";
import type { Report } from "./report.ts";
import type { SimulationOptions } from "./simulate.ts";

/** Nearly all that a simulation makes is soon forgotten: room for it to die young. */
const YOUNG = ["--max-semi-space-size=64"];
const WORKER = new URL("./worker.ts", import.meta.url);

/** Runs deployments on so many processes at once; tells of each as it ends. A process that dies ends the whole. */
export async function runAll(
  work: readonly SimulationOptions[],
  jobs: number,
  onReport: (report: Report) => void,
): Promise<void> {
  const left = [...work];
  const next = (): SimulationOptions | undefined => left.shift();
  const workers = Array.from({ length: Math.min(jobs, work.length) }, () => fork(WORKER, { execArgv: YOUNG }));
  try {
    await Promise.all(workers.map((worker) => serve(worker, next, onReport)));
  } finally {
    for (const worker of workers) worker.kill();
  }
}

function serve(
  worker: ChildProcess,
  next: () => SimulationOptions | undefined,
  onReport: (report: Report) => void,
): Promise<void> {
  let doing = next();
  return new Promise((resolve, reject) => {
    const give = (): void => {
      if (doing === undefined) resolve();
      else worker.send(doing);
    };
    worker.on("message", (report: Report) => {
      onReport(report);
      doing = next();
      give();
    });
    worker.on("exit", (code, signal) => {
      const what = doing === undefined ? "" : ` in seed ${doing.seed}, part ${doing.part}`;
      reject(new Error(`a simulating process ended with ${signal ?? code ?? "nothing"}${what}`));
    });
    give();
  });
}
