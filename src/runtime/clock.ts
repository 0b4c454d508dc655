import { uptime } from "node:os";
import type { Clock } from "../core/ports.ts";

/** Node fires a longer timer at once, so longer ones are made of several. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The host's own clocks and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  uptimeMs: () => uptime() * 1000,
  after,
};

function after(delayMs: number, task: () => void): () => void {
  if (Number.isNaN(delayMs)) throw new TypeError("a timer needs a number of milliseconds");
  const dueMs = performance.now() + delayMs;
  let timer = arm(delayMs);
  return () => clearTimeout(timer);

  function arm(restMs: number): NodeJS.Timeout {
    const partial = restMs > TIMER_MS_MAX;
    const next = (): void => {
      if (partial) timer = arm(dueMs - performance.now());
      else task();
    };
    return setTimeout(next, partial ? TIMER_MS_MAX : restMs).unref();
  }
}
