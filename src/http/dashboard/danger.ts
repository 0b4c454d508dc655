/** Who is in danger, and from when on: the order in which an operator looks. */
import type { Instant } from "../../core/duration.ts";
import type { Condition } from "../../core/incidents.ts";
import type { StatusReport, TokenStatus } from "../../core/status.ts";
import { isCritical } from "./words.ts";

/** The first instant at which a reader of this token is no longer safe; infinity when nobody knows of any. */
export function dangerAt({ targets, schedule, conditions }: TokenStatus): Instant {
  let first = earliest(conditions);
  for (const target of targets) first = Math.min(first, target.deadlineAt ?? Infinity, earliest(target.conditions));
  // The schedule speaks of the newest token: of the readers where nothing else is known of what they have.
  return first === Infinity ? (schedule?.deadlineAt ?? Infinity) : first;
}

function earliest(conditions: readonly Condition[]): Instant {
  return conditions.reduce((first, { dangerAt: at }) => Math.min(first, at ?? Infinity), Infinity);
}

/** The graver first, then who is in danger first. What is compared is found out once for each: fleets are large. */
export function orderByDanger(tokens: readonly TokenStatus[]): readonly TokenStatus[] {
  return tokens
    .map((token) => ({ token, rank: rank(token), at: dangerAt(token) }))
    .sort((a, b) => a.rank - b.rank || compareInstants(a.at, b.at) || compareTexts(a.token.token, b.token.token))
    .map(({ token }) => token);
}

export function compareInstants(a: Instant, b: Instant): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function rank(token: TokenStatus): number {
  return token.ok ? 2 : isCritical(token) ? 0 : 1;
}

export interface First {
  readonly token: string;
  readonly target: string | null;
  readonly at: Instant;
}

/** Whose readers are in danger first, of these tokens. */
export function firstInDanger(tokens: readonly TokenStatus[]): First | undefined {
  let first: First | undefined;
  for (const token of tokens) {
    const at = dangerAt(token);
    if (!Number.isFinite(at) || (first !== undefined && first.at <= at)) continue;
    const found = token.targets.find(
      (each) => each.deadlineAt === at || each.conditions.some((c) => c.dangerAt === at),
    );
    first = { token: token.token, target: found?.target ?? null, at };
  }
  return first;
}

export interface OpenIncident extends Condition {
  /** Null where it concerns the token as a whole. */
  readonly target: string | null;
}

/** What is open with a token and its targets, graver first. */
export function openIncidents({ conditions, targets }: TokenStatus): readonly OpenIncident[] {
  const all = [
    ...conditions.map((condition) => ({ ...condition, target: null })),
    ...targets.flatMap(({ target, conditions: own }) => own.map((condition) => ({ ...condition, target }))),
  ];
  const order = { critical: 0, warning: 1, info: 2 } as const;
  return all.toSorted((a, b) => order[a.severity] - order[b.severity]);
}

export function attentionOf({ tokens }: StatusReport): readonly TokenStatus[] {
  return tokens.filter((token) => !token.ok);
}
