/** Rows -> core/records and back. */
import type { Selectable } from "kysely";
import type { Issue } from "../core/issue.ts";
import type { AcceptedIssue, Mint, TargetRecord, TokenRecord } from "../core/records.ts";
import type { Tables } from "./tables.ts";

export type JobRow = Selectable<Tables["jobs"]>;
export type TokenRow = Selectable<Tables["tokens"]>;
export type TargetRow = Selectable<Tables["targets"]>;
export type IssueRow = Selectable<Tables["issues"]>;

export function fromJson<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
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
  const accepted = fromJson<AcceptedPart>(row?.accepted_json ?? null);
  return row === undefined || accepted === null ? null : { ...issueOfRow(row), ...accepted };
}

/** `issues` holds at least the rows of this token's desired and previous issue. */
export function tokenOfRow(row: TokenRow, job: JobRow, mint: string | null, issues: readonly IssueRow[]): TokenRecord {
  const named = (fingerprint: string | null): AcceptedIssue | null =>
    fingerprint === null ? null : acceptedOfRow(issues.find((each) => each.fingerprint === fingerprint));
  return {
    key: row.key,
    firstSeenAt: job.first_seen_at,
    desired: named(row.desired),
    previous: named(row.previous),
    mint: fromJson<Mint>(mint),
    quarantined: fromJson(row.quarantined_json),
    pause: fromJson(row.pause_json),
    wish: fromJson(row.wish_json),
    trouble: fromJson(job.trouble_json),
    calls: fromJson<number[]>(job.calls_json) ?? [],
    lastSuccessAt: row.last_success_at,
  };
}

export function targetOfRow(row: TargetRow, job: JobRow): TargetRecord {
  return {
    token: row.token,
    label: row.label,
    firstSeenAt: job.first_seen_at,
    held: fromJson(row.held_json),
    ownership: row.ownership as TargetRecord["ownership"],
    delivery: fromJson(row.delivery_json),
    drift: fromJson(row.drift_json),
    observedAt: row.observed_at,
    trouble: fromJson(job.trouble_json),
    calls: fromJson<number[]>(job.calls_json) ?? [],
  };
}
