import {
  DAY_MS,
  formatDuration,
  formatInstant,
  HOUR_MS,
  type Instant,
  MINUTE_MS,
  NEVER_AT,
  SECOND_MS,
} from "./duration.ts";
import type { ErrorCode } from "./errors.ts";
import type { Scopes } from "./issue.ts";
import type { Inspection, TokenClaims } from "./ports.ts";
import type { AcceptedIssue, Check, Warning } from "./records.ts";
import { leewayMs } from "./schedule.ts";

const LIFETIME_MS_MAX: number = 3_653 * DAY_MS;

/** What a fresh or found token is held against. */
export interface Expectation {
  /** Null where tokens name nobody. */
  readonly account: string | null;
  readonly audience: string | null;
  /** Must all be held. */
  readonly requiredRoles: readonly string[];
  /** May be held; a role beyond these makes the token a wrong one. */
  readonly allowedRoles: readonly string[];
  /** How long it was to live, `Infinity` for without an end; null where nothing was asked (an adoption). */
  readonly askedLifetimeMs: number | null;
  /** What a token without an end is reckoned to live. `Infinity`: it may have none. Null: it is refused. */
  readonly endlessMs: number | null;
  /** The last accepted token, and whether the fresh one must live longer than it. */
  readonly previous: Pick<AcceptedIssue, "expAt" | "scopes"> | null;
  readonly mustGain: boolean;
  /** Stands in for a missing `iat`. */
  readonly sentAt: Instant;
  /** What the issuer itself said, where it did. */
  readonly expiresAt: Instant | null;
  /** What the issuer itself said that it may do, where the token says nothing of that. */
  readonly granted: Scopes | null;
  /** It came as the issuer's own answer, so an opaque token can be believed to be what was asked for. */
  readonly answered: boolean;
}

export type Verdict =
  | {
      readonly outcome: "pass";
      readonly startAt: Instant;
      readonly expAt: Instant;
      readonly scopes: Scopes;
      readonly warnings: readonly Warning[];
    }
  /** Cannot be told yet; nothing is wrong so far. `until` is null when only trying again can tell. */
  | { readonly outcome: "wait"; readonly code: ErrorCode; readonly until: Instant | null; readonly message: string }
  | {
      readonly outcome: "reject";
      readonly code: ErrorCode;
      readonly check: Check;
      readonly message: string;
      /** What a proved token says of itself; null where nothing of it can be believed. */
      readonly claims: ReadClaims | null;
    };

interface ReadClaims {
  readonly startAt: Instant;
  readonly validAt: Instant;
  readonly expAt: Instant;
  readonly scopes: Scopes;
}

/** Proves a token against what was asked for and against the last accepted one. Pure; the first check that fails is the reason. */
export function verify(inspection: Inspection, expected: Expectation, now: Instant): Verdict {
  switch (inspection.outcome) {
    case "unknown":
      return { outcome: "wait", code: "key_unreachable", until: null, message: inspection.error.message };
    case "refuted":
      return reject(inspection.check, inspection.message);
    case "opaque":
      if (!expected.answered) return reject("form", "it says nothing of itself, so nobody can tell whether it is ours");
      return judge({ ...OPAQUE, subject: expected.account, audiences: audiencesOf(expected) }, expected, now);
    case "proved":
      return judge(inspection.claims, expected, now);
  }
}

/** All that is known of an opaque token is what its issuer said with it. */
const OPAQUE: Pick<TokenClaims, "issuedAt" | "notBeforeAt" | "expAt" | "scopes"> = {
  issuedAt: null,
  notBeforeAt: null,
  expAt: null,
  scopes: null,
};

function audiencesOf({ audience }: Expectation): readonly string[] {
  return audience === null ? [] : [audience];
}

function judge(claims: TokenClaims, expected: Expectation, now: Instant): Verdict {
  const scopes = claims.scopes ?? expected.granted;
  if (scopes === null && expected.requiredRoles.length > 0)
    return reject("roles", "neither it nor its issuer says what it may do");
  const whole = { ...claims, scopes: scopes ?? {} };
  const verdict = verifyClaims(whole, expected, now);
  return verdict.outcome === "reject" ? { ...verdict, claims: readClaims(whole, expected, now) } : verdict;
}

type WholeClaims = TokenClaims & { readonly scopes: Scopes };

