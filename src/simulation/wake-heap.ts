import type { Instant } from "../core/duration.ts";

interface Entry<T> {
  readonly at: Instant;
  readonly item: T;
  readonly turn: number;
}

/** What wakes when: put again, an item wakes at the later word only. */
export class WakeHeap<T> {
  readonly #entries: Entry<T>[] = [];
  readonly #turns = new Map<T, number>();
  #turn = 0;

  put(item: T, at: Instant): void {
    this.#turn += 1;
    this.#turns.set(item, this.#turn);
    this.#entries.push({ at, item, turn: this.#turn });
    this.#rise(this.#entries.length - 1);
  }

  /** Infinity when nothing sleeps. */
  get firstAt(): Instant {
    this.#dropStale();
    return this.#entries[0]?.at ?? Infinity;
  }

  /** Takes out the first that wakes at or before `now`. */
  takeUntil(now: Instant): T | undefined {
    this.#dropStale();
    const first = this.#entries[0];
    if (first === undefined || first.at > now) return undefined;
    this.#removeFirst();
    this.#turns.delete(first.item);
    return first.item;
  }

  #dropStale(): void {
    for (let first = this.#entries[0]; first !== undefined; first = this.#entries[0]) {
      if (this.#turns.get(first.item) === first.turn) return;
      this.#removeFirst();
    }
  }

  #removeFirst(): void {
    const last = this.#entries.pop();
    if (last === undefined || this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#sink();
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const above = (at - 1) >>> 1;
      if (!this.#swapIfEarlier(at, above)) return;
      at = above;
    }
  }

  #sink(): void {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = this.#isEarlier(right, left) ? right : left;
      if (!this.#swapIfEarlier(child, at)) return;
      at = child;
    }
  }

  #isEarlier(a: number, b: number): boolean {
    const [first, second] = [this.#entries[a], this.#entries[b]];
    if (first === undefined || second === undefined) return false;
    return first.at < second.at || (first.at === second.at && first.turn < second.turn);
  }

  #swapIfEarlier(a: number, b: number): boolean {
    const [first, second] = [this.#entries[a], this.#entries[b]];
    if (first === undefined || second === undefined || !this.#isEarlier(a, b)) return false;
    this.#entries[a] = second;
    this.#entries[b] = first;
    return true;
  }
}
