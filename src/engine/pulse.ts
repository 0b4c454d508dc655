import type { Pulse } from "../core/alert.ts";
import { formatInstant } from "../core/duration.ts";
import { targetDeadlineAt } from "../core/target.ts";
import type { Engine } from "./engine.ts";

/** Among what keeps renewd from working: it has not looked at all tokens yet, and knows nothing of them. */
export const FIRST_SWEEP_PENDING = "first_sweep_pending";

const LINES_MAX = 20;

/** Whether every declared target is proved to hold a token that lives long enough for its readers, and renewd looks. */
export async function pulseOf(
  engine: Pick<Engine, "clock" | "state" | "fleet">,
  /** What keeps renewd itself from working, as codes. */
  own: readonly string[],
): Promise<Pulse> {
  const now = engine.clock.now();
  const records = new Map(
    (await engine.state.allTargets()).map((record) => [`${record.token}/${record.label}`, record]),
  );
  const lines = own.map((reason) => `renewd itself: ${reason}`);
  for (const { declared, berths } of engine.fleet().members.values()) {
    for (const { declared: target } of berths) {
      const name = `${declared.key}/${target.label}`;
      const record = records.get(name);
      const deadlineAt = record === undefined ? null : targetDeadlineAt(target, record);
      if (deadlineAt === null) lines.push(`${declared.key} -> ${target.label}: no token of ours is known to be there`);
      else if (now >= deadlineAt)
        lines.push(`${declared.key} -> ${target.label}: since ${formatInstant(deadlineAt)} too short a token`);
    }
  }
  const more = lines.length - LINES_MAX;
  const shown = more > 0 ? [...lines.slice(0, LINES_MAX), `and ${more} more`] : lines;
  return { at: now, ok: lines.length === 0, lines: shown };
}
