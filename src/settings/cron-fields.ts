/**
 * All values of one numeric cron field between `low` and `high`, ascending: `*`, `5`, `1-5`, lists of these, each with
 * an optional `/step`. Undefined when it is none of them.
 */
export function fieldValues(field: string, low: number, high: number): readonly number[] | undefined {
  const values = new Set<number>();
  for (const part of field.split(",")) {
    const found = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
    if (found === null) return undefined;
    const [, first, last, by] = found;
    const step = Number(by ?? 1);
    const from = Number(first ?? low);
    const to = Number(last ?? (first === undefined || by !== undefined ? high : first));
    if (step < 1 || from < low || to > high || from > to) return undefined;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

export function cronFields(expression: string): readonly string[] {
  return expression.trim().split(/\s+/);
}
