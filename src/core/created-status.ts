/** What an operator is shown of tokens that `create-token` made and no setting declares: nothing renews them. */
import { DAY_MS, type Instant, NEVER_AT } from "./duration.ts";
import type { TokenRecord } from "./records.ts";
import type { Issue } from "./issue.ts";
import type { Described, DescribedRecord } from "./state-store.ts";

const SHOWN_AFTER_EXPIRY_MS: number = 30 * DAY_MS;

export interface CreatedStatus {
  readonly key: string;
  readonly issuer: string;
  readonly name: string;
  readonly comment: string | null;
  /** Whose it is, where the issuer has others' tokens too. */
  readonly user: string | null;
  readonly roles: readonly string[];
  /** Null while there is none. */
  readonly fingerprint: string | null;
  /** Null for one without an end, and while there is none. */
  readonly expiresAt: Instant | null;
  /** `unfinished`: it was asked for and is not there; the same call again goes on with it. */
  readonly state: "live" | "expired" | "unfinished";
}

/** By issuer, name and comment; without those long expired, and those of which nothing was ever asked for. */
export function createdStatus(described: readonly DescribedRecord[], now: Instant): readonly CreatedStatus[] {
  return described
    .flatMap(({ about, record, others }) => [
      ...(isShown(record, now) ? [statusOf(about, record, now)] : []),
      ...others.filter(({ expAt }) => expAt > now).map((issue) => otherOf(about, issue)),
    ])
    .sort((a, b) => compare(orderOf(a), orderOf(b)));
}

/** Made before the newest, and nobody ended it. */
function otherOf({ subject, ...about }: Described, { fingerprint, expAt }: Issue): CreatedStatus {
  return { ...about, user: subject, fingerprint, expiresAt: expAt === NEVER_AT ? null : expAt, state: "live" };
}

function isShown({ desired, mint, wish }: TokenRecord, now: Instant): boolean {
  return desired === null ? mint !== null || wish !== null : desired.expAt > now - SHOWN_AFTER_EXPIRY_MS;
}

function statusOf({ subject, ...about }: Described, { desired, mint }: TokenRecord, now: Instant): CreatedStatus {
  const { key, issuer, name, comment, roles } = about;
  const expAt = desired?.expAt ?? NEVER_AT;
  const isUnfinished = desired === null || mint !== null;
  return {
    key,
    issuer,
    name,
    comment,
    user: subject,
    roles,
    fingerprint: desired?.fingerprint ?? null,
    expiresAt: expAt === NEVER_AT ? null : expAt,
    state: isUnfinished ? "unfinished" : expAt > now ? "live" : "expired",
  };
}

function orderOf({ issuer, name, comment, key }: CreatedStatus): string {
  return [issuer, name, comment ?? "", key].join("\n");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
