import { type DomainEvent, EVENT_LEVELS, type EventType } from "../core/events.ts";
import type { Instant } from "../core/duration.ts";
import { localTime, type Paint, type Style } from "./format.ts";
import type { Names } from "./names.ts";
import { lifeWords, subjectOf, wordsOf } from "../core/event-words.ts";

/** Said by another line of the same moment, or of no interest to somebody who watches. */
const UNTOLD: ReadonlySet<EventType> = new Set<EventType>(["daemon:started", "renewal:minted", "renewal:settled"]);

/**
 * One line for a person who watches the daemon on a terminal; undefined for an event that is not worth one, and for
 * what is louder than that: the log tells it on the same terminal.
 */
export function narrate(event: DomainEvent, names: Names, paint: Paint): string | undefined {
  if (EVENT_LEVELS[event.type] !== "info" || UNTOLD.has(event.type)) return undefined;
  const told = shortened(event, names) ?? {
    subject: subjectOf(event),
    words: wordsOf(event, (at) => localTime(at, event.at)),
  };
  return spoken(event.at, told.subject, told.words, paint);
}

/** The steps of an ordinary renewal, told as the settings' names make them shortest. */
function shortened(event: DomainEvent, names: Names): { subject: string; words: string } | undefined {
  if (event.type === "renewal:asked") {
    const issuer = names.issuerOf(event.token) ?? "the issuer";
    const kind = event.kind === "renew" ? "fresh" : "new";
    const words = `asked ${issuer} for a ${kind} token ${lifeWords(event.lifetimeMs)}`;
    return { subject: event.token, words };
  }
  if (event.type !== "target:delivered") return undefined;
  const place = names.placeOf(event.token, event.target) ?? event.target;
  return { subject: event.token, words: `written to ${place}` };
}

/** `12:03:05  airflow-flowapi: verified …` */
export function spoken(at: Instant, subject: string, words: string, paint: Paint, style: Style = "plain"): string {
  const text = subject === "" ? words : `${subject}: ${words}`;
  return `${paint("faint", localTime(at, at))}  ${paint(style, text)}`;
}
