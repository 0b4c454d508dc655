/**
 * HOSTILE_ALL=1 tries every case in every place. Without it, as in `npm test`, each case is tried where it does most harm and
 * in one of its other places, a different one for each of its neighbours.
 */
const isLong = process.env["HOSTILE_ALL"] === "1";

/** Whether the case of this index is tried in this one of its `places` places. */
export function isTried(index: number, place: number, places: number): boolean {
  return isLong || index % places === place;
}
