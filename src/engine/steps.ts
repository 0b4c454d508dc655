import type { Instant } from "../core/duration.ts";
import { type RenewdError, toRenewdError } from "../core/errors.ts";
import { HEARTBEAT_MS } from "../core/schedule.ts";
import type { Agenda, Job } from "../core/state-store.ts";
import type { Engine } from "./engine.ts";
import { NotAdmitted } from "./service.ts";
import { LeaseLost, Tenure } from "./tenure.ts";
import { traced } from "./traced.ts";
import { LookAgain } from "./work.ts";

/** A renewal and a delivery have a handful of steps; more than this in one claim means that something does not move. */
const STEPS_PER_CLAIM_MAX = 12;
const OUT_OF_STEPS_MS = 60_000;

/** What was decided from the recorded state: to wait (and how long, by the same reading), or one step and how its failure is recorded. */
export type Step =
  | { readonly wait: () => Promise<Agenda> }
  | { readonly act: () => Promise<void>; readonly fail: (error: RenewdError) => Promise<void> };

/** One job's worker. */
export interface Worker {
  /** Decides anew from the recorded state and the settings in force; undefined when the job is no longer declared. */
  next(tenure: Tenure): Promise<Step | undefined>;
  /** Reads the state anew, tells what is wrong, and works out when time alone will change anything. */
  agenda(waitUntil: Instant): Promise<Agenda>;
}

/** Claims the job, takes steps until there is nothing to do now, notes when to look again. */
export function workUnderLease(engine: Engine, job: Job, stop: AbortSignal, worker: Worker): Promise<void> {
  const declared = engine.fleet().members.get(job.token)?.declared;
  const { token, target } = job;
  const { name = "", issuer = "" } = declared ?? {};
  const work = (): Promise<void> => takeTurn(engine, job, stop, worker);
  if (target === null) return traced(engine, "renewd.token", { token, name, issuer }, work);
  const store = declared?.targets.find(({ label }) => label === target)?.store ?? "";
  return traced(engine, "renewd.target", { token, name, target, store }, work);
}

async function takeTurn(engine: Engine, job: Job, stop: AbortSignal, worker: Worker): Promise<void> {
  const tenure = await Tenure.claim(job, engine, stop);
  if (tenure === undefined) return;
  try {
    await tenure.end(await takeSteps(engine, tenure, worker));
  } catch (thrown) {
    if (!(thrown instanceof LeaseLost)) throw thrown;
    const resource = job.target === null ? job.token : `${job.token}/${job.target}`;
    engine.emit({ type: "lease:lost", at: engine.clock.now(), resource });
    await tenure.end({ wakeAt: engine.clock.now(), deadlineAt: null });
  }
}

async function takeSteps(engine: Engine, tenure: Tenure, worker: Worker): Promise<Agenda> {
  for (let taken = 0; taken < STEPS_PER_CLAIM_MAX; taken += 1) {
    const step = await worker.next(tenure);
    if (step === undefined) return { wakeAt: engine.clock.now() + HEARTBEAT_MS, deadlineAt: null };
    if ("wait" in step) return step.wait();
    try {
      await step.act();
    } catch (thrown) {
      if (thrown instanceof LeaseLost) throw thrown;
      if (thrown instanceof NotAdmitted) return worker.agenda(thrown.until);
      if (thrown instanceof LookAgain) return worker.agenda(thrown.at);
      await step.fail(toRenewdError(thrown));
    }
  }
  return worker.agenda(engine.clock.now() + OUT_OF_STEPS_MS);
}
