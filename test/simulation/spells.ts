import type { Instant } from "../../src/core/duration.ts";

/** A stretch of time in which something is not as it should be. */
export interface Spell<T> {
  readonly fromAt: Instant;
  readonly toAt: Instant;
  readonly what: T;
}

/** Spells of one thing, in order of time and never two at once. */
export class Timeline<T> {
  readonly spells: readonly Spell<T>[];
  #next = 0;

  constructor(spells: readonly Spell<T>[]) {
    this.spells = spells;
  }

  /** What goes on now. Time only moves forward between calls. */
  at(now: Instant): Spell<T> | undefined {
    for (let spell = this.spells[this.#next]; spell !== undefined; spell = this.spells[this.#next]) {
      if (now < spell.fromAt) return undefined;
      if (now < spell.toAt) return spell;
      this.#next += 1;
    }
    return undefined;
  }
}

export type Stretch = readonly [fromAt: Instant, toAt: Instant];

/** Overlapping stretches become one. */
export function union(...lists: readonly (readonly Stretch[])[]): readonly Stretch[] {
  const merged: [number, number][] = [];
  for (const [from, to] of lists.flat().toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** Where all of these are at once. */
export function intersection(lists: readonly (readonly Stretch[])[]): readonly Stretch[] {
  return lists.reduce((common, list) =>
    common.flatMap(([from, to]) =>
      list.flatMap(([a, b]): readonly Stretch[] => (a < to && b > from ? [[Math.max(a, from), Math.min(b, to)]] : [])),
    ),
  );
}

/** The end of the first unbroken stretch of this length, not before `from`, that is free of all bad ones (sorted, merged). */
export function endOfFree(bad: readonly Stretch[], from: Instant, lengthMs: number): Instant {
  let start = from;
  for (const [badFrom, badTo] of bad) {
    if (badTo <= start) continue;
    if (badFrom >= start + lengthMs) break;
    start = badTo;
  }
  return start + lengthMs;
}
