/** For each state that is not well: why it is so, in words, and what a person does. */
import { byGravity, openConditions, type PlacedCondition } from "./danger.ts";
import { formatInstant, type Instant } from "./duration.ts";
import { ERRORS } from "./errors.ts";
import type { Condition, IncidentReason } from "./incidents.ts";
import { nextTryText } from "./next-try.ts";
import type { TargetRecord, TokenRecord, Trouble } from "./records.ts";
import type { Advice, TargetState, TargetStatus, TokenState } from "./status.ts";

const BY_ITSELF = "Nothing: renewd does it by itself.";
const SEE_CONDITIONS = "See what is said of it below.";

const TOKEN_ADVICE: Readonly<Record<Exclude<TokenState, "ok">, Advice>> = {
  first: { reason: "No verified token is known yet; renewd takes up or makes the first one.", you: BY_ITSELF },
  due: { reason: "It is time to renew it.", you: BY_ITSELF },
  renewing: { reason: "The issuer is being asked for a fresh token.", you: BY_ITSELF },
  verifying: { reason: "A fresh token was made and is being verified.", you: BY_ITSELF },
  undelivered: { reason: "The newest token is verified and not yet proved in its targets.", you: BY_ITSELF },
  delivered_in_part: {
    reason: "Some targets hold the newest token, others do not yet.",
    you: "Nothing, unless a target below says otherwise: renewd goes on trying those that lack it.",
  },
  in_doubt: { reason: "The answer to a request was lost.", you: "Nothing: renewd looks for what it made." },
  waiting_for_person: { reason: "The answer to a request was lost for good.", you: SEE_CONDITIONS },
  failing: { reason: "The renewal failed.", you: SEE_CONDITIONS },
  quarantined: { reason: "The fresh token failed verification.", you: SEE_CONDITIONS },
  paused: { reason: "Paused by a person.", you: "`renewd resume TOKEN` when renewals may go on." },
  late: { reason: "It was not renewed in time.", you: SEE_CONDITIONS },
  expired: { reason: "It expired.", you: SEE_CONDITIONS },
};

const TARGET_ADVICE: Readonly<Record<Exclude<TargetState, "ok">, Advice>> = {
  empty: { reason: "No token of ours has been seen there yet.", you: BY_ITSELF },
  behind: { reason: "It still holds an older token.", you: BY_ITSELF },
  confirming: { reason: "It was written and is to be seen as its consumer sees it.", you: BY_ITSELF },
  notifying: { reason: "It holds the newest token; its reload hook is still to be told.", you: BY_ITSELF },
  withdrawn: {
    reason: "It holds a token that was rolled back; the one in use is put back there.",
    you: "Nothing, unless it stays so: then see its failures in `renewd history TOKEN`.",
  },
  failing: { reason: "The last try failed.", you: SEE_CONDITIONS },
  drift: { reason: "Somebody else wrote it.", you: SEE_CONDITIONS },
  not_owned: { reason: "It holds a value that is not ours.", you: SEE_CONDITIONS },
  late: { reason: "Its readers get less than they need.", you: SEE_CONDITIONS },
  expired: { reason: "The token in it expired.", you: SEE_CONDITIONS },
};

/** The conditions that a state is named after: they say it better. */
const TOLD_BY: Readonly<Partial<Record<TokenState | TargetState, readonly IncidentReason[]>>> = {
  waiting_for_person: ["outcome_unknown", "quarantined"],
  in_doubt: ["outcome_unknown"],
  failing: ["token_absent", "no_progress", "roles_lost", "issuer_failing", "target_failing"],
  quarantined: ["quarantined"],
  drift: ["drift"],
  not_owned: ["not_owned"],
  late: ["deadline_missed", "paused_past_deadline", "never_delivered", "late"],
  expired: ["expired"],
};

export function tokenAdvice(
  state: TokenState,
  record: TokenRecord,
  targets: readonly TargetStatus[],
  conditions: readonly Condition[],
  now: Instant,
): Advice | null {
  if (state === "ok") return null;
  const told = toldOf(state, conditions, record.trouble, nextTryText(record, { service: "issuer" }, now));
  const open = openConditions({ conditions, targets });
  if (told !== undefined) return urged(told, open);
  const { reason, you } = urged(TOKEN_ADVICE[state], open);
  if (state === "paused" && record.pause !== null) {
    const { since, reason: why, deliveries } = record.pause;
    const runsOn = deliveries ? "; targets are put right all the same" : "";
    return { reason: `Paused since ${formatInstant(since)}${why === null ? "" : `: ${why}`}${runsOn}.`, you };
  }
  if (state !== "delivered_in_part") return { reason, you };
  const lacking = targets.filter(({ held }) => held?.fingerprint !== record.desired?.fingerprint);
  const labels = lacking.map(({ target }) => target).join(", ");
  return {
    reason: `${targets.length - lacking.length} of ${targets.length} targets hold the newest token; not yet ${labels}.`,
    you,
  };
}

export function targetAdvice(
  state: TargetState,
  record: TargetRecord,
  conditions: readonly Condition[],
  now: Instant,
): Advice | null {
  if (state === "ok") return null;
  const told = toldOf(state, conditions, record.trouble, nextTryText(record, { service: "store" }, now));
  const open = conditions.map((condition) => ({ ...condition, target: null }));
  return urged(told ?? TARGET_ADVICE[state], byGravity(open));
}

/** Nobody is told to do nothing while something is open that a person could mend. */
function urged(advice: Advice, [gravest]: readonly PlacedCondition[]): Advice {
  if (gravest === undefined || gravest.severity === "info" || !advice.you.startsWith("Nothing")) return advice;
  const { target, action } = gravest;
  return { ...advice, you: target === null ? action : `${target}: ${action}` };
}

function toldOf(
  state: TokenState | TargetState,
  conditions: readonly Condition[],
  trouble: Trouble | null,
  nextTry: string,
): Advice | undefined {
  const reasons = TOLD_BY[state] ?? [];
  const told = conditions.find(({ reason }) => reasons.includes(reason));
  if (told !== undefined) return { reason: told.message, you: told.action };
  if (state !== "failing" || trouble === null) return undefined;
  const { code, message } = trouble.last;
  const reason = `It failed: ${message} (${code}). ${nextTry}.`;
  return { reason, you: `Nothing yet. If it goes on: ${ERRORS[code].hint}` };
}
