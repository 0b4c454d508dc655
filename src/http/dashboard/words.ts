/** What a state is called on the page, and how it looks: a mark and a word beside the colour, which not everybody sees. */
import type { CreatedStatus } from "../../core/created-status.ts";
import type { Severity } from "../../core/incidents.ts";
import { isCritical } from "../../core/danger.ts";
import type { TargetState, TargetStatus, TokenState, TokenStatus } from "../../core/status.ts";

export type Tone = "good" | "busy" | "warn" | "bad" | "still";

export const MARKS: Readonly<Record<Tone, string>> = { good: "✓", busy: "↻", warn: "!", bad: "✕", still: "‖" };

export const TOKEN_STATES: Readonly<Record<TokenState, string>> = {
  ok: "well",
  first: "waiting for its first token",
  due: "due for renewal",
  renewing: "being renewed",
  undelivered: "verified, but not in every target",
  delivered_in_part: "verified, and in some of its targets",
  waiting_for_person: "an answer was lost, and only a person can tell what was made",
  in_doubt: "an answer was lost and is looked for",
  verifying: "a fresh token is being verified",
  failing: "renewal is failing",
  quarantined: "the fresh token failed verification",
  paused: "paused",
  late: "late",
  expired: "expired",
};

export const TARGET_STATES: Readonly<Record<TargetState, string>> = {
  ok: "holds the newest token",
  empty: "empty",
  behind: "still has an older token",
  confirming: "written, not yet visible",
  notifying: "written, its consumer is still to be told",
  withdrawn: "holds a token that was rolled back",
  failing: "delivery is failing",
  drift: "somebody else wrote it",
  not_owned: "holds something that is not renewd's",
  late: "late",
  expired: "its token expired",
};

export const CREATED_STATES: Readonly<Record<CreatedStatus["state"], string>> = {
  live: "live",
  expired: "expired",
  unfinished: "asked for, and not there yet",
};

export const SEVERITY_TONES: Readonly<Record<Severity, Tone>> = { critical: "bad", warning: "warn", info: "still" };

export function tokenTone(token: TokenStatus): Tone {
  if (token.ok) return token.state === "ok" ? "good" : token.state === "paused" ? "still" : "busy";
  return isCritical(token) ? "bad" : "warn";
}

export function targetTone(target: TargetStatus): Tone {
  if (target.ok) return target.state === "ok" ? "good" : "busy";
  return target.conditions.some(({ severity }) => severity === "critical") ? "bad" : "warn";
}
