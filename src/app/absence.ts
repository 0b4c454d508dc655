import { openingFrom, pausedUntil, waitsForPerson } from "../core/decide.ts";
import { formatDuration, formatInstant, type Instant, MINUTE_MS } from "../core/duration.ts";
import { gainsFrom } from "../core/gain.ts";
import type { Condition } from "../core/incidents.ts";
import type { TokenRecord } from "../core/records.ts";
import { scheduleOf } from "../core/schedule.ts";
import type { Engine } from "../engine/engine.ts";
import { LAST_SWEEP } from "../engine/sweeper.ts";
import { tellConditions } from "../engine/tell.ts";

const DAEMON = { token: "", target: "daemon" };
/** A restart and an upgrade take less. */
const LEAST_MS: number = 10 * MINUTE_MS;
const TICKS_MISSED = 3;
const NAMES_SHOWN = 5;

/** The facts that keep an absence over restarts; `to` is 0 once it is over. */
const SINCE = "absent_since";
const FROM = "absent_from";
const TO = "absent_to";

interface Gap {
  /** Of the first of several absences, between which not all was renewed that had come due. */
  readonly sinceAt: Instant;
  readonly fromAt: Instant;
  readonly toAt: Instant;
}

/**
 * Tells, at its start, that no renewd ran although tokens came due; that is over once those are renewed. What is paused, or
 * waits for a person, no renewd would have renewed.
 */
export class Absence {
  readonly #engine: Pick<Engine, "clock" | "state" | "emit" | "fleet">;
  #gap: Gap | undefined;
  /** Those that are not renewed yet. */
  #missed: readonly string[] = [];

  constructor(engine: Pick<Engine, "clock" | "state" | "emit" | "fleet">) {
    this.#engine = engine;
  }

  async note(tickMs: number): Promise<void> {
    const { state, clock } = this.#engine;
    const gap = await this.#readGap(tickMs);
    if (gap === undefined) {
      await tellConditions(this.#engine, DAEMON, [], null);
      return;
    }
    this.#gap = gap;
    this.#missed = (await state.tokens())
      .filter((record) => this.#wasMissed(record, gap, clock.now()))
      .map(({ key }) => key);
    await state.setFact(SINCE, gap.sinceAt);
    await state.setFact(FROM, gap.fromAt);
    await state.setFact(TO, gap.toAt);
    await this.#tell(gap);
  }

  async look(): Promise<void> {
    const gap = this.#gap;
    if (gap === undefined) return;
    const { state, clock } = this.#engine;
    const missed: string[] = [];
    for (const key of this.#missed) {
      const record = await state.token(key);
      if (record !== undefined && this.#wasMissed(record, gap, clock.now())) missed.push(key);
    }
    this.#missed = missed;
    await this.#tell(gap);
  }

  /** The present absence, or an earlier one that is not over yet. */
  async #readGap(tickMs: number): Promise<Gap | undefined> {
    const { state, clock } = this.#engine;
    const [fromAt, toAt] = [await state.fact(LAST_SWEEP), clock.now()];
    const [since, from, to] = [await state.fact(SINCE), await state.fact(FROM), await state.fact(TO)];
    const isOpen = since !== undefined && from !== undefined && to !== undefined && to > 0;
    const before = isOpen ? { sinceAt: since, fromAt: from, toAt: to } : undefined;
    const isAbsence = fromAt !== undefined && toAt - fromAt > Math.max(LEAST_MS, TICKS_MISSED * tickMs);
    return isAbsence ? { sinceAt: before?.sinceAt ?? fromAt, fromAt, toAt } : before;
  }

  async #tell(gap: Gap): Promise<void> {
    if (this.#missed.length > 0) {
      await tellConditions(this.#engine, DAEMON, [absent(gap, this.#missed)], null).catch(() => undefined);
      return;
    }
    // What the state does not take now it is told at the next look.
    await tellConditions(this.#engine, DAEMON, [], null)
      .then(() => this.#engine.state.setFact(TO, 0))
      .then(
        () => (this.#gap = undefined),
        () => undefined,
      );
  }

  #wasMissed(record: TokenRecord, { sinceAt, toAt }: Gap, now: Instant): boolean {
    const member = this.#engine.fleet().members.get(record.key);
    const { desired } = record;
    if (member === undefined || desired === null || pausedUntil(record.pause, now) !== undefined) return false;
    const { declared, pace, issuer } = member;
    const view = { declared, record, issuer: issuer.capabilities };
    if (waitsForPerson(view, now)) return false;
    const { renewAt, latestAt } = scheduleOf(desired, pace);
    const dueAt = openingFrom(view, Math.max(renewAt, Math.min(gainsFrom(view, desired), latestAt)), latestAt);
    return sinceAt < dueAt && dueAt <= toAt;
  }
}

function absent({ sinceAt, fromAt, toAt }: Gap, missed: readonly string[]): Condition {
  const more = missed.length - NAMES_SHOWN;
  const names = `${missed.slice(0, NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const when = sinceAt < fromAt ? "meanwhile or in an absence before" : "meanwhile";
  return {
    reason: "daemon_absent",
    severity: "warning",
    message: `No renewd ran from ${formatInstant(fromAt)} to ${formatInstant(toAt)} (${formatDuration(toAt - fromAt)}); ${when} came due: ${names}.`,
    next: "They are renewed now, the most urgent first.",
    action: "Find out why it was down, and let a dead man's switch or the rule RenewdAbsent tell you of the next time.",
    dangerAt: null,
    expAt: null,
  };
}
