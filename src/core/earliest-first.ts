/** What comes from many sources, each in order, as one in order: a heap of the first of each. */
export class EarliestFirst<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #heap: { first: T; readonly rest: Iterator<T, undefined> }[] = [];

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  add(rest: Iterator<T, undefined>): void {
    const drawn = rest.next();
    if (drawn.done === true) return;
    this.#heap.push({ first: drawn.value, rest });
    this.#rise(this.#heap.length - 1);
  }

  /** Undefined after the last of all. Of each source no more is drawn than is asked for. */
  next(): T | undefined {
    const top = this.#heap[0];
    if (top === undefined) return undefined;
    const { first } = top;
    const drawn = top.rest.next();
    if (drawn.done !== true) top.first = drawn.value;
    else {
      const last = this.#heap.pop();
      if (last === undefined || last === top) return first;
      this.#heap[0] = last;
    }
    this.#sink();
    return first;
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const above = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, above)) return;
      at = above;
    }
  }

  #sink(): void {
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const [a, b] = [this.#heap[left], this.#heap[left + 1]];
      if (a === undefined) return;
      const below = b !== undefined && this.#isBefore(b.first, a.first) ? left + 1 : left;
      if (!this.#swapIfBefore(below, at)) return;
      at = below;
    }
  }

  #swapIfBefore(below: number, above: number): boolean {
    const [a, b] = [this.#heap[below], this.#heap[above]];
    if (a === undefined || b === undefined || !this.#isBefore(a.first, b.first)) return false;
    this.#heap[below] = b;
    this.#heap[above] = a;
    return true;
  }
}
