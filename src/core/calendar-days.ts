/** The calendar by days: each with its count, and the first of what is expected on it. */
import { CALENDAR_ENTRIES_MAX, type CalendarEntry, walk } from "./calendar.ts";
import type { TokenView } from "./decide.ts";
import { DAY_MS, type Instant } from "./duration.ts";
import type { Breathe } from "./in-turns.ts";

/** So many of each day are listed where every day is asked for. */
const ENTRIES_OF_DAY_MAX = 12;

export interface DaysAsked {
  readonly days: number;
  /** In lower case; each must be in the token's key, name or issuer. */
  readonly words: readonly string[];
  /** The midnight (UTC) that begins the one day whose entries are listed; null for some of each. */
  readonly dayAt: Instant | null;
}

export interface CalendarDay {
  readonly dayAt: Instant;
  /** Listed or not. */
  readonly count: number;
  readonly entries: readonly CalendarEntry[];
}

export interface CalendarDays {
  /** In order; days on which nothing is expected are left out. */
  readonly days: readonly CalendarDay[];
  /** Everything before it is counted: the end of what was asked for, unless that is too much to count. */
  readonly countedUntilAt: Instant;
}

export async function calendarDaysOf(
  all: readonly TokenView[],
  now: Instant,
  asked: DaysAsked,
  breathe: Breathe,
): Promise<CalendarDays> {
  const views = all.filter(({ declared }) => isMeant(declared, asked.words));
  const sorter = new DaySorter(asked.dayAt);
  const untilAt = now + asked.days * DAY_MS;
  const countedUntilAt = await walk({ views, now, untilAt, breathe }, (entry) => {
    sorter.add(entry);
    return true;
  });
  return { days: sorter.days, countedUntilAt };
}

export function isMeant(
  { key, name, issuer }: { readonly key: string; readonly name: string; readonly issuer: string },
  words: readonly string[],
): boolean {
  if (words.length === 0) return true;
  const text = `${key}\n${name}\n${issuer}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Takes entries in order of time. */
export class DaySorter {
  readonly #days = new Map<Instant, { readonly dayAt: Instant; count: number; readonly entries: CalendarEntry[] }>();
  readonly #only: Instant | null;

  constructor(only: Instant | null) {
    this.#only = only;
  }

  add(entry: CalendarEntry): void {
    const dayAt = Math.floor(entry.at / DAY_MS) * DAY_MS;
    const day = this.#days.get(dayAt) ?? { dayAt, count: 0, entries: [] };
    this.#days.set(dayAt, day);
    day.count += 1 + entry.more;
    const most = this.#only === null ? ENTRIES_OF_DAY_MAX : dayAt === this.#only ? CALENDAR_ENTRIES_MAX : 0;
    if (day.entries.length < most) day.entries.push(entry);
  }

  get days(): readonly CalendarDay[] {
    return [...this.#days.values()];
  }
}
