import type { RenewalResult } from "../core/events.ts";
import { isSameIssue } from "../core/issue.ts";
import type { AcceptedIssue } from "../core/records.ts";
import type { TargetWork } from "./work.ts";

/**
 * The renewal as a whole is over when every target holds the newest token and every hook was told. Asked after each
 * delivery, and at each look in case the process died in between; said once per issue.
 */
export async function settleIfLast(work: TargetWork, desired: AcceptedIssue): Promise<void> {
  const { engine, member } = work;
  const token = member.declared.key;
  const { fingerprint, expAt } = desired;
  const targets = await engine.state.targets(token);
  const declared = new Set(member.berths.map((berth) => berth.declared.label));
  const mine = targets.filter((each) => declared.has(each.label));
  if (mine.some((each) => !isSameIssue(each.held, desired) || each.delivery !== null)) return;
  const at = engine.clock.now();
  // Its worker reckons from now when the old one may be ended; it may sleep for long.
  if (member.declared.request.retire) await engine.state.wake({ token }, at);
  if (!(await engine.state.settle(token, nameOf(desired), at))) return;
  // What is told of the token says until when its readers are safe, which is later by now.
  if ((await engine.state.incidents({ token, target: "" })).length > 0) await engine.state.wake({ token }, at);
  engine.emit({ type: "renewal:settled", at, token, fingerprint, expAt, result: resultOf(desired) });
}

/** An extension has the text of the issue before it. */
function nameOf({ fingerprint, origin, startAt }: AcceptedIssue): string {
  return origin === "extended" ? `${fingerprint}@${startAt}` : fingerprint;
}

function resultOf(issue: AcceptedIssue): RenewalResult {
  if (issue.origin === "adopted") return "adopted";
  return issue.warnings.some((warning) => warning.kind === "lifetime_capped") ? "capped" : "delivered";
}
