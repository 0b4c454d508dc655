/** The kinds of issuers that renewd is made for, as far as they differ in what becomes of a request. */
import type { IssuerCapabilities } from "../../src/core/ports.ts";
import type { TokenRequest } from "../../src/core/token.ts";
import type { Flaw } from "./issuer-faults.ts";
import type { Draw } from "./streams.ts";

export const KINDS = ["named", "nameless", "chosen", "extending", "revoking", "opaque"] as const;

/**
 * `named` lists its tokens by name (FlowAuth); `nameless` has no list and proves by key. `chosen` and `extending` are
 * Arvados: the secret comes with the request, whose token is replaced or has its expiry moved. `revoking` ends the old
 * token with the renewal and has no list (GitLab's rotate). `opaque` is an OAuth2 server whose tokens say nothing.
 */
export type IssuerKind = (typeof KINDS)[number];

export const ACCOUNT = "flowbot";
export const AUDIENCE = "prod";

export function isKind(word: string): word is IssuerKind {
  return KINDS.some((kind) => kind === word);
}

/** `lists` is the older draw, which half of the issuers go by. */
export function drawKind(draw: Draw, lists: boolean): IssuerKind {
  const other = draw.pick(["chosen", "extending", "revoking", "opaque"] as const);
  if (draw.chance(0.5)) return other;
  return lists ? "named" : "nameless";
}

const CAPABILITIES: Readonly<Record<IssuerKind, IssuerCapabilities>> = {
  named: { lists: true, overlap: "kept", secret: "given", keeps: true },
  nameless: { lists: false, overlap: "kept", secret: "given", keeps: true },
  chosen: { lists: false, overlap: "kept", secret: "chosen", keeps: true },
  extending: { lists: false, overlap: "kept", secret: "chosen", keeps: true },
  revoking: { lists: false, overlap: "none", secret: "given", keeps: true },
  opaque: { lists: false, overlap: "kept", secret: "given", keeps: false },
};

export function capabilitiesOf(kind: IssuerKind): IssuerCapabilities {
  return CAPABILITIES[kind];
}

/** Proved by asking the issuer, not by a key. */
export function isAsked(kind: IssuerKind): boolean {
  return kind === "chosen" || kind === "extending" || kind === "revoking";
}

/** The scopes are the roles, and a role has none of its own. */
export function grantsScopes(kind: IssuerKind): boolean {
  return kind === "chosen" || kind === "extending" || kind === "opaque";
}

export function canRetire(kind: IssuerKind): boolean {
  return kind === "chosen" || kind === "opaque";
}

/** Arvados' tokens are of a user that the request names. */
export function accountOf(kind: IssuerKind): string | null {
  return kind === "chosen" || kind === "extending" ? null : ACCOUNT;
}

/** What the settings ask of this kind of issuer. */
export function requestAt(kind: IssuerKind, request: TokenRequest, draw: Draw): TokenRequest {
  const retire = canRetire(kind) && draw.chance(0.5);
  const strategy = kind === "extending" ? "extend" : "replace";
  const whose = accountOf(kind) === null ? { subject: ACCOUNT, audience: null } : {};
  return { ...request, ...whose, retire, strategy };
}

/** A flaw that nobody could see in a token of this kind stands for one that can be seen. */
export function flawAt(kind: IssuerKind, flaw: Flaw): Flaw {
  if (flaw === "scope_lost" && grantsScopes(kind)) return "role_missing";
  if (flaw === "audience" && accountOf(kind) === null) return "subject";
  const isHidden = flaw === "unsigned" || flaw === "subject" || flaw === "audience" || flaw === "future";
  return kind === "opaque" && isHidden ? "role_extra" : flaw;
}
