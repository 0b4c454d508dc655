import { pausedUntil, rolesDiffer, type TokenView, waitsForPerson } from "./decide.ts";
import { formatDuration, formatInstant, type Instant } from "./duration.ts";
import { ERRORS } from "./errors.ts";
import type { Condition, IncidentReason, Severity } from "./incidents.ts";
import { isRepeatable, type Mint, type TargetRecord, type TokenRecord, type Trouble } from "./records.ts";
import { isJudgement } from "./ruling.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";
import { targetDeadlineAt, type TargetView } from "./target.ts";

/** So many failures in a row are no passing fault any more. */
const FAILURES_TO_TELL = 3;

/** What is not well with a token as a whole, graver first. Pure: the same state says the same. */
export function tokenConditions(view: TokenView, now: Instant): readonly Condition[] {
  const { record } = view;
  const schedule = record.desired === null ? null : scheduleOf(record.desired, view.pace);
  return [...lateness(view, schedule, now), ...failing(view, schedule, now), ...doubts(view, now), ...oddities(view)];
}

/** The earliest instant after `now` at which time alone makes or mends a condition of the token. */
export function nextTokenConditionAt(view: TokenView, now: Instant): Instant | null {
  const { desired } = view.record;
  if (desired === null) return null;
  const { latestAt, deadlineAt } = scheduleOf(desired, view.pace);
  return earliest([latestAt, deadlineAt, desired.expAt], now);
}

export function targetConditions(view: TargetView, repairMs: number, now: Instant): readonly Condition[] {
  const { record } = view;
  const deadline = targetDeadlineAt(view.declared, record);
  const conditions: Condition[] = [];
  const add = (reason: IncidentReason, severity: Severity, message: string, action: string): void => {
    conditions.push({ reason, severity, message, action });
  };
  const act =
    record.trouble === null
      ? "See `renewd history TOKEN` and the token's other incidents."
      : ERRORS[record.trouble.last.code].hint;
  if (record.held !== null && now >= record.held.expAt) {
    add("expired", "critical", `The token in this target expired at ${formatInstant(record.held.expAt)}.`, act);
  } else if (deadline !== null && now >= deadline) {
    add(
      "deadline_missed",
      "critical",
      `Since ${formatInstant(deadline)} readers get less than they need; it expires ${formatInstant(record.held?.expAt ?? now)}.`,
      act,
    );
  }
  if (record.held === null && record.drift === null && now >= record.firstSeenAt + repairMs) {
    add(
      "never_delivered",
      "critical",
      `No token has reached this target since it was declared at ${formatInstant(record.firstSeenAt)}.`,
      act,
    );
  }
  if (record.drift !== null && record.ownership === "none") {
    add(
      "not_owned",
      "critical",
      "It holds a value that is not ours, so nothing is written there.",
      "Look at the value; if renewd may replace it, `renewd adopt TOKEN TARGET`.",
    );
  } else if (record.drift !== null) {
    add(
      "drift",
      "warning",
      `Somebody else wrote it (seen ${formatInstant(record.drift.at)}).`,
      "Find the other writer; renewd puts the newest token back.",
    );
  }
  if (
    record.trouble !== null &&
    worthTelling(record.trouble, deadline, now) &&
    record.trouble.last.code !== "store_not_owned"
  ) {
    add(
      "target_failing",
      isLost(record) ? "critical" : severityOf(record.trouble.since, deadline, now),
      troubleText(record.trouble, deadline, now),
      ERRORS[record.trouble.last.code].hint,
    );
  }
  return conditions;
}

/** Our token is gone from it: its readers are in danger already. */
function isLost(record: TargetRecord): boolean {
  return record.held === null && record.drift !== null && record.ownership !== "none";
}

export function nextTargetConditionAt(view: TargetView, repairMs: number, now: Instant): Instant | null {
  const { held, firstSeenAt } = view.record;
  if (held === null) return earliest([firstSeenAt + repairMs], now);
  return earliest([targetDeadlineAt(view.declared, view.record) ?? held.expAt, held.expAt], now);
}

