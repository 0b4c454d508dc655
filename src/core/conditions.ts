import { handOn, named, onQuarantined, OTHER_WRITER } from "./condition-hints.ts";
import { deliveriesPausedUntil, pausedUntil, type TokenView, waitsForPerson } from "./decide.ts";
import { DAY_MS, formatInstant, type Instant } from "./duration.ts";
import { ERRORS } from "./errors.ts";
import { type Fact, troubleText, worthTelling } from "./fact.ts";
import type { Condition, IncidentReason, Severity } from "./incidents.ts";
import { nextTryText } from "./next-try.ts";
import { oddities } from "./oddities.ts";
import { readersOf } from "./readers.ts";
import { type Drift, isRepeatable, type Mint, type Pause, type TargetRecord, type TokenRecord } from "./records.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";
import { targetDeadlineAt, type TargetView } from "./target.ts";

/** So many looks that find ours in place make a foreign write a thing of the past. */
const DRIFT_LOOKS = 2;
/** Where it is looked at only every few days, nobody is told so long of what was put right. */
const DRIFT_MS_MAX: number = 2 * DAY_MS;

/** What happens next of itself where renewd may do nothing more. */
export const FOR_PERSON = "Nothing until a person decides.";

/**
 * What is not well with a token as a whole, graver first. Pure: the same state says the same. Readers are those of what the
 * targets hold, which may be older than the newest token.
 */
export function tokenConditions(
  view: TokenView,
  now: Instant,
  targets: readonly TargetRecord[] = [],
): readonly Condition[] {
  const { record } = view;
  const schedule = record.desired === null ? null : scheduleOf(record.desired, view.pace);
  const readers = readersOf(view, targets);
  const deadline = deadlineOf(record, schedule, readers.dangerAt, targets);
  const facts = [
    ...lateness(view, schedule, now),
    ...failing(view, schedule, deadline, now),
    ...doubts(view, schedule, deadline, now),
    ...oddities(view),
  ];
  return facts.map((fact) => ({ ...readers, ...fact, action: named(fact.action, view.declared.key, "TARGET") }));
}

/** The earliest instant after `now` at which time alone makes, mends or aggravates a condition of the token. */
export function nextTokenConditionAt(
  view: TokenView,
  now: Instant,
  targets: readonly TargetRecord[] = [],
): Instant | null {
  const { desired, trouble, quarantined } = view.record;
  const readers = readersOf(view, targets);
  const others = [readers.dangerAt, readers.expAt, quarantined?.validAt, quarantined?.expAt];
  const known = others.filter((at) => at !== undefined && at !== null);
  if (desired === null) return earliest(known, now);
  const schedule = scheduleOf(desired, view.pace);
  const { latestAt, deadlineAt } = schedule;
  const since = [trouble?.since, quarantined?.at].filter((at) => at !== undefined);
  const deadline = deadlineOf(view.record, schedule, readers.dangerAt, targets) ?? deadlineAt;
  const halves = [halfWay(latestAt, deadlineAt), ...since.map((at) => halfWay(at, deadline))];
  return earliest([latestAt, deadlineAt, desired.expAt, ...known, ...halves], now);
}

export function targetConditions(view: TargetView, repairMs: number, now: Instant): readonly Condition[] {
  const { record } = view;
  const deadline = targetDeadlineAt(view.declared, record);
  const readers = { dangerAt: deadline, expAt: record.held?.expAt ?? null };
  const facts = [...shortfalls(view, deadline, repairMs, now), ...strangers(view, now)];
  if (
    record.trouble !== null &&
    worthTelling(record.trouble, deadline, now) &&
    record.trouble.last.code !== "store_not_owned"
  ) {
    facts.push({
      reason: "target_failing",
      severity: isLost(record) ? "critical" : severityOf(record.trouble.since, deadline, now),
      message: `${madeAlready(view)}${troubleText(record.trouble)}`,
      next: nextDelivery(view, now),
      action: handOn(record.trouble.last.code, deliveriesPausedUntil(view.pause, now) !== undefined),
    });
  }
  return facts.map((fact) => ({
    ...readers,
    ...fact,
    action: named(fact.action, record.token, view.declared.label),
  }));
}

