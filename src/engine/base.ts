import type { RenewCause, TokenRecord } from "../core/records.ts";
import { RenewdError } from "../core/errors.ts";
import { newestOf } from "../core/issue.ts";
import type { FoundToken, MintKind } from "../core/ports.ts";
import type { SecretText } from "../core/secret-text.ts";
import type { TokenWork } from "./work.ts";

/** What a renewal starts from, and how. `mint` starts from nothing. */
export interface Base {
  readonly kind: MintKind;
  readonly issuerId: string | null;
  readonly token: SecretText | null;
  /** What the fresh token is to be able to do. */
  readonly roles: readonly string[];
}

/** Which token to renew from, and how. Throws `token_absent`, `roles_unrecorded` when there is none and none may be made. */
export async function chooseBase(
  work: TokenWork,
  record: TokenRecord,
  cause: RenewCause,
  found: readonly FoundToken[],
): Promise<Base> {
  if (cause === "anew") return fromNothing(work);
  return work.member.issuer.capabilities.lists
    ? baseListed(work, record, cause, found)
    : baseInUse(work, record, cause);
}

function fromNothing({ member }: TokenWork): Base {
  return { kind: "mint", issuerId: null, token: null, roles: member.declared.request.roles };
}

/** One that lacks a role of the settings is no base: its renewal would lack it too. */
function baseListed(work: TokenWork, record: TokenRecord, cause: RenewCause, found: readonly FoundToken[]): Base {
  const { declared } = work.member;
  const inUse = found.find((each) => each.fingerprint === record.desired?.fingerprint);
  const wanted = declared.request.roles;
  const hasAll = (each: FoundToken): boolean =>
    each.roles.length > 0 && wanted.every((role) => each.roles.includes(role));
  const fits = (each: FoundToken): boolean =>
    declared.create ? hasAll(each) && each.roles.length === wanted.length : hasAll(each);
  const mayRenew = cause !== "roles";
  if (mayRenew && inUse !== undefined && inUse.roles.length > 0 && (fits(inUse) || !declared.create))
    return renewalOf(inUse);
  const base = mayRenew ? newestOf(found.filter(fits)) : undefined;
  if (base !== undefined) return renewalOf(base);
  if (declared.create) return fromNothing(work);
  if (found.length === 0) throw new RenewdError("token_absent", `the issuer lists no token named ${declared.name}`);
  const roles = wanted.join(", ");
  throw new RenewdError("roles_unrecorded", `no token named ${declared.name} at the issuer has the roles ${roles}`);
}

function renewalOf({ issuerId, token, roles }: FoundToken): Base {
  return { kind: "renew", issuerId, token, roles };
}

/** Where no list tells of others, the token in use is the base; its powers go on unless the settings may change them. */
async function baseInUse(work: TokenWork, { desired }: TokenRecord, cause: RenewCause): Promise<Base> {
  const { engine, member } = work;
  const { declared, issuer } = member;
  const isFree = declared.create || !issuer.capabilities.keeps;
  if (desired === null || cause === "roles") {
    if (isFree) return fromNothing(work);
    throw new RenewdError("token_absent", `no token of ${declared.name} is known, neither here nor in its targets`);
  }
  const isExtended = declared.request.strategy === "extend";
  if (desired.expAt <= engine.clock.now() && (isFree || isExtended)) {
    if (isFree) return fromNothing(work);
    throw new RenewdError("token_absent", `the token of ${declared.name} expired, so it cannot be extended any more`);
  }
  const token = (await engine.state.unseal(declared.key, desired.fingerprint)) ?? null;
  const goesOn = isExtended || !isFree;
  const roles = goesOn ? Object.keys(desired.scopes).sort() : declared.request.roles;
  return { kind: isExtended ? "extend" : "renew", issuerId: desired.issuerId, token, roles };
}
