/** What a person does about a condition. */
import { formatInstant, type Instant } from "./duration.ts";
import { type ErrorCode, ERRORS } from "./errors.ts";
import type { AcceptedIssue, QuarantinedIssue } from "./records.ts";
import { isJudgement, unacceptable } from "./ruling.ts";

const ACCEPT_HINT =
  "See what changed at the issuer: if it is rightful, `renewd accept TOKEN`; else mend it there and `renewd discard TOKEN`.";
const NOT_OURS_HINT =
  "Find out who answers in the issuer's name, or which account, server or key is meant; then `renewd discard TOKEN`, so that renewd asks anew.";
const CLOCKS = "Compare the clocks of the issuer and of renewd's host, and set the wrong one right; then";
export const OTHER_WRITER = "Find the other writer, or it will do so again.";

/** What a failure's code says; and how not to wait for the next try, which comes late where a person has to mend something. */
export function handOn(code: ErrorCode, isPaused: boolean): string {
  const { hint, retry } = ERRORS[code];
  if (retry === "soon" || isPaused || hint.includes("`renewd ")) return hint;
  return `${hint} Then \`renewd renew TOKEN\` tries at once.`;
}

/** Never to accept what the verb would refuse. */
export function onQuarantined(issue: QuarantinedIssue, desired: AcceptedIssue | null, now: Instant): string {
  const { check, scopes, validAt, expAt } = issue;
  if (!isJudgement(check)) return NOT_OURS_HINT;
  if (unacceptable(issue, desired, now) === undefined) return ACCEPT_HINT;
  if (scopes !== null && now < validAt && validAt < expAt)
    return `${CLOCKS} \`renewd discard TOKEN\`, so that renewd asks anew. From ${formatInstant(validAt)} on \`renewd accept TOKEN\` takes this one.`;
  if (scopes !== null && check === "expiry" && expAt <= now)
    return `${CLOCKS} \`renewd discard TOKEN\`, so that renewd asks anew. If they agree, look for a latest expiry at the issuer.`;
  return "See what changed at the issuer and mend it there; then `renewd discard TOKEN`, so that renewd asks anew.";
}

/** A hint as it is typed. */
export function named(action: string, token: string, target: string): string {
  return action.replaceAll(/\bTOKEN\b/g, token).replaceAll(/\bTARGET\b/g, target);
}
