import type { FoundToken } from "../core/ports.ts";
import type { Mint, TokenRecord } from "../core/records.ts";
import type { Expectation } from "../core/verify.ts";
import type { Member } from "./fleet.ts";

type Proving =
  /** A token that the issuer listed. */
  | { readonly adopting: Pick<FoundToken, "roles" | "startAt" | "expAt"> }
  /** The fresh token of an open mint. */
  | { readonly minted: Mint };

/**
 * What a token must be. The roles of the settings are required, except those that the token in use lacks already: then
 * the settings were edited, and without `create` renewals go on with the old roles (`roles_differ` stays open).
 */
export function expectationOf(member: Member, record: TokenRecord, proving: Proving): Expectation {
  const { issuer, declared } = member;
  const held = record.desired === null ? null : Object.keys(record.desired.scopes);
  const wanted = declared.request.roles;
  const goesOn = held !== null && !declared.create;
  const requiredRoles = goesOn ? wanted.filter((role) => held.includes(role)) : wanted;
  const recorded = "adopting" in proving ? proving.adopting.roles : proving.minted.roles;
  const allowedRoles = declared.create ? wanted : [...new Set([...wanted, ...recorded, ...(held ?? [])])];
  const gains = "adopting" in proving ? false : proving.minted.cause !== "roles";
  return {
    account: issuer.account,
    audience: declared.request.audience,
    requiredRoles,
    allowedRoles: wanted.length === 0 ? [] : allowedRoles,
    askedLifetimeMs: "adopting" in proving ? null : proving.minted.lifetimeMs,
    previous: record.desired,
    mustGain: gains,
    sentAt: "adopting" in proving ? proving.adopting.startAt : proving.minted.sentAt,
    expiresAt: "adopting" in proving ? proving.adopting.expAt : expiryTold(proving.minted),
  };
}

/** What the issuer said of the fresh token's expiry. Where it said nothing, what was asked for stands there. */
function expiryTold({ fresh, sentAt, lifetimeMs }: Mint): number | null {
  return fresh === null || fresh.expAt === sentAt + lifetimeMs ? null : fresh.expAt;
}