function verifyClaims(claims: WholeClaims, expected: Expectation, now: Instant): Verdict {
  const wrong =
    wrongParty(claims, expected) ?? wrongTime(claims, expected, now) ?? wrongPowers(claims.scopes, expected);
  if (wrong !== undefined) return wrong;
  const { startAt, expAt } = timesOf(claims, expected, now);
  const validAt = validFrom(claims, startAt);
  if (validAt > now) {
    const message = `not valid before ${formatInstant(validAt)}, ${formatDuration(validAt - now)} from now by our clock`;
    return { outcome: "wait", code: "not_yet_valid", until: validAt, message };
  }
  if (expected.mustGain && expected.previous !== null && expAt <= expected.previous.expAt) {
    const message = `lives until ${formatInstant(expAt)}, no longer than the token in use (${formatInstant(expected.previous.expAt)})`;
    return { outcome: "reject", code: "no_progress", check: "progress", message, claims: null };
  }
  return {
    outcome: "pass",
    startAt,
    expAt,
    scopes: claims.scopes,
    warnings: warningsOf(claims.scopes, expAt - startAt, expected),
  };
}

function wrongParty(claims: TokenClaims, expected: Expectation): Verdict | undefined {
  if (expected.account !== null && claims.subject !== expected.account) {
    return reject("subject", `its subject is ${shown(claims.subject)}, not ${shown(expected.account)}`);
  }
  if (expected.audience !== null && !claims.audiences.includes(expected.audience)) {
    return reject(
      "audience",
      `its audience is ${claims.audiences.map(shown).join(", ") || "absent"}, not ${shown(expected.audience)}`,
    );
  }
  return undefined;
}

/**
 * A fresh token begins when it says, unless it says long before it was asked for: then it begins with the request, so that
 * no `iat` can make it look due already.
 */
function timesOf(claims: TokenClaims, expected: Expectation, now: Instant): { startAt: Instant; expAt: Instant } {
  const saidAt = Math.min(...[claims.expAt, expected.expiresAt].filter((at) => at !== null));
  const { issuedAt } = claims;
  const { sentAt } = expected;
  const startOf = (expAt: Instant): Instant => {
    const isBackdated = expected.askedLifetimeMs !== null && (issuedAt ?? sentAt) < sentAt - leewayMs(expAt - sentAt);
    return issuedAt === null || isBackdated ? sentAt : issuedAt;
  };
  if (saidAt < NEVER_AT) return { startAt: startOf(saidAt), expAt: saidAt };
  const endlessMs = expected.endlessMs ?? DAY_MS;
  // One that was made long ago and has no end is due now, not past.
  const isOld = Number.isFinite(endlessMs) && expected.askedLifetimeMs === null;
  const startAt = Math.max(startOf(sentAt + endlessMs), isOld ? now - endlessMs + leewayMs(endlessMs) : 0);
  return { startAt, expAt: endOf(startAt, expected) };
}

/** When a token that has no end, or of which nobody says one, is reckoned to expire. */
function endOf(startAt: Instant, { endlessMs }: Expectation): Instant {
  if (endlessMs === null) return Infinity;
  return Number.isFinite(endlessMs) ? startAt + endlessMs : NEVER_AT;
}

function validFrom(claims: TokenClaims, startAt: Instant): Instant {
  return Math.max(startAt, claims.issuedAt ?? startAt, claims.notBeforeAt ?? startAt);
}

function wrongTime(claims: TokenClaims, expected: Expectation, now: Instant): Verdict | undefined {
  const { startAt, expAt } = timesOf(claims, expected, now);
  if (!Number.isFinite(expAt)) return reject("expiry", "it has no expiry");
  if (expAt <= now) return reject("expiry", `it expired at ${formatInstant(expAt)}`);
  if (expAt <= startAt || (claims.notBeforeAt ?? startAt) >= expAt)
    return reject("expiry", "it expires before it begins");
  if (expAt - startAt > longestMs(expected))
    return reject("expiry", `it lives ${formatDuration(expAt - startAt)}, far longer than was asked for`);
  const waitMs = validFrom(claims, startAt) - now;
  if (waitMs > Math.min(HOUR_MS, (expAt - startAt) / 4))
    return reject(
      "expiry",
      `it is not valid before ${formatInstant(now + waitMs)}, ${formatDuration(waitMs)} from now by our clock`,
    );
  return undefined;
}

/** A little more than was asked for is rounding; much more is a token that nobody asked for. */
function longestMs({ askedLifetimeMs, endlessMs }: Expectation): number {
  const mostMs = Math.max(LIFETIME_MS_MAX, endlessMs ?? 0);
  return askedLifetimeMs === null ? mostMs : Math.min(2 * askedLifetimeMs + HOUR_MS, mostMs);
}

