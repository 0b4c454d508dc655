import type { Control } from "../core/control.ts";
import { formatDuration, formatInstant, type Instant, MINUTE_MS } from "../core/duration.ts";
import type { Condition } from "../core/incidents.ts";
import type { Engine } from "../engine/engine.ts";
import { LAST_SWEEP } from "../engine/sweeper.ts";
import { tellConditions } from "../engine/tell.ts";

const DAEMON = { token: "", target: "daemon" };
/** A restart and an upgrade take less. */
const LEAST_MS: number = 10 * MINUTE_MS;
const TICKS_MISSED = 3;
const NAMES_SHOWN = 5;

/** Tells, at its start, that no renewd ran although tokens came due; that is over once those are renewed. */
export class Absence {
  readonly #engine: Engine;
  readonly #control: Pick<Control, "status">;
  #gone: { readonly fromAt: Instant; readonly toAt: Instant } | undefined;

  constructor(engine: Engine, control: Pick<Control, "status">) {
    this.#engine = engine;
    this.#control = control;
  }

  async note(tickMs: number): Promise<void> {
    const { state, clock } = this.#engine;
    const [fromAt, toAt] = [await state.fact(LAST_SWEEP), clock.now()];
    const isAbsence = fromAt !== undefined && toAt - fromAt > Math.max(LEAST_MS, TICKS_MISSED * tickMs);
    this.#gone = isAbsence ? { fromAt, toAt } : undefined;
    if (this.#gone === undefined) await tellConditions(this.#engine, DAEMON, [], null);
    else await this.look();
  }

  async look(): Promise<void> {
    if (this.#gone === undefined) return;
    const { fromAt, toAt } = this.#gone;
    const { tokens } = await this.#control.status();
    const due = tokens.filter(({ schedule }) => schedule !== null && schedule.renewAt <= toAt);
    const missed = due.filter(({ schedule }) => schedule !== null && schedule.renewAt > fromAt);
    const conditions =
      missed.length === 0
        ? []
        : [
            absent(
              this.#gone,
              missed.map(({ token }) => token),
            ),
          ];
    if (missed.length === 0) this.#gone = undefined;
    await tellConditions(this.#engine, DAEMON, conditions, null).catch(() => undefined);
  }
}

function absent(
  { fromAt, toAt }: { readonly fromAt: Instant; readonly toAt: Instant },
  missed: readonly string[],
): Condition {
  const more = missed.length - NAMES_SHOWN;
  const names = `${missed.slice(0, NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return {
    reason: "daemon_absent",
    severity: "warning",
    message: `No renewd ran from ${formatInstant(fromAt)} to ${formatInstant(toAt)} (${formatDuration(toAt - fromAt)}); meanwhile came due: ${names}.`,
    next: "They are renewed now, the most urgent first.",
    action: "Find out why it was down, and let a dead man's switch or the rule RenewdAbsent tell you of the next time.",
    dangerAt: null,
    expAt: null,
  };
}
