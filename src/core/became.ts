/** What an incident that is over became, where it was not mended. */
import { MINUTE_MS } from "./duration.ts";
import type { Incident, IncidentReason } from "./incidents.ts";

type Table = Readonly<Partial<Record<IncidentReason, readonly IncidentReason[]>>>;

/** What a renewal fails for, one at a time: where another of these is open it still fails. */
const FAILING = ["issuer_failing", "target_failing", "token_absent", "roles_lost", "no_progress"] as const;

/** How what nobody mends grows worse, or goes on by another name. */
const NEXT: Table = {
  late: ["never_delivered", "deadline_missed", "paused_past_deadline", "expired"],
  never_delivered: ["expired"],
  deadline_missed: ["expired"],
  paused_past_deadline: ["expired"],
  issuer_failing: FAILING,
  target_failing: FAILING,
  token_absent: FAILING,
  roles_lost: FAILING,
  // A fresh one that gains nothing is quarantined, and so is the next, which may be rejected for something else.
  no_progress: [...FAILING, "quarantined"],
};

/** What a renewal mends of a token and not yet of a target that cannot take the fresh one. */
const LEFT: Table = {
  late: ["deadline_missed", "expired"],
  deadline_missed: ["deadline_missed", "expired"],
  paused_past_deadline: ["deadline_missed", "expired"],
  expired: ["expired"],
  target_failing: ["target_failing"],
};

export function becameOf(over: Incident, open: readonly Incident[]): Incident | null {
  const all = open.filter(({ token }) => token === over.token);
  const next = all.find(({ target, reason }) => target === over.target && NEXT[over.reason]?.includes(reason) === true);
  if (next !== undefined || over.target !== "") return next ?? null;
  // What was open with a target long before is another thing. Both are looked at one after the other.
  const isSince = ({ openedAt }: Incident): boolean => openedAt >= over.openedAt - MINUTE_MS;
  return all.find((each) => isSince(each) && LEFT[over.reason]?.includes(each.reason) === true) ?? null;
}
