import { createTask, type Logger, schedule, type ScheduledTask, validateDetailed } from "node-cron";
import { type Instant, MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";

/** How often the wall clock is compared with the monotonic one, and how far they may come apart in between. */
const CLOCK_CHECK_MS = 5 * SECOND_MS;
const CLOCK_STEP_MS = 2 * SECOND_MS;

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
 * that were missed are given once. After the wall clock was set, or the host slept, the next tick comes within seconds.
 * Whatever `onTick` throws goes to `onError`. Throws `settings_invalid`.
 */
export function startTick(expression: string, onTick: () => void, onError: (thrown: unknown) => void): Tick {
  checkedFields(expression);
  const give = (): void => {
    try {
      onTick();
    } catch (thrown) {
      onError(thrown);
    }
  };
  let task = scheduleTick(expression, give, onError);
  // node-cron waits for an instant: with the wall clock set back an hour it would be silent for that hour.
  let offsetMs = clockOffsetMs();
  const watch = setInterval(() => {
    const stepMs = clockOffsetMs() - offsetMs;
    offsetMs += stepMs;
    if (Math.abs(stepMs) < CLOCK_STEP_MS) return;
    void task.destroy();
    task = scheduleTick(expression, give, onError);
    give();
  }, CLOCK_CHECK_MS);
  watch.unref();
  return {
    stop() {
      clearInterval(watch);
      void task.destroy();
    },
  };
}

function scheduleTick(expression: string, give: () => void, onError: (thrown: unknown) => void): ScheduledTask {
  const quiet = (): void => undefined;
  const logger: Logger = { info: quiet, warn: quiet, debug: quiet, error: (first, second) => onError(second ?? first) };
  return schedule(expression, give, {
    timezone: "Etc/UTC",
    logger,
    noOverlap: true,
    suppressMissedWarning: true,
    missedExecutionTolerance: Number.MAX_SAFE_INTEGER,
  });
}

function clockOffsetMs(): number {
  return Date.now() - performance.now();
}

function checkedFields(expression: string): 5 | 6 {
  const fields = expression.trim().split(/\s+/).length;
  const { valid, errors } = validateDetailed(expression);
  const why = errors.map((error) => error.message).join("; ");
  if (valid && (fields === 5 || fields === 6)) return fields;
  const message = `not a cron expression: ${JSON.stringify(expression)}: ${why || "expected 5 or 6 fields"}`;
  throw new RenewdError("settings_invalid", message);
}
