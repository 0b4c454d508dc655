/** Lets everything else that waits have its turn: long work calls it now and then. */
export type Breathe = () => Promise<void>;

/** Of a few microseconds each; of a fraction of a millisecond it is some ten milliseconds. */
const BATCH = 100;

/** What is made of each, in order, without keeping all others waiting until the last is made. */
export async function inTurns<T, R>(items: readonly T[], breathe: Breathe, make: (item: T) => R): Promise<R[]> {
  const made: R[] = [];
  for (const item of items) {
    made.push(make(item));
    if (made.length % BATCH === 0) await breathe();
  }
  return made;
}