function lateness(view: TokenView, schedule: Schedule | null, now: Instant): readonly Condition[] {
  const { desired, pause, trouble } = view.record;
  if (schedule === null || desired === null) return [];
  const seen = trouble === null ? "Look at `renewd plan` for what holds it up." : ERRORS[trouble.last.code].hint;
  const isPaused = pausedUntil(pause, now) !== undefined;
  const action = isPaused ? "`renewd resume TOKEN`." : waitsForPerson(view, now) ? DISCARD_HINT : seen;
  const left = formatDuration(schedule.deadlineAt - now);
  if (now >= desired.expAt) {
    return [
      {
        reason: "expired",
        severity: "critical",
        message: `The newest token expired at ${formatInstant(desired.expAt)}.`,
        action,
      },
    ];
  }
  if (now >= schedule.deadlineAt) {
    const message = `Since ${formatInstant(schedule.deadlineAt)} no reader gets a token that lives long enough; it expires ${formatInstant(desired.expAt)}.`;
    const reason = isPaused ? "paused_past_deadline" : "deadline_missed";
    return [{ reason, severity: "critical", message, action }];
  }
  if (now < schedule.latestAt) return [];
  return [
    {
      reason: "late",
      severity: severityOf(schedule.latestAt, schedule.deadlineAt, now),
      message: `Not renewed yet; readers are safe until ${formatInstant(schedule.deadlineAt)}, ${left} from now.`,
      action,
    },
  ];
}

function failing(view: TokenView, schedule: Schedule | null, now: Instant): readonly Condition[] {
  const { record } = view;
  const { trouble } = record;
  const deadline = schedule?.deadlineAt ?? null;
  if (trouble === null || isPast(record, schedule, now) || !worthTelling(trouble, deadline, now)) return [];
  const { code } = trouble.last;
  if (code === "token_rejected" || waitsForPerson(view, now)) return [];
  const reason = code === "no_progress" || code === "token_absent" ? code : "issuer_failing";
  return [
    {
      reason,
      severity: severityOf(trouble.since, deadline, now),
      message: troubleText(trouble, deadline, now),
      action: ERRORS[code].hint,
    },
  ];
}

/** A person's wish failed and the schedule does not want the renewal yet: there is nothing that goes on failing. */
export function isPast(record: TokenRecord, schedule: Schedule | null, now: Instant): boolean {
  return schedule !== null && record.mint === null && record.wish === null && now < schedule.renewAt;
}

/** What a person does about a request of which only a person can tell what it made. */
export const DISCARD_HINT =
  "Look at the issuer; `renewd discard TOKEN` says that nothing usable was made and lets renewd ask anew.";
const ACCEPT_HINT =
  "See what changed at the issuer: if it is rightful, `renewd accept TOKEN`; else mend it there and `renewd discard TOKEN`.";
const NOT_OURS_HINT =
  "Find out who answers in the issuer's name, or which account, server or key is meant; then `renewd discard TOKEN`, so that renewd asks anew.";

function doubts(view: TokenView, now: Instant): readonly Condition[] {
  const { record } = view;
  const conditions: Condition[] = [];
  if (record.quarantined !== null) {
    const { fingerprint, check, message } = record.quarantined;
    const isRevoked = record.mint === null && waitsForPerson(view, now);
    const old = isRevoked ? "The old one was revoked for it, so nothing is asked for." : "The old one stays in use.";
    const text = `The fresh token ${fingerprint} is quarantined: ${message} (${check}). ${old}`;
    const action = isJudgement(check) ? ACCEPT_HINT : NOT_OURS_HINT;
    conditions.push({ reason: "quarantined", severity: isRevoked ? "critical" : "warning", message: text, action });
  }
  if (record.mint !== null && waitsForPerson(view, now)) {
    const message = `Whether the request of ${formatInstant(record.mint.sentAt)} made a token only a person can tell: the issuer lists none, and a second request would revoke it.`;
    conditions.push({ reason: "outcome_unknown", severity: "critical", message, action: DISCARD_HINT });
  } else if (
    record.mint !== null &&
    record.mint.fresh === null &&
    now >= record.mint.settleAt &&
    record.trouble !== null
  ) {
    const message = `Whether the request of ${formatInstant(record.mint.sentAt)} made a token is not known yet: ${whyUnknown(view, record.mint)}.`;
    conditions.push({ reason: "outcome_unknown", severity: "warning", message, action: ERRORS.outcome_unknown.hint });
  }
  return conditions;
}

