import type { Scopes } from "../core/issue.ts";
import type { FoundToken } from "../core/ports.ts";
import { type Instant, NEVER_AT } from "../core/duration.ts";
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
 * the settings were edited, and without `create`, or where the token is extended, renewals go on with the old roles
 * (`roles_differ` stays open).
 */
export function expectationOf(member: Member, record: TokenRecord, proving: Proving): Expectation {
  const { issuer, declared } = member;
  const held = record.desired === null ? null : Object.keys(record.desired.scopes);
  const wanted = declared.request.roles;
  const isAnew = "minted" in proving && proving.minted.cause === "anew";
  const isExtended = declared.request.strategy === "extend";
  const goesOn = held !== null && !isAnew && (!declared.create || isExtended);
  const requiredRoles = goesOn ? wanted.filter((role) => held.includes(role)) : wanted;
  const recorded = "adopting" in proving ? proving.adopting.roles : proving.minted.roles;
  const allowedRoles = declared.create && !goesOn ? wanted : [...new Set([...wanted, ...recorded, ...(held ?? [])])];
  const gains = "adopting" in proving ? false : proving.minted.cause !== "roles" && proving.minted.cause !== "anew";
  // Where the renewal revoked the token in use, whatever lives is a gain.
  const isLeft = issuer.capabilities.overlap === "kept";
  return {
    account: declared.request.subject ?? issuer.account,
    audience: declared.request.audience,
    requiredRoles,
    allowedRoles: wanted.length === 0 ? [] : allowedRoles,
    askedLifetimeMs: "adopting" in proving ? null : lifetimeAsked(proving.minted),
    endlessMs: declared.policy.renewEveryMs ?? (Number.isFinite(declared.request.lifetimeMs) ? null : Infinity),
    previous: record.desired,
    // What an extension really brought is recorded in any case, were it less.
    mustGain: gains && isLeft && !("minted" in proving && proving.minted.kind === "extend"),
    sentAt: "adopting" in proving ? proving.adopting.startAt : proving.minted.sentAt,
    expiresAt: "adopting" in proving ? expiryFound(proving.adopting.expAt) : (proving.minted.told?.expAt ?? null),
    granted: "adopting" in proving ? null : (proving.minted.told?.scopes ?? asRoles(proving.minted.roles)),
    answered: "minted" in proving,
  };
}

function lifetimeAsked({ lifetimeMs, expAt }: Mint): number {
  return expAt === NEVER_AT ? Infinity : lifetimeMs;
}

/** What only a target holds has nobody who says when it ends. */
function expiryFound(expAt: Instant): Instant | null {
  return expAt === Infinity ? null : expAt;
}

/** An issuer that says nothing of what it grants grants what was asked (RFC 6749 §5.1). */
function asRoles(roles: readonly string[]): Scopes {
  return Object.fromEntries(roles.map((role) => [role, []]));
}
