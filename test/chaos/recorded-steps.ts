import type { TargetChange, TokenChange } from "../../src/core/state-store.ts";

/** What a recorded change of a token is a step of; undefined for what is none of a renewal's. */
export function tokenStepOf(change: TokenChange): string | undefined {
  if (change.accept !== undefined) return change.accept.issue.origin === "adopted" ? "adopted" : "accepted";
  if (change.sealed !== undefined) return says(change, "trouble") ? "found minted" : "minted";
  if (change.mint != null) return change.mint.lookedAt === null ? "intent" : "looked in vain";
  if (change.events?.some(({ type }) => type === "renewal:nothing-made") === true) return "nothing made";
  return undefined;
}

export function targetStepOf(change: TargetChange): string | undefined {
  const types = change.events?.map(({ type }) => type) ?? [];
  if (types.includes("target:delivered")) return "delivered";
  if (types.includes("target:proved")) return change.delivery === null ? "held" : "confirmed";
  return says(change, "observedAt") ? "observed" : undefined;
}

/** Only a token that was looked for and found ends the trouble of its renewal as it is recorded. */
function says(change: object, part: string): boolean {
  return part in change;
}
