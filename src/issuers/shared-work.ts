import { RenewdError } from "../core/errors.ts";

/** Work that several callers wait for together. It is called off only when the last of them has gone before its end. */
export class SharedWork<T> {
  readonly #ender = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;
  #settled = false;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    const settle = (): void => {
      this.#settled = true;
    };
    this.#result = work(this.#ender.signal);
    this.#result.then(settle, settle);
  }

  /** Nobody waited for it any more, so its result is of no use. */
  get abandoned(): boolean {
    return this.#ender.signal.aborted;
  }

  async join(signal: AbortSignal): Promise<T> {
    this.#waiting += 1;
    try {
      return await orCalledOff(this.#result, signal);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0 && !this.#settled) this.#ender.abort();
    }
  }
}

/** The promise's result, or `issuer_timeout` as soon as the signal aborts; then nothing of this caller was sent. */
export function orCalledOff<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const callOff = (): void => reject(calledOff(signal));
    if (signal.aborted) callOff();
    signal.addEventListener("abort", callOff, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", callOff));
  });
}

/** The failure of a caller that gave up before anything of its own was sent. */
export function calledOff(signal: AbortSignal): RenewdError {
  return new RenewdError("issuer_timeout", "the call was called off", { cause: signal.reason, sent: false });
}