function shortfalls(view: TargetView, deadline: Instant | null, repairMs: number, now: Instant): Fact[] {
  const { record } = view;
  const { held, drift, trouble, firstSeenAt } = record;
  const because = trouble === null ? "" : ` ${troubleText(trouble)}`;
  const isPaused = deliveriesPausedUntil(view.pause, now) !== undefined;
  const seen =
    trouble === null
      ? "See `renewd history TOKEN` and the token's other incidents."
      : handOn(trouble.last.code, isPaused);
  const action = isPaused ? "`renewd resume TOKEN`." : seen;
  const next = nextDelivery(view, now);
  const critical = (reason: IncidentReason, message: string): Fact[] => [
    { reason, severity: "critical", message: `${message}${because}`, next, action },
  ];
  if (held !== null && now >= held.expAt)
    return critical("expired", `The token in this target expired at ${formatInstant(held.expAt)}.`);
  if (held !== null && deadline !== null && now >= deadline) {
    const message = `Since ${formatInstant(deadline)} readers get less than they need; it expires ${formatInstant(held.expAt)}.`;
    return critical("deadline_missed", message);
  }
  if (held === null && drift === null && now >= firstSeenAt + repairMs) {
    const message = `No token has reached this target since it was declared at ${formatInstant(firstSeenAt)}.`;
    return critical("never_delivered", message);
  }
  return [];
}

function strangers(view: TargetView, now: Instant): Fact[] {
  const { drift, ownership } = view.record;
  if (drift === null) return wasDrift(view, now);
  if (ownership === "none") {
    return [
      {
        reason: "not_owned",
        severity: "critical",
        message: "It holds a value that is not ours, so nothing is written there.",
        next: "Nothing: what is not renewd's own is never written over.",
        action: "Look at the value; if renewd may replace it, `renewd adopt TOKEN TARGET`.",
      },
    ];
  }
  return [
    {
      reason: "drift",
      severity: "warning",
      message: `Somebody else wrote it (seen ${formatInstant(drift.at)}).`,
      next: nextPuttingBack(view, now),
      action: OTHER_WRITER,
    },
  ];
}

function nextPuttingBack(view: TargetView, now: Instant): string {
  const isHeldUp = view.record.trouble !== null || deliveriesPausedUntil(view.pause, now) !== undefined;
  return isHeldUp ? nextDelivery(view, now) : "It puts the newest token back.";
}

/** What is put right at once is told all the same: for two looks, in which the other writer may come again. */
function wasDrift(view: TargetView, now: Instant): Fact[] {
  const { record, desired, declared } = view;
  const { lastDrift, held } = record;
  if (lastDrift === null || lastDrift.at > now || now >= driftOverAt(lastDrift, declared)) return [];
  const isPutRight = held !== null && held.fingerprint === desired?.fingerprint;
  return [
    {
      reason: "drift",
      severity: "warning",
      message: `Somebody else wrote it (seen ${formatInstant(lastDrift.at)})${isPutRight ? "; renewd has put the newest token back" : ""}.`,
      next: isPutRight ? "It goes on looking at what it holds." : nextPuttingBack(view, now),
      action: OTHER_WRITER,
    },
  ];
}

function driftOverAt({ at }: Drift, { observeMs }: TargetView["declared"]): Instant {
  return at + Math.min(DRIFT_LOOKS * observeMs, DRIFT_MS_MAX);
}

function madeAlready({ desired, record }: TargetView): string {
  if (desired === null || desired.fingerprint === record.held?.fingerprint) return "";
  const how = desired.origin === "adopted" ? "A newer one was found" : "A new one was made";
  return `${how} and verified at ${formatInstant(desired.acceptedAt)}. `;
}

function nextDelivery({ desired, record, pause, heldUntil = null }: TargetView, now: Instant): string {
  const { held, trouble } = record;
  if (deliveriesPausedUntil(pause, now) !== undefined) return whilePaused(pause);
  if (desired === null) return "It is written as soon as there is a verified token.";
  const isThere = desired.fingerprint === held?.fingerprint;
  if (trouble !== null)
    return `${nextTryText(record, { service: "store", heldUntil }, now)}${isThere ? "." : ", nothing to mint."}`;
  return isThere ? "It is written after the token's next renewal." : "The newest token is written now.";
}

