import { HOUR_MS, SECOND_MS } from "../core/duration.ts";
import { cronFields, fieldValues } from "./cron-fields.ts";

const HOUR_S = 3_600;

/**
 * The longest time between two ticks of a six-field expression (seconds first), in ms; undefined when it may be longer
 * than an hour, as it is when the hours or the days are restricted, or when the fields are not plain numbers.
 */
export function longestTickGapMs(expression: string): number | undefined {
  const [seconds, minutes, hours, ...dates] = cronFields(expression);
  if (seconds === undefined || minutes === undefined || hours === undefined || dates.length !== 3) return undefined;
  if (fieldValues(hours, 0, 23)?.length !== 24 || dates.some((field) => !/^[*?](\/1)?$/.test(field))) return undefined;
  const offsets = (fieldValues(minutes, 0, 59) ?? []).flatMap((minute) =>
    (fieldValues(seconds, 0, 59) ?? []).map((second) => minute * 60 + second),
  );
  const first = offsets[0];
  if (first === undefined) return undefined;
  const gaps = offsets.map((offset, index) => (offsets[index + 1] ?? first + HOUR_S) - offset);
  return Math.min(Math.max(...gaps) * SECOND_MS, HOUR_MS);
}
