import type { Clock } from "../../src/core/ports.ts";

/** Resolves after `ms` on this clock (never, for Infinity), or when the signal aborts. */
export function until(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const cancel = Number.isFinite(ms) ? clock.after(ms, resolve) : () => undefined;
    signal.addEventListener("abort", () => {
      cancel();
      resolve();
    });
  });
}
