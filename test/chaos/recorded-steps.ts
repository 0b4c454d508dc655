import type { TargetChange, TokenChange } from "../../src/core/state-store.ts";

/** What a recorded change of a token is a step of; undefined for what is none of a renewal's. */
export function tokenStepOf(change: TokenChange): string | undefined {
  if (change.accept !== undefined) return acceptedAs(change);
  if (change.sealed !== undefined) return says(change, "trouble") ? "found minted" : "minted";
  if (change.mint != null) return mintStepOf(change, change.mint);
  if (change.retired !== undefined) return "ended";
  if (change.retiring !== undefined && !says(change, "events")) return "ending begun";
  if (change.events?.some(({ type }) => type === "renewal:nothing-made") === true) return "nothing made";
  return undefined;
}

export function targetStepOf(change: TargetChange): string | undefined {
  const types = change.events?.map(({ type }) => type) ?? [];
  if (types.includes("target:delivered")) return "delivered";
  if (types.includes("target:proved")) return change.delivery === null ? "held" : "confirmed";
  return says(change, "observedAt") ? "observed" : undefined;
}

/** What is asked of a token without a lease: by whoever wants one created, and when it is given to them. */
export function askedStepOf({ events }: Pick<TokenChange, "events">): string | undefined {
  const types = events?.map(({ type }) => type) ?? [];
  if (types.includes("token:handed-out")) return "handed out";
  return types.includes("person:asked") ? "wished" : undefined;
}

function acceptedAs({ accept, events }: TokenChange): string {
  if (accept?.issue.origin === "extended") return "extended";
  if (accept?.issue.origin === "minted") return "accepted";
  const isSeen = events?.some((event) => event.type === "renewal:adopted" && event.from === "target") === true;
  return isSeen ? "taken up" : "adopted";
}

/** An intent has the event that says so; the same request again moves only the end of the call. */
function mintStepOf({ chosen, events }: TokenChange, mint: NonNullable<TokenChange["mint"]>): string {
  const isExtension = mint.kind === "extend";
  if (mint.fresh !== null) return "extension minted";
  if (mint.lookedAt !== null) return "looked in vain";
  if (events === undefined) return isExtension ? "extension repeat" : "repeat";
  if (isExtension) return "extension intent";
  return chosen === undefined ? "intent" : "chosen intent";
}

/** Only a token that was looked for and found ends the trouble of its renewal as it is recorded. */
function says(change: object, part: string): boolean {
  return part in change;
}
