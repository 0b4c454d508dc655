import type { DomainEvent } from "../core/events.ts";
import type { RenewdError } from "../core/errors.ts";
import type { TargetChange } from "../core/state-store.ts";
import { targetDeadlineAt } from "../core/target.ts";
import type { TargetWork } from "./work.ts";
import { addCalls, addTrouble } from "./trouble.ts";

/** Records that a step of a target failed, with whatever else that failure decided. */
export async function failTarget(work: TargetWork, error: RenewdError, also: TargetChange = {}): Promise<void> {
  const { engine, member, berth, tenure } = work;
  const token = member.declared.key;
  const { label } = berth.declared;
  const record = (await engine.state.targets(token)).find((each) => each.label === label);
  if (record === undefined) return;
  const now = engine.clock.now();
  const urgency = { deadlineAt: targetDeadlineAt(berth.declared, record), expAt: record.held?.expAt ?? null };
  const calls = addCalls(record.calls, { made: tenure.callCount, error }, now);
  const trouble = addTrouble(record.trouble, error, urgency, calls, engine.random.share(), now);
  const { code, message } = error;
  const event: DomainEvent = {
    type: "target:failed",
    at: now,
    token,
    target: label,
    code,
    message,
    nextTryAt: trouble.nextTryAt,
  };
  await tenure.changeTarget({ ...also, trouble, calls, events: [event] });
  engine.emit(event);
}
