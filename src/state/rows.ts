/** Rows -> core/records and back. */
import type { Selectable } from "kysely";
import { compareIssues, type Issue } from "../core/issue.ts";
import type { Instant } from "../core/duration.ts";
import type { AcceptedIssue, Mint, RetiringIssue, TargetRecord, TokenRecord, Trouble } from "../core/records.ts";
import type { Tables } from "./tables.ts";

/** What the records take of a job. */
export type JobRow = Pick<Selectable<Tables["jobs"]>, "first_seen_at" | "trouble_json" | "calls_json">;
export type TokenRow = Selectable<Tables["tokens"]>;
export type TargetRow = Selectable<Tables["targets"]>;
export type IssueRow = Selectable<Tables["issues"]>;

/** The value of a `…_json` column; the caller knows which of core/records it is. */
export function fromJson(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

export function toJson(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

export function issueOfRow(row: IssueRow): Issue {
  return { fingerprint: row.fingerprint, issuerId: row.issuer_id, startAt: row.start_at, expAt: row.exp_at, u: row.u };
}

type AcceptedPart = Omit<AcceptedIssue, keyof Issue>;

export function acceptedPartOf(issue: AcceptedIssue): AcceptedPart {
  const { scopes, warnings, origin, acceptedAt } = issue;
  return { scopes, warnings, origin, acceptedAt };
}

function acceptedOfRow(row: IssueRow | undefined): AcceptedIssue | null {
  const accepted = fromJson(row?.accepted_json ?? null) as AcceptedPart | null;
  return row === undefined || accepted === null ? null : { ...issueOfRow(row), ...accepted };
}

/** A mint that an earlier version opened knows nothing of chosen secrets and absolute expiries. */
export function mintOf(json: string | null): Mint | null {
  const mint = fromJson(json) as (Partial<Mint> & Pick<Mint, "sentAt" | "lifetimeMs">) | null;
  if (mint === null) return null;
  return { expAt: mint.sentAt + mint.lifetimeMs, chosen: null, told: null, ...mint } as Mint;
}

function retiringOfRow(row: IssueRow): RetiringIssue {
  return { ...issueOfRow(row), trouble: fromJson(row.retirement_json) as Trouble | null };
}

/** `issues` holds at least the rows of this token's desired, previous, withdrawn and retiring issues. */
export function tokenOfRow(row: TokenRow, job: JobRow, mint: string | null, issues: readonly IssueRow[]): TokenRecord {
  const named = (fingerprint: string | null): AcceptedIssue | null =>
    fingerprint === null ? null : acceptedOfRow(issues.find((each) => each.fingerprint === fingerprint));
  return {
    key: row.key,
    firstSeenAt: job.first_seen_at,
    desired: named(row.desired),
    previous: named(row.previous),
    withdrawn: issues.filter(({ fate }) => fate === "withdrawn").map(({ fingerprint }) => fingerprint),
    mint: mintOf(mint),
    quarantined: fromJson(row.quarantined_json) as TokenRecord["quarantined"],
    pause: fromJson(row.pause_json) as TokenRecord["pause"],
    wish: fromJson(row.wish_json) as TokenRecord["wish"],
    trouble: fromJson(job.trouble_json) as Trouble | null,
    calls: (fromJson(job.calls_json) ?? []) as readonly Instant[],
    lastSuccessAt: row.last_success_at,
    retiring: issues
      .filter(({ fate }) => fate === "retiring")
      .map(retiringOfRow)
      .sort(compareIssues),
  };
}

export function targetOfRow(row: TargetRow, job: JobRow): TargetRecord {
  return {
    token: row.token,
    label: row.label,
    firstSeenAt: job.first_seen_at,
    held: fromJson(row.held_json) as TargetRecord["held"],
    ownership: row.ownership as TargetRecord["ownership"],
    delivery: fromJson(row.delivery_json) as TargetRecord["delivery"],
    drift: fromJson(row.drift_json) as TargetRecord["drift"],
    lastDrift: fromJson(row.last_drift_json) as TargetRecord["lastDrift"],
    observedAt: row.observed_at,
    trouble: fromJson(job.trouble_json) as Trouble | null,
    calls: (fromJson(job.calls_json) ?? []) as readonly Instant[],
  };
}
