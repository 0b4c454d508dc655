import { type DestinationStream, destination, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import { type DomainEvent, type Emit, EVENT_LEVELS, type EventType, type Level } from "../core/events.ts";
import { present } from "../core/present.ts";
import { withoutTokens } from "../core/redact.ts";
import { systemTracer } from "./trace.ts";

export interface LoggerOptions {
  /** For people at a terminal; otherwise a JSON object a line. */
  readonly pretty: boolean;
  /** What is quieter than this is left out. */
  readonly level: Level;
  /** Standard error when left out. */
  readonly destination?: { write(text: string): void };
}

export interface Logger {
  /** Writes one line; `event.at` is its time. */
  readonly onEvent: Emit;
  /** Writes out what is still buffered. */
  close(): void;
}

/** One line for each event: a message that is the same for every event of a type, and the event's fields in snake_case. */
export function createLogger(options: LoggerOptions): Logger {
  const stderr = options.destination === undefined ? openStderr() : undefined;
  const out = options.destination ?? stderr;
  const format = options.pretty ? prettyFactory({ ignore: NOT_FOR_PEOPLE, translateTime: "SYS:HH:MM:ss" }) : asItIs;
  const guarded: DestinationStream = { write: (line) => out?.write(format(withoutTokens(line))) };
  const log = pino({ level: options.level, base: null, timestamp: false, formatters: { level: label } }, guarded);
  return {
    onEvent: (event) => {
      log[EVENT_LEVELS[event.type]](fieldsOf(event), MESSAGES[event.type]);
    },
    close: () => stderr?.close(),
  };
}

/**
 * Lines wait for the operating system, renewd does not wait for them; what nobody reads is bounded. A log that cannot be
 * written (a full disk, a reader gone) does not stop the work that it tells of.
 */
function openStderr(): { write(text: string): void; close(): void } {
  const stderr = destination({ dest: 2, sync: false, maxLength: 4 * 1024 * 1024 });
  let isBroken = false;
  stderr.on("error", () => {
    isBroken = true;
  });
  stderr.on("write", () => {
    isBroken = false;
  });
  return {
    write: (text) => void stderr.write(text),
    // Flushing what cannot be written would wait for ever, also at the process's end.
    close: () => {
      if (isBroken) stderr.destroy();
      else stderr.flushSync();
    },
  };
}

function asItIs(line: string): string {
  return line;
}

function label(name: string): { readonly level: string } {
  return { level: name };
}

/**
 * An incident's own fields stand beside the others, so that a search needs to know one level only. Beside them stands what
 * the line belongs to; where the event tells of a renewal itself, that is the one.
 */
function fieldsOf(event: DomainEvent): Readonly<Record<string, unknown>> {
  const { type, at, ...fields } = event;
  const { incident, ...rest } = { incident: undefined, ...fields };
  const own = { ...rest, ...incident };
  const all = { ...own, ...systemTracer.correlation(), ...own };
  return { time: new Date(at).toISOString(), event: type, ...(present(all) as object) };
}

/** At a terminal one reads the lines in order; these are for whoever searches many. */
const NOT_FOR_PEOPLE = "event,sweep,work,issue,trace_id,span_id";

/** What the line of each event says; `docs/logs.md` is made from it. */
export const MESSAGES: Readonly<Record<EventType, string>> = {
  "daemon:started": "renewd runs",
  "daemon:stopping": "renewd stops: no new work is begun",
  "daemon:stopped": "renewd stopped",
  "settings:loaded": "settings are in force",
  "settings:refused": "settings refused; the old ones stay in force",
  "sweep:failed": "a sweep failed; the next one tries again",
  "clock:skewed": "the clock cannot be trusted",
  "clock:agrees": "the clock can be trusted again",
  "renewal:started": "renewal started",
  "renewal:window-overridden": "renewal outside its windows, because waiting would break the promise",
  "renewal:preflight-failed": "some targets could not take a write now",
  "renewal:asked": "asked the issuer for a fresh token",
  "renewal:minted": "the issuer made a fresh token",
  "renewal:in-doubt": "the issuer's answer was lost; what it made will be looked for",
  "renewal:nothing-made": "the lost request made nothing",
  "renewal:accepted": "the fresh token passed verification",
  "renewal:adopted": "a token that somebody else made is taken up",
  "renewal:quarantined": "the fresh token failed verification and stays out of every target",
  "renewal:outlived": "the fresh token can no longer serve; another will be asked for",
  "renewal:rolled-back": "a person rolled back: the previous token is used again, the newest is withdrawn",
  "renewal:overruled": "a person accepted a token that failed verification",
  "renewal:discarded": "a person discarded what was quarantined or in doubt",
  "renewal:failed": "a step of the renewal failed",
  "renewal:settled": "the newest token is in all targets",
  "issue:foreign": "a token of this name at the issuer is not what it should be; ignored",
  "issue:superseded": "a token was superseded before it was used",
  "issue:set-aside": "an open request was given up; what it may have made is not used",
  "token:retired": "the old token was ended at the issuer",
  "token:not-retired": "the old token could not be ended at the issuer",
  "token:handed-out": "a token was handed out to a person",
  "lease:lost": "a lease was lost; its work is left to whoever holds it",
  "target:delivered": "token written to the target",
  "target:proved": "the target was proved to hold the token",
  "target:adopted": "the target's own token is taken up",
  "target:drifted": "somebody else wrote the target",
  "target:failed": "a step of the delivery failed",
  "target:reloaded": "the reload hook was told",
  "target:adopt-allowed": "a person let renewd replace what the target holds",
  "service:failing": "a service is failing",
  "service:recovered": "a service is well again",
  "service:called": "a service was called",
  "channel:told": "an alert channel was told",
  "channel:failed": "an alert channel could not be told",
  "channel:recovered": "an alert channel is well again",
  "api-token:refused": "an API token of the settings lets nobody in",
  "person:asked": "a person asked for something",
  "incident:opened": "incident opened",
  "incident:repeated": "incident still open",
  "incident:resolved": "incident resolved",
};