function whyUnknown({ issuer }: TokenView, mint: Mint): string {
  if (mint.kind === "extend") return "the same extension is asked for again, and fails";
  if (isRepeatable(mint)) return "the same request is made again, which makes no second token, and fails";
  return issuer.lists ? "the issuer's list cannot be read" : "it is asked for anew, which may leave one spare token";
}

function oddities(view: TokenView): readonly Condition[] {
  const { declared, record } = view;
  const conditions: Condition[] = [];
  for (const warning of record.desired?.warnings ?? []) {
    if (warning.kind === "lifetime_capped") {
      const message = `Asked for ${formatDuration(warning.askedMs)}, issued ${formatDuration(warning.issuedMs)}: the longest life or a latest expiry of its server or roles caps it; under a latest expiry each renewal will be shorter.`;
      conditions.push({
        reason: "lifetime_capped",
        severity: "warning",
        message,
        action: "Lower `request.lifetime`, or have the limits of the server and roles raised at the issuer.",
      });
    } else {
      const message = `The renewed token may do more than the one before: ${warning.scopes.slice(0, 5).join(", ")}.`;
      conditions.push({ reason: "scopes_gained", severity: "info", message, action: "Check the roles at the issuer." });
    }
  }
  conditions.push(...notRetired(view));
  if (rolesDiffer(declared, record)) {
    const held = Object.keys(record.desired?.scopes ?? {}).join(", ");
    const message = `The token has the roles ${held}; the settings say ${declared.request.roles.join(", ")}.`;
    conditions.push({
      reason: "roles_differ",
      severity: "warning",
      message,
      action:
        declared.request.strategy === "extend"
          ? "A token that is extended keeps its powers; `renewd create-token TOKEN --print` makes another in its place, when its consumer can take that."
          : "Mint a token of this name with the right roles at the issuer, set `create: true`, or mend `request.roles`.",
    });
  }
  return conditions;
}

/** Of several the oldest is told of. */
function notRetired({ declared, record }: TokenView): readonly Condition[] {
  if (!declared.request.retire) return [];
  const stuck = record.retiring.flatMap(({ fingerprint, trouble }) =>
    trouble !== null && worthTelling(trouble, Infinity, 0) ? [{ fingerprint, trouble }] : [],
  );
  const [oldest] = stuck;
  if (oldest === undefined) return [];
  const { fingerprint, trouble } = oldest;
  const others = stuck.length === 1 ? "" : ` ${stuck.length - 1} more wait for that too.`;
  const message = `The old token ${fingerprint} could not be ended at the issuer; it works until it expires. ${troubleText(trouble, null, 0)}${others}`;
  return [{ reason: "not_retired", severity: "info", message, action: ERRORS[trouble.last.code].hint }];
}

function worthTelling(trouble: Trouble, deadline: Instant | null, now: Instant): boolean {
  return (
    trouble.attempts >= FAILURES_TO_TELL ||
    ERRORS[trouble.last.code].retry !== "soon" ||
    deadline === null ||
    now >= deadline
  );
}

function troubleText(trouble: Trouble, deadline: Instant | null, now: Instant): string {
  const safe = deadline === null ? "" : now < deadline ? ` Readers are safe until ${formatInstant(deadline)}.` : "";
  const times = trouble.attempts === 1 ? "once" : `${trouble.attempts} times`;
  return `Failed ${times} since ${formatInstant(trouble.since)}: ${trouble.last.message} (${trouble.last.code}).${safe} Next try ${formatInstant(trouble.nextTryAt)}.`;
}

/** By the share of the slack that the trouble has used up, not by fixed days: the second half is critical. */
function severityOf(since: Instant, deadline: Instant | null, now: Instant): Severity {
  return deadline !== null && now - since >= deadline - now ? "critical" : "warning";
}

function earliest(instants: readonly Instant[], now: Instant): Instant | null {
  const ahead = instants.filter((at) => at > now);
  return ahead.length === 0 ? null : Math.min(...ahead);
}
