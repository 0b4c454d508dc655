import type { CalendarDays, DaysAsked } from "../core/calendar-days.ts";
import type { Control } from "../core/control.ts";
import { SECOND_MS } from "../core/duration.ts";
import { type Breathe, inTurns } from "../core/in-turns.ts";
import type { Clock } from "../core/ports.ts";
import { present } from "../core/present.ts";
import type { StatusReport } from "../core/status.ts";
import { InTurn } from "./in-turn.ts";
import { Kept } from "./kept.ts";
import { Refusal } from "./problem.ts";

/** The page waits at least so long after an event before it asks, so that nobody is shown what was before it. */
const KEPT_MS = SECOND_MS;
/** What is to come changes little. */
const CALENDAR_KEPT_MS: number = 10 * SECOND_MS;
/** At a time; each takes the processor and memory for as long as it lasts. */
const READS_MAX = 2;
const WAITING_MAX = 16;
const RETRY_AFTER_SECONDS = 5;

/** In UTF-8: who shares it need not have it made into bytes again. */
type Json = Uint8Array<ArrayBuffer>;

/**
 * What is made from the whole fleet: with ten thousand tokens it takes longer to make than to show. Who asks while it is
 * made, or soon after it was asked for, gets the same; what differs waits for its turn. Throws a `busy` refusal when too
 * much waits already, and whatever the control throws.
 */
export interface FleetReads {
  report(): Promise<StatusReport>;
  /** As JSON in the form of `present`, as the two after it. */
  statusJson(): Promise<Json>;
  planJson(): Promise<Json>;
  calendarJson(days: number): Promise<Json>;
  calendarDays(asked: DaysAsked): Promise<CalendarDays>;
  /** Somebody acted: what is asked for from now on is read anew. */
  forget(): void;
  /** Reads by itself when it is its turn, and is not refused. */
  inTurn<T>(read: () => Promise<T>): Promise<T>;
}

type Read = Pick<Control, "status" | "plan" | "calendar" | "calendarDays">;

export function fleetReads(
  control: Read,
  clock: Pick<Clock, "monotonicMs" | "after"> | undefined,
  breathe: Breathe = () => Promise.resolve(),
): FleetReads {
  const turns = new InTurn(READS_MAX);
  const kept = new Kept(clock);
  const statusTexts = new WeakMap<StatusReport, Promise<Json>>();
  const shared = <T>(name: string, keptMs: number, make: () => Promise<T>): Promise<T> =>
    kept.read(name, keptMs, () => {
      if (turns.waiting < WAITING_MAX) return turns.run(make);
      const headers = { "Retry-After": String(RETRY_AFTER_SECONDS) };
      return Promise.reject(new Refusal("busy", "So much is being read already that no more is begun.", headers));
    });
  const report = (): Promise<StatusReport> => shared("status", KEPT_MS, () => control.status());
  return {
    report,
    async statusJson() {
      const found = await report();
      const text = statusTexts.get(found) ?? turns.run(() => jsonOf(found, breathe));
      statusTexts.set(found, text);
      return text;
    },
    planJson: () => shared("plan", KEPT_MS, async () => jsonOf({ plan: await control.plan() }, breathe)),
    calendarJson: (days) =>
      shared(`calendar ${days}`, CALENDAR_KEPT_MS, async () =>
        jsonOf({ days, calendar: await control.calendar(days) }, breathe),
      ),
    calendarDays: (asked) =>
      shared(`days ${JSON.stringify(asked)}`, CALENDAR_KEPT_MS, () => control.calendarDays(asked)),
    forget: () => kept.forget(),
    inTurn: (read) => turns.run(read),
  };
}

/** Of an object whose lists may be long. */
async function jsonOf(view: object, breathe: Breathe): Promise<Json> {
  const parts: string[] = [];
  for (const [key, value] of Object.entries<unknown>({ ...view })) {
    const isList = Array.isArray(value) && value.length > 0;
    const head = JSON.stringify(present({ [key]: isList ? [] : value })).slice(1, -1);
    if (!isList) parts.push(head);
    else {
      const items = await inTurns(value as readonly unknown[], breathe, (each) => JSON.stringify(present(each)));
      parts.push(`${head.slice(0, -1)}${items.join(",")}]`);
    }
  }
  return new TextEncoder().encode(`{${parts.filter((part) => part !== "").join(",")}}`);
}