/** Our token is gone from it: its readers are in danger already. */
function isLost(record: TargetRecord): boolean {
  return record.held === null && record.drift !== null && record.ownership !== "none";
}

export function nextTargetConditionAt(view: TargetView, repairMs: number, now: Instant): Instant | null {
  const { held, firstSeenAt, trouble, lastDrift } = view.record;
  const drift = lastDrift === null ? [] : [lastDrift.at, driftOverAt(lastDrift, view.declared)];
  if (held === null) return earliest([firstSeenAt + repairMs, ...drift], now);
  const deadline = targetDeadlineAt(view.declared, view.record) ?? held.expAt;
  const graver = trouble === null ? [] : [halfWay(trouble.since, deadline)];
  return earliest([deadline, held.expAt, ...graver, ...drift], now);
}

function lateness(view: TokenView, schedule: Schedule | null, now: Instant): readonly Fact[] {
  const { desired, pause, trouble, quarantined } = view.record;
  if (schedule === null || desired === null) return [];
  const isPaused = pausedUntil(pause, now) !== undefined;
  const seen =
    trouble === null
      ? "Look at `renewd status` and `renewd plan` for what holds it up."
      : handOn(trouble.last.code, isPaused);
  const ofQuarantined = quarantined === null ? null : onQuarantined(quarantined, desired, now);
  const action = isPaused
    ? "`renewd resume TOKEN`."
    : waitsForPerson(view, now)
      ? DISCARD_HINT
      : (ofQuarantined ?? seen);
  const next = nextRenewal(view, now);
  const why = isPaused ? " It is paused." : trouble === null ? "" : ` ${troubleText(trouble)}`;
  if (now >= desired.expAt) {
    const message = `The newest token expired at ${formatInstant(desired.expAt)}.${why}`;
    return [{ reason: "expired", severity: "critical", message, next, action }];
  }
  if (now >= schedule.deadlineAt) {
    const message = `Since ${formatInstant(schedule.deadlineAt)} no reader gets a token that lives long enough; it expires ${formatInstant(desired.expAt)}.${why}`;
    const reason = isPaused ? "paused_past_deadline" : "deadline_missed";
    return [{ reason, severity: "critical", message, next, action }];
  }
  if (now < schedule.latestAt) return [];
  const severity = severityOf(schedule.latestAt, schedule.deadlineAt, now);
  const message = `Not renewed yet; it was to be by ${formatInstant(schedule.latestAt)}.${why}`;
  return [{ reason: "late", severity, message, next, action }];
}

function nextRenewal(view: TokenView, now: Instant): string {
  const { pause, trouble, mint } = view.record;
  const paused = pausedUntil(pause, now);
  if (paused !== undefined) return whilePaused(pause);
  if (waitsForPerson(view, now)) return FOR_PERSON;
  if (trouble === null) return "It is renewed as soon as nothing holds it up: `renewd plan` says what does.";
  return `${nextTryText(view.record, { service: "issuer", heldUntil: view.heldUntil ?? null }, now)}${mint?.fresh == null ? "." : ", nothing to mint."}`;
}

function whilePaused(pause: Pause | null): string {
  return pause?.until == null
    ? "Nothing while it is paused."
    : `Nothing until ${formatInstant(pause.until)}: it is paused.`;
}

/** By the code of the last failure, where that says more than that the issuer fails. */
const REASON_OF: Readonly<Record<string, IncidentReason>> = {
  no_progress: "no_progress",
  token_absent: "token_absent",
  roles_not_held: "roles_lost",
};

/** What holds a renewal up may be the stores: none of its targets could take a fresh token. */
function reasonOf(code: string): IncidentReason {
  return REASON_OF[code] ?? (code.startsWith("store_") ? "target_failing" : "issuer_failing");
}

