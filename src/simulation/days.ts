/** How long is simulated: long enough for what is asked, and not longer than anybody waits for. */
import { DAY_MS, formatInstant, HOUR_MS, type Instant } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import { reckonedLifetimeMs } from "../core/forecast.ts";
import { scheduleOf } from "../core/schedule.ts";
import { type Outage, SIMULATED_DAYS, SIMULATED_DAYS_MAX } from "../core/simulation.ts";
import type { Member } from "../engine/fleet.ts";

/** More renewals than this take too long, and tell nothing new. */
const RENEWALS_MAX = 500_000;
/** So many are simulated within seconds. */
const RENEWALS_SOON = 20_000;
/** What an outage broke is seen by then at the latest. */
const SETTLED_MS: number = 2 * HOUR_MS;
/** What follows it is seen by then, where nobody said for how long. */
const AFTERMATH_DAYS = 14;

export interface Days {
  readonly days: number;
  /** Why they are fewer than usual; null where they are not. */
  readonly note: string | null;
}

/** Throws `usage` where those that are asked for would not show an outage's end, or are too many. */
export function daysFor(
  asked: number | null,
  members: readonly Member[],
  outages: readonly Outage[],
  fromAt: Instant,
): Days {
  const perDay = renewalsPerDay(members);
  const lastAt = Math.max(fromAt, ...outages.map(({ untilAt }) => untilAt));
  const leastDays = outages.length === 0 ? 1 : Math.ceil((lastAt + SETTLED_MS - fromAt) / DAY_MS);
  const amplyDays = outages.length === 0 ? 1 : Math.ceil((lastAt - fromAt) / DAY_MS) + AFTERMATH_DAYS;
  const wanted = Math.min(SIMULATED_DAYS_MAX, Math.max(SIMULATED_DAYS, amplyDays));
  const days = asked ?? Math.min(wanted, Math.max(leastDays, Math.floor(RENEWALS_SOON / perDay)));
  if (leastDays > days) throw beyond(days, lastAt, amplyDays);
  assertBounded(days, perDay);
  if (asked !== null || days === wanted) return { days, note: null };
  const note = `${days} days are simulated, for ${wanted} would be ${Math.round(wanted * perDay)} renewals; --days takes more`;
  return { days, note };
}

function renewalsPerDay(members: readonly Member[]): number {
  return members.reduce((sum, { declared, pace }) => {
    const lifetimeMs = reckonedLifetimeMs(declared);
    if (!Number.isFinite(lifetimeMs)) return sum;
    const { renewAt } = scheduleOf({ startAt: 0, expAt: lifetimeMs, u: 0.5 }, pace);
    return sum + DAY_MS / Math.max(renewAt, 1);
  }, 0);
}

function beyond(days: number, lastAt: Instant, amplyDays: number): RenewdError {
  const message = `an outage until ${formatInstant(lastAt)} goes beyond the ${days} days that are simulated`;
  const way =
    amplyDays > SIMULATED_DAYS_MAX
      ? `no more than ${SIMULATED_DAYS_MAX} can be`
      : `--days ${amplyDays} would do, or leave it out`;
  return new RenewdError("usage", `${message}: ${way}`);
}

function assertBounded(days: number, perDay: number): void {
  const renewals = days * perDay;
  if (renewals <= RENEWALS_MAX) return;
  const fitting = Math.floor(RENEWALS_MAX / perDay);
  const message = `${days} days of these tokens are ${Math.round(renewals)} renewals; at most ${RENEWALS_MAX} are simulated`;
  throw new RenewdError("usage", fitting < 1 ? message : `${message}, so take --days ${fitting} or fewer`);
}
