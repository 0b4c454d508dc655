/** Readers of arguments, for commander: what they refuse is a usage error. */
import { InvalidArgumentError } from "commander";
import { type Instant, parseDuration, parseInstant } from "../core/duration.ts";

const TEXT_LENGTH_MOST = 500;

export interface Listen {
  readonly host: string;
  readonly port: number;
}

export function listenAddress(text: string): Listen {
  const found = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+):(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (found?.[1] !== undefined && port <= 65_535) return { host: found[1].replace(/[[\]]/g, ""), port };
  throw new InvalidArgumentError("expected an address with a port, such as 127.0.0.1:8081 or [::1]:8081.");
}

export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError("expected a duration in s, m, h or d, such as 90s, 15m, 6h or 30d.");
}

/** The same, as it was written. */
export function durationText(text: string): string {
  duration(text);
  return text;
}

/** Words of a person, as they are kept. */
export function shortText(text: string): string {
  if (text.length > 0 && text.length <= TEXT_LENGTH_MOST) return text;
  throw new InvalidArgumentError(`expected 1 to ${TEXT_LENGTH_MOST} characters.`);
}

export function instant(text: string): Instant {
  const at = parseInstant(text);
  if (at !== undefined) return at;
  throw new InvalidArgumentError("expected an instant such as 2027-01-31T00:00:00Z.");
}

/** For an option that may be given several times. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** A whole number from 1 to `most`. */
export function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (/^\d{1,9}$/.test(text) && n >= 1 && n <= most) return n;
    throw new InvalidArgumentError(`expected a whole number from 1 to ${most}.`);
  };
}
