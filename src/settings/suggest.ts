/** "Did you mean `hold`?", or the known words themselves when none is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const all = [...known];
  const near = nearest(word, all);
  if (near !== undefined) return `Did you mean \`${near}\`?`;
  if (all.length === 0) return "None is known here; remove it.";
  const shown = all.slice(0, 20).map((each) => `\`${each}\``);
  return `Known here: ${shown.join(", ")}${all.length > shown.length ? ", …" : ""}.`;
}

/** The known word that was probably meant, or undefined when none is near (at most a third of its letters differ). */
function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  const wanted = normal(word.slice(0, 80));
  for (const candidate of known) {
    const other = normal(candidate);
    const far = Math.max(1, Math.floor(Math.max(wanted.length, other.length) / 3));
    const distance = editDistance(wanted, other);
    if (distance <= far && distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `renewBefore`, `renew-before` and `renew_before` are the same slip. */
function normal(word: string): string {
  return word.toLowerCase().replace(/[_\-. ]/g, "");
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of two neighbours cost one each. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? cell(i - 2, j - 2) + 1 : replaced;
      row.push(Math.min(replaced, swapped, cell(i - 1, j) + 1, cell(i, j - 1) + 1));
    }
  }
  return cell(a.length, b.length);
}
