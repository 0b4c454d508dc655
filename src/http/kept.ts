import type { Clock } from "../core/ports.ts";

interface Made {
  readonly value: Promise<unknown>;
  /** Null while it is made. */
  endsMs: number | null;
}

/** What takes long to make, for all who ask while it is made or soon after it was asked for. Without a clock it is not kept. */
export class Kept {
  readonly #clock: Pick<Clock, "monotonicMs" | "after"> | undefined;
  readonly #made = new Map<string, Made>();

  constructor(clock: Pick<Clock, "monotonicMs" | "after"> | undefined) {
    this.#clock = clock;
  }

  /** What one name stands for is always of one type. `keptMs` counts from when it was asked for. */
  read<T>(name: string, keptMs: number, make: () => Promise<T>): Promise<T> {
    const nowMs = this.#clock?.monotonicMs() ?? 0;
    const found = this.#made.get(name);
    if (found !== undefined && (found.endsMs === null || nowMs < found.endsMs)) return found.value as Promise<T>;
    const value = make();
    const made: Made = { value, endsMs: null };
    this.#made.set(name, made);
    value.then(
      () => this.#keep(name, made, nowMs + keptMs),
      // A failure is nobody else's.
      () => this.#drop(name, made),
    );
    return value;
  }

  /** What is asked for from now on is made anew. */
  forget(): void {
    this.#made.clear();
  }

  #keep(name: string, made: Made, endsMs: number): void {
    made.endsMs = endsMs;
    const restMs = this.#clock === undefined ? 0 : endsMs - this.#clock.monotonicMs();
    if (restMs <= 0) this.#drop(name, made);
    // It may be large.
    else this.#clock?.after(restMs, () => this.#drop(name, made));
  }

  #drop(name: string, made: Made): void {
    if (this.#made.get(name) === made) this.#made.delete(name);
  }
}
