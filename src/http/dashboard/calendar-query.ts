import type { DaysAsked } from "../../core/calendar-days.ts";
import { DAY_MS, type Instant } from "../../core/duration.ts";
import { dayOf } from "./times.ts";

const DAYS_DEFAULT = 60;
const DAYS_MAX = 366;
/** Of one day shown by itself. */
export const DAY_ROWS = 200;

export interface CalendarQuery {
  readonly days: number;
  /** Words that each entry must have in its key, name or issuer. */
  readonly q: string;
  /** One day alone, `2026-07-01`; "" for all. */
  readonly day: string;
  readonly page: number;
}

/** What cannot be understood counts as not asked for. */
export function readCalendarQuery(asked: (name: string) => string | undefined): CalendarQuery {
  const number = (name: string, usual: number, most: number): number => {
    const text = asked(name) ?? "";
    return /^[1-9]\d{0,5}$/.test(text) ? Math.min(Number(text), most) : usual;
  };
  const day = isDay(asked("day") ?? "") ? (asked("day") ?? "") : "";
  const q = (asked("q") ?? "").slice(0, 200).trim();
  return { days: number("days", DAYS_DEFAULT, DAYS_MAX), q, day, page: number("page", 1, 999_999) };
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(midnightOf(text));
}

function midnightOf(day: string): Instant {
  return Date.parse(`${day}T00:00:00Z`);
}

export function daysAskedBy({ days, q, day }: CalendarQuery): DaysAsked {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return { days, words, dayAt: day === "" ? null : midnightOf(day) };
}

export function calendarHref(query: CalendarQuery, changes: Partial<CalendarQuery> = {}): string {
  const usual = new Map<string, unknown>(Object.entries(readCalendarQuery(() => undefined)));
  const asked = Object.entries({ ...query, ...changes }).filter(([name, value]) => value !== usual.get(name));
  const params = new URLSearchParams(asked.map(([name, value]) => [name, String(value)])).toString();
  return params === "" ? "/calendar" : `/calendar?${params}`;
}

export interface Month {
  /** `2026-07`. */
  readonly month: string;
  /** From Monday on; null where the week reaches out of the month. */
  readonly weeks: readonly (readonly (string | null)[])[];
}

/** The months that the coming days touch. */
export function monthsOf(now: Instant, days: number): readonly Month[] {
  const dates = Array.from({ length: days + 1 }, (_, index) => dayOf(now + index * DAY_MS));
  const months = [...new Set(dates.map((date) => date.slice(0, 7)))];
  return months.map((month) => ({ month, weeks: weeksOf(month) }));
}

function weeksOf(month: string): readonly (readonly (string | null)[])[] {
  const first = Date.parse(`${month}-01T00:00:00Z`);
  const lead = (new Date(first).getUTCDay() + 6) % 7;
  const cells: (string | null)[] = Array.from({ length: lead }, () => null);
  for (let at = first; dayOf(at).startsWith(month); at += DAY_MS) cells.push(dayOf(at));
  while (cells.length % 7 !== 0) cells.push(null);
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7));
}
