/**
 * While this is in force, the time limits that calls begin with (`AbortSignal.timeout`) count from when `came` resolves: once
 * the call has come to its server. On a busy machine a short limit would else be over before anything was sent, which is
 * another failure than the one that a test means.
 */
export function limitsCountFrom(came: Promise<unknown>): Disposable {
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (ms) => {
    const over = new AbortController();
    void came.then(() => setTimeout(() => over.abort(new DOMException("the time is over", "TimeoutError")), ms));
    return over.signal;
  };
  return { [Symbol.dispose]: () => void (AbortSignal.timeout = timeout) };
}
