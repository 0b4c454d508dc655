import type { Clock } from "../core/ports.ts";

/** Makes the limit true whatever happens: when it is over, what still runs is aborted and can bring no answer. */
export async function within<T>(
  limitMs: number,
  clock: Clock,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const cancel = clock.after(limitMs, () => limit.abort());
  return work(AbortSignal.any([signal, limit.signal])).finally(cancel);
}
