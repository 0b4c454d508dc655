/** Which token to look at first, and until when its readers are safe. */
import type { Instant } from "../core/duration.ts";
import type { Condition, Severity } from "../core/incidents.ts";
import type { TokenStatus } from "../core/status.ts";

/** A condition of a token, or of one of its targets. */
export interface Placed {
  readonly condition: Condition;
  /** "" for the token as a whole. */
  readonly target: string;
}

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/** What needs attention first, graver before lighter, then what is safe for the shortest time. */
export function byDanger(tokens: readonly TokenStatus[]): readonly TokenStatus[] {
  return tokens
    .map((token) => ({ token, rank: token.ok ? Infinity : worstOf(token), at: safeUntil(token) ?? -Infinity }))
    .sort((a, b) => compare(a.rank, b.rank) || compare(a.at, b.at))
    .map(({ token }) => token);
}

/** The earliest instant at which some reader gets less than it needs; null where no target holds a token yet. */
export function safeUntil({ targets }: TokenStatus): Instant | null {
  const known = targets.flatMap(({ deadlineAt }) => deadlineAt ?? []);
  return known.length > 0 ? Math.min(...known) : null;
}

/** What is not well with it and with its targets, graver first; what only informs is left out. */
export function troublesOf({ conditions, targets }: TokenStatus): readonly Placed[] {
  const ofTargets = targets.flatMap((each) => each.conditions.map((condition) => ({ condition, target: each.target })));
  return [...conditions.map((condition) => ({ condition, target: "" })), ...ofTargets]
    .filter(({ condition }) => condition.severity !== "info")
    .sort((a, b) => RANK[a.condition.severity] - RANK[b.condition.severity]);
}

function worstOf(token: TokenStatus): number {
  const [worst] = troublesOf(token);
  return worst === undefined ? RANK.info : RANK[worst.condition.severity];
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
