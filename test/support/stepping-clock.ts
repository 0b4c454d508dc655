import { FakeClock } from "./fake-clock.ts";

/** A fake clock that tells when its next timer is due, so that a test can step from one to the next. */
export class SteppingClock extends FakeClock {
  readonly #dueMs = new Set<{ readonly atMs: number }>();

  override after(delayMs: number, task: () => void): () => void {
    const due = { atMs: this.monotonicMs() + Math.max(0, delayMs) };
    this.#dueMs.add(due);
    const cancel = super.after(delayMs, () => {
      this.#dueMs.delete(due);
      task();
    });
    return () => {
      this.#dueMs.delete(due);
      cancel();
    };
  }

  /** Infinity when no timer is pending. */
  get nextTimerInMs(): number {
    return Math.min(Infinity, ...[...this.#dueMs].map(({ atMs }) => atMs - this.monotonicMs()));
  }
}
