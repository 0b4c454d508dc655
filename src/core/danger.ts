/** Who is in danger, how gravely and from when on: the order in which an operator looks, on the page and in the terminal. */
import type { Instant } from "./duration.ts";
import type { Condition, Severity } from "./incidents.ts";
import type { TokenStatus } from "./status.ts";

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };
const WELL = 3;

/** A condition of a token, or of one of its targets. */
export interface PlacedCondition extends Condition {
  /** Null where it concerns the token as a whole. */
  readonly target: string | null;
}

/** The first instant at which a reader of this token is no longer safe; null when nobody knows of any. */
export function dangerAt({ targets, conditions }: TokenStatus): Instant | null {
  let first = earliest(conditions);
  for (const target of targets) first = Math.min(first, target.deadlineAt ?? Infinity, earliest(target.conditions));
  return first === Infinity ? null : first;
}

function earliest(conditions: readonly Condition[]): Instant {
  return conditions.reduce((first, { dangerAt: at }) => Math.min(first, at ?? Infinity), Infinity);
}

/**
 * The graver first, then who is in danger first, then by key. Of those that are not well one of whose readers nothing is known
 * comes first, for they may have nothing at all; of those that are well it comes last. What is compared is found out once
 * for each: fleets are large.
 */
export function byDanger(tokens: readonly TokenStatus[]): readonly TokenStatus[] {
  return tokens
    .map((token) => ({ token, rank: rankOf(token), at: dangerAt(token) ?? (token.ok ? Infinity : -Infinity) }))
    .sort((a, b) => a.rank - b.rank || compareInstants(a.at, b.at) || compareTexts(a.token.token, b.token.token))
    .map(({ token }) => token);
}

function rankOf(token: TokenStatus): number {
  if (token.ok) return WELL;
  const [gravest] = openConditions(token);
  return gravest === undefined ? RANK.info : RANK[gravest.severity];
}

/** What is open with a token and its targets, graver first. */
export function openConditions({
  conditions,
  targets,
}: Pick<TokenStatus, "conditions" | "targets">): readonly PlacedCondition[] {
  const all = [
    ...conditions.map((condition) => ({ ...condition, target: null })),
    ...targets.flatMap(({ target, conditions: own }) => own.map((condition) => ({ ...condition, target }))),
  ];
  return byGravity(all);
}

export function byGravity(conditions: readonly PlacedCondition[]): readonly PlacedCondition[] {
  return conditions.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
}

export function isCritical(token: TokenStatus): boolean {
  return openConditions(token)[0]?.severity === "critical";
}

/** Both may be infinite. */
export function compareInstants(a: Instant, b: Instant): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
