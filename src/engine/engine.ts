import type { Clock, Random } from "../core/ports.ts";
import type { Emit } from "../core/events.ts";
import type { StateStore } from "../core/state-store.ts";
import type { Tracer } from "../core/trace.ts";
import type { ClockWatch } from "./clock-watch.ts";
import type { Fleet } from "./fleet.ts";

/** What every worker of the engine works with. */
export interface Engine {
  readonly clock: Clock;
  readonly random: Random;
  readonly state: StateStore;
  readonly emit: Emit;
  /** Unique to this process. */
  readonly holder: string;
  readonly watch: ClockWatch;
  /** Left out where nobody would look at it: a simulation, most tests. */
  readonly trace?: Tracer;
  /** The fleet in force; workers read it anew at each step. */
  fleet(): Fleet;
}