function failing(view: TokenView, schedule: Schedule | null, deadline: Instant | null, now: Instant): readonly Fact[] {
  const { record } = view;
  const { trouble } = record;
  if (trouble === null || isPast(record, schedule, now) || !worthTelling(trouble, deadline, now)) return [];
  const { code } = trouble.last;
  if (code === "token_rejected" || waitsForPerson(view, now)) return [];
  return [
    {
      reason: reasonOf(code),
      severity: severityOf(trouble.since, deadline, now),
      message: troubleText(trouble),
      next: nextRenewal(view, now),
      action: handOn(code, pausedUntil(record.pause, now) !== undefined),
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

function doubts(view: TokenView, schedule: Schedule | null, deadline: Instant | null, now: Instant): readonly Fact[] {
  const { record } = view;
  const facts: Fact[] = [];
  if (record.quarantined !== null) {
    const { fingerprint, check, message: why, at } = record.quarantined;
    const isRevoked = record.mint === null && waitsForPerson(view, now);
    const old = isRevoked ? "The old one was revoked for it, so nothing is asked for." : "The old one stays in use.";
    facts.push({
      reason: "quarantined",
      severity: isRevoked ? "critical" : severityOf(at, deadline, now),
      message: `The fresh token ${fingerprint} is quarantined: ${why} (${check}). ${old}`,
      next: isRevoked ? FOR_PERSON : nextOfQuarantined(record, schedule),
      action: onQuarantined(record.quarantined, record.desired, now),
    });
  }
  if (record.mint !== null && waitsForPerson(view, now)) {
    const message = `Whether the request of ${formatInstant(record.mint.sentAt)} made a token only a person can tell: the issuer lists none, and a second request would revoke it.`;
    facts.push({ reason: "outcome_unknown", severity: "critical", message, next: FOR_PERSON, action: DISCARD_HINT });
  } else if (
    record.mint !== null &&
    record.mint.fresh === null &&
    now >= record.mint.settleAt &&
    record.trouble !== null
  ) {
    facts.push({
      reason: "outcome_unknown",
      severity: severityOf(record.mint.sentAt, deadline, now),
      message: `Whether the request of ${formatInstant(record.mint.sentAt)} made a token is not known yet: ${whyUnknown(view, record.mint)}.`,
      next: nextRenewal(view, now),
      action: ERRORS.outcome_unknown.hint,
    });
  }
  return facts;
}

function nextOfQuarantined({ trouble }: TokenRecord, schedule: Schedule | null): string {
  if (trouble !== null) return `It asks for another at ${formatInstant(trouble.nextTryAt)}.`;
  return schedule === null ? "It asks for another." : `It asks for another from ${formatInstant(schedule.renewAt)} on.`;
}

function whyUnknown({ issuer }: TokenView, mint: Mint): string {
  if (mint.kind === "extend") return "the same extension is asked for again, and fails";
  if (isRepeatable(mint)) return "the same request is made again, which makes no second token, and fails";
  if (!issuer.lists) return "it is asked for anew, which may leave one spare token";
  return mint.lookedAt === null ? "the issuer's list was not read since" : "the issuer's list shows none yet";
}

/** By the share of the slack that the trouble has used up, not by fixed days: the second half is critical. */
function severityOf(since: Instant, deadline: Instant | null, now: Instant): Severity {
  return deadline !== null && now >= halfWay(since, deadline) ? "critical" : "warning";
}

function halfWay(since: Instant, deadline: Instant): Instant {
  return since + (deadline - since) / 2;
}

/**
 * A new token that no reader has yet makes nobody safer. But where others have it, those who were in danger before this trouble
 * began are told of by their own target's incidents, and make nothing else graver.
 */
function deadlineOf(
  { desired, trouble, quarantined }: TokenRecord,
  schedule: Schedule | null,
  dangerAt: Instant | null,
  targets: readonly TargetRecord[],
): Instant | null {
  if (schedule === null || dangerAt === null) return schedule?.deadlineAt ?? null;
  const since = trouble?.since ?? quarantined?.at ?? Number.NEGATIVE_INFINITY;
  const isElsewhere = dangerAt <= since && targets.some(({ held }) => held?.fingerprint === desired?.fingerprint);
  return isElsewhere ? schedule.deadlineAt : Math.min(schedule.deadlineAt, dangerAt);
}

function earliest(instants: readonly Instant[], now: Instant): Instant | null {
  const ahead = instants.filter((at) => at > now);
  return ahead.length === 0 ? null : Math.ceil(Math.min(...ahead));
}
