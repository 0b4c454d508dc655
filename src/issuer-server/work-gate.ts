/** Lets a few tasks run at once and a few more wait; whoever comes then is turned away. */
export class WorkGate {
  readonly #atOnce: number;
  readonly #mayWait: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, mayWait: number) {
    this.#atOnce = atOnce;
    this.#mayWait = mayWait;
  }

  /** Undefined, at once, when the queue is full. First come, first served. */
  run<T>(task: () => Promise<T>): Promise<T> | undefined {
    if (this.#running < this.#atOnce) {
      this.#running += 1;
      return this.#hold(task);
    }
    if (this.#waiting.length >= this.#mayWait) return undefined;
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() => this.#hold(task));
  }

  /** A place is handed on as it is, so that nobody can slip in between. */
  async #hold<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
