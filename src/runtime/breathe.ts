import type { Breathe } from "../core/in-turns.ts";
import type { Clock } from "../core/ports.ts";
import { systemClock } from "./clock.ts";

/**
 * Nobody notices so long a wait. Each turn that ends may let a busy daemon work for much longer, with a sync of the disk
 * at each step: what ends it every millisecond waits for hundreds of those.
 */
const TURN_MS = 5;

/**
 * Ends this turn of the event loop once it has lasted: timers and sockets that are ready are served before it resolves.
 * Counted from when anybody's last turn began, so that several who read at once take one turn each.
 */
export function breatheBy(clock: Pick<Clock, "monotonicMs">): Breathe {
  let beganMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.monotonicMs() - beganMs < TURN_MS) return Promise.resolve();
    return new Promise((resolve) => {
      setImmediate(() => {
        beganMs = clock.monotonicMs();
        resolve();
      });
    });
  };
}

export const breathe: Breathe = breatheBy(systemClock);
