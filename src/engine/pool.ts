/** Runs so many pieces of work at once and never two of one name; what finds no room is left for the next sweep. */
export class Pool {
  readonly #size: number;
  readonly #running = new Map<string, Promise<void>>();

  constructor(size: number) {
    this.#size = size;
  }

  get room(): number {
    return this.#size - this.#running.size;
  }

  get busy(): number {
    return this.#running.size;
  }

  /** False when there is no room, or the same work is under way. `work` must not throw. */
  start(name: string, work: () => Promise<void>): boolean {
    if (this.room <= 0 || this.#running.has(name)) return false;
    this.#running.set(
      name,
      work().finally(() => this.#running.delete(name)),
    );
    return true;
  }

  /** Resolves when what is under way now has ended. */
  async current(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }
}
