/** Until when the readers of a token are safe, by what its targets really hold. */
import type { TokenView } from "./decide.ts";
import type { Instant } from "./duration.ts";
import type { TargetRecord } from "./records.ts";
import { scheduleOf } from "./schedule.ts";
import { targetDeadlineAt } from "./target.ts";

export interface Readers {
  /** From when on the first of them get less than they need; null where none is known to have a token of ours. */
  readonly dangerAt: Instant | null;
  /** When the first of what they have expires. */
  readonly expAt: Instant | null;
}

/** A token that was made and is in no target yet serves nobody. Where no target was looked at, the newest token stands for what they hold. */
export function readersOf({ declared, record, pace }: TokenView, targets: readonly TargetRecord[]): Readers {
  const seen = declared.targets.flatMap((each) => {
    const found = targets.find(({ label }) => label === each.label);
    if (found === undefined || (found.held === null && found.observedAt === null)) return [];
    return [{ dangerAt: targetDeadlineAt(each, found), expAt: found.held?.expAt ?? null }];
  });
  if (seen.length > 0)
    return { dangerAt: least(seen.map((each) => each.dangerAt)), expAt: least(seen.map((each) => each.expAt)) };
  const { desired } = record;
  if (desired === null) return { dangerAt: null, expAt: null };
  return { dangerAt: scheduleOf(desired, pace).deadlineAt, expAt: desired.expAt };
}

function least(instants: readonly (Instant | null)[]): Instant | null {
  const known = instants.filter((at) => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}
