import { expect, test } from "vitest";
import { WorkGate } from "../../src/issuer-server/work-gate.ts";

interface Job {
  readonly task: () => Promise<void>;
  readonly finish: () => void;
  started: boolean;
}

function newJob(): Job {
  const { promise, resolve } = Promise.withResolvers<void>();
  const job: Job = {
    started: false,
    finish: resolve,
    task: () => {
      job.started = true;
      return promise;
    },
  };
  return job;
}

test("runs a few, lets a few wait in order, and turns the rest away", async () => {
  const gate = new WorkGate(2, 2);
  const jobs = [newJob(), newJob(), newJob(), newJob(), newJob()] as const;
  const runs = jobs.map((job) => gate.run(job.task));
  expect(jobs.map((job) => job.started)).toEqual([true, true, false, false, false]);
  expect(runs.map((run) => run === undefined)).toEqual([false, false, false, false, true]);
  jobs[1].finish();
  await runs[1];
  await Promise.resolve();
  expect(jobs.map((job) => job.started)).toEqual([true, true, true, false, false]);
  const last = newJob();
  const late = gate.run(last.task);
  expect(late).toBeDefined();
  for (const job of [...jobs, last]) job.finish();
  await Promise.all([...runs, late]);
  expect(last.started).toBe(true);
});

test("never runs more than it may, also for one who comes in the moment a place changes hands", async () => {
  const gate = new WorkGate(1, 5);
  let [running, most] = [0, 0];
  const task = async (): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
  };
  const late: Promise<void>[] = [];
  const comeLate = (): void => void late.push(gate.run(task) ?? Promise.reject(new Error("turned away")));
  const first = gate.run(task)?.then(comeLate);
  const runs = [gate.run(task), gate.run(task)?.then(comeLate)];
  await Promise.all([first, ...runs]);
  await Promise.all(late);
  expect(late).toHaveLength(2);
  expect(most).toBe(1);
});

test("a task that fails makes room as well", async () => {
  const gate = new WorkGate(1, 0);
  await expect(gate.run(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  await expect(gate.run(() => Promise.resolve("next"))).resolves.toBe("next");
});
