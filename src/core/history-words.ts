import { EVENT_LEVELS, type DomainEvent, type EventType, type Level } from "./events.ts";
import { type ShowInstant, wordsOf } from "./event-words.ts";
import { present } from "./present.ts";
import type { HistoryEntry } from "./state-store.ts";

/** An entry is an event taken apart; one that another version wrote is shown as it is. */
export function historyWords(token: string, { at, type, target, data }: HistoryEntry, show: ShowInstant): string {
  const asItIs = (): string => `${type} ${JSON.stringify(present(data))}`;
  if (!isKnown(type)) return asItIs();
  const about = { ...data, token, target: target ?? "" };
  const event = type.startsWith("incident:") ? { type, at, incident: about } : { ...about, type, at };
  try {
    return typed(wordsOf(whole(event as DomainEvent), show), token, target);
  } catch {
    return asItIs();
  }
}

/** Words are only made of what is there. */
function whole(event: DomainEvent): DomainEvent {
  return new Proxy(event, {
    get: (fields, name) => {
      if (!Object.hasOwn(fields, name)) throw new TypeError(`the entry has no ${String(name)}`);
      return Reflect.get(fields, name) as unknown;
    },
  });
}

/** Commands as they are typed for this token. */
function typed(text: string, token: string, target: string | null): string {
  return text.replaceAll(/`[^`]*`/g, (command) =>
    command.replaceAll(/\bTOKEN\b/g, () => token).replaceAll(/\bTARGET\b/g, () => target ?? "TARGET"),
  );
}

/** How much an entry matters to who looks for what went wrong. */
export function historyLevel(type: string): Level {
  return isKnown(type) ? EVENT_LEVELS[type] : "info";
}

function isKnown(type: string): type is EventType {
  return Object.hasOwn(EVENT_LEVELS, type);
}
