import type { Clock } from "../core/ports.ts";

const DEAF_MS = 5_000;

/**
 * One external call that takes at most `limitMs`: aborted then, or when `stop` is. A call that does not heed its signal is
 * left to itself: it must not hold its caller for ever.
 */
export async function limited<T>(
  clock: Clock,
  limitMs: number,
  stop: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const cancel = clock.after(limitMs, () => end.abort(new DOMException("took too long", "TimeoutError")));
  const signal = AbortSignal.any([end.signal, stop]);
  using deaf = deafness(clock, signal);
  try {
    return await Promise.race([call(signal), deaf.givenUp]);
  } finally {
    cancel();
  }
}

function deafness(clock: Clock, signal: AbortSignal): Disposable & { readonly givenUp: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  let cancel = (): void => undefined;
  const onAbort = (): void => {
    cancel = clock.after(DEAF_MS, () => reject(new TypeError("a call went on although it was aborted")));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    givenUp: promise,
    [Symbol.dispose]: () => {
      signal.removeEventListener("abort", onAbort);
      cancel();
    },
  };
}