function wrongPowers(scopes: Scopes, expected: Expectation): Verdict | undefined {
  const missing = expected.requiredRoles.filter((role) => !Object.hasOwn(scopes, role));
  if (missing.length > 0) return reject("roles", `it lacks the role ${missing.map(shown).join(", ")}`);
  const extra = Object.keys(scopes).filter((role) => !expected.allowedRoles.includes(role));
  if (expected.allowedRoles.length > 0 && extra.length > 0) {
    return reject("roles", `it has the role ${extra.map(shown).join(", ")}, which was not asked for`);
  }
  const before = expected.previous?.scopes ?? {};
  const isFree = expected.allowedRoles.length === 0;
  const gone = isFree ? Object.keys(before).filter((role) => role !== "" && !Object.hasOwn(scopes, role)) : [];
  if (gone.length > 0) return reject("roles", `it lacks ${someOf(gone)} of the token in use`);
  const kept = isFree ? Object.keys(before) : expected.requiredRoles;
  const lost = kept.flatMap((role) => less(of(before, role), of(scopes, role), role));
  if (lost.length > 0) return reject("scopes", `it lacks ${someOf(lost)} of the token in use`);
  return undefined;
}

/** A role that is in the settings and was not held before was asked for, so what it brings is no gain to tell of. */
function warningsOf(scopes: Scopes, issuedMs: number, expected: Expectation): readonly Warning[] {
  const warnings: Warning[] = [];
  const { previous, askedLifetimeMs } = expected;
  if (previous !== null) {
    const gained = Object.keys(scopes)
      .filter((role) => Object.hasOwn(previous.scopes, role) || !expected.requiredRoles.includes(role))
      .flatMap((role) => gainOf(of(scopes, role), of(previous.scopes, role), role));
    if (gained.length > 0) warnings.push({ kind: "scopes_gained", scopes: gained });
  }
  if (askedLifetimeMs !== null && isCapped(askedLifetimeMs, issuedMs)) {
    warnings.push({ kind: "lifetime_capped", askedMs: askedLifetimeMs, issuedMs });
  }
  return warnings;
}

type CappedWarning = Extract<Warning, { kind: "lifetime_capped" }>;

/** Whether each renewal will meet the cap: a person may have asked for more than the settings do, once. */
export function capsRenewals({ askedMs, issuedMs }: CappedWarning, declaredMs: number): boolean {
  return Number.isFinite(declaredMs) && isCapped(Math.min(declaredMs, askedMs), issuedMs);
}

/** Who asks for no end is content with any. */
function isCapped(askedMs: number, issuedMs: number): boolean {
  return Number.isFinite(askedMs) && issuedMs < askedMs - cappedToleranceMs(askedMs);
}

/** Where exactly the maximum is refused one minute less is asked for, and exp is floored to the second: that is rounding, not a cap. */
function cappedToleranceMs(askedMs: number): number {
  return Math.max(2 * leewayMs(askedMs), Math.min(MINUTE_MS + SECOND_MS, askedMs / 4));
}

/** A role may be called `constructor`. */
function of(scopes: Scopes, role: string): readonly string[] | undefined {
  return Object.hasOwn(scopes, role) ? scopes[role] : undefined;
}

/** A role that brings no scopes of its own is what is gained. */
function gainOf(
  now: readonly string[] | undefined,
  before: readonly string[] | undefined,
  role: string,
): readonly string[] {
  return before === undefined && now?.length === 0 ? [role] : less(now, before, role);
}

function less(
  from: readonly string[] | undefined,
  taken: readonly string[] | undefined,
  role: string,
): readonly string[] {
  const held = new Set(taken ?? []);
  return (from ?? []).filter((scope) => !held.has(scope)).map((scope) => (role === "" ? scope : `${role}:${scope}`));
}

function reject(check: Check, message: string): Verdict {
  return { outcome: "reject", code: "token_rejected", check, message, claims: null };
}

/** A token without an end says nothing that could be used. */
function readClaims(claims: WholeClaims, expected: Expectation, now: Instant): ReadClaims | null {
  const { startAt, expAt } = timesOf(claims, expected, now);
  return Number.isFinite(expAt) ? { startAt, validAt: validFrom(claims, startAt), expAt, scopes: claims.scopes } : null;
}

function someOf(names: readonly string[]): string {
  const rest = names.length - 3;
  return names.slice(0, 3).map(shown).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Claims are the outside's words: quoted, short, without control characters. */
function shown(text: string | null): string {
  return text === null ? "absent" : JSON.stringify(text.slice(0, 80).replaceAll(/\p{C}/gu, "\u{FFFD}"));
}
