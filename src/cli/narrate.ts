import { type DomainEvent, EVENT_LEVELS, type EventType, type Level } from "../core/events.ts";
import { localTime, type Paint, type Style } from "./format.ts";
import { subjectOf, wordsOf } from "./words.ts";

/** Said by another line of the same moment, or of no interest to somebody who watches. */
const UNTOLD: ReadonlySet<EventType> = new Set<EventType>(["daemon:started", "renewal:minted", "renewal:settled"]);

const STYLE_BY_LEVEL: Readonly<Record<Level, Style | null>> = { debug: "faint", info: null, warn: "warn", error: "bad" };

/** One line for a person who watches the daemon on a terminal; undefined when the event is not worth one. */
export function narrate(event: DomainEvent, paint: Paint): string | undefined {
  const level = EVENT_LEVELS[event.type];
  if (level === "debug" || UNTOLD.has(event.type)) return undefined;
  const words = wordsOf(event, (at) => localTime(at, event.at));
  return spoken(event.at, subjectOf(event), words, paint, STYLE_BY_LEVEL[level] ?? undefined);
}

/** `12:03:05  airflow-flowapi: verified …` */
export function spoken(at: number, subject: string, words: string, paint: Paint, style?: Style): string {
  const text = subject === "" ? words : `${subject}: ${words}`;
  return `${paint("faint", localTime(at, at))}  ${style === undefined ? paint("plain", text) : paint(style, text)}`;
}
