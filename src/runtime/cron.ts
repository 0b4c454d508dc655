import { createTask, validateDetailed } from "node-cron";
import { type Instant, MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";

/** A gap longer than this between two looks is a leap of the clock or a host that slept; it is not walked second by second. */
const LEAP_MS: number = MINUTE_MS;

/**
 * An expression of five fields (minutes) or six (seconds first) and an IANA zone -> whether the minute or second that
 * an instant lies in matches. The function is pure. A local time that a zone skips never matches; one that it repeats
 * matches twice. Throws `settings_invalid`.
 */
export function compileCron(expression: string, timezone: string): (at: Instant) => boolean {
  const fields = checkedFields(expression);
  const unitMs = fields === 5 ? MINUTE_MS : SECOND_MS;
  try {
    const task = createTask(expression, () => undefined, { timezone });
    void task.destroy();
    const matches = (at: Instant): boolean => task.match(new Date(Math.floor(at / unitMs) * unitMs));
    // A zone is looked up at the first match only.
    matches(0);
    return matches;
  } catch (thrown) {
    const message = `unknown time zone ${JSON.stringify(timezone)}; use an IANA name such as Europe/London`;
    throw new RenewdError("settings_invalid", message, { cause: thrown });
  }
}

export interface Tick {
  stop(): void;
}

/**
 * Calls `onTick` whenever the expression matches (in UTC), until stopped; a tick that comes late is still given, several
 * that were missed are given once. node-cron says which seconds match. Its own scheduler is not used, for it walks every
 * slot that was missed (a month asleep blocks for a minute) and is silent for as long as the clock was set back. Whatever
 * `onTick` throws goes to `onError`. Throws `settings_invalid`.
 */
export function startTick(expression: string, onTick: () => void, onError: (thrown: unknown) => void): Tick {
  const matches = compileCron(expression, "Etc/UTC");
  let seen = second(Date.now());
  const look = (): void => {
    const now = second(Date.now());
    const isDue = now < seen || now - seen > LEAP_MS || isMatchWithin(matches, seen, now);
    seen = now;
    timer = setTimeout(look, untilNextSecond());
    if (!isDue) return;
    try {
      onTick();
    } catch (thrown) {
      onError(thrown);
    }
  };
  let timer = setTimeout(look, untilNextSecond());
  return { stop: () => clearTimeout(timer) };
}

/** After `seen`, up to and with `now`. */
function isMatchWithin(matches: (at: Instant) => boolean, seen: Instant, now: Instant): boolean {
  for (let at = seen + SECOND_MS; at <= now; at += SECOND_MS) if (matches(at)) return true;
  return false;
}

function second(at: Instant): Instant {
  return Math.floor(at / SECOND_MS) * SECOND_MS;
}

function untilNextSecond(): number {
  return SECOND_MS - (Date.now() % SECOND_MS);
}

function checkedFields(expression: string): 5 | 6 {
  const fields = expression.trim().split(/\s+/).length;
  const { valid, errors } = validateDetailed(expression);
  const why = errors.map((error) => error.message).join("; ");
  if (valid && (fields === 5 || fields === 6)) return fields;
  const message = `not a cron expression: ${JSON.stringify(expression)}: ${why || "expected 5 or 6 fields"}`;
  throw new RenewdError("settings_invalid", message);
}
