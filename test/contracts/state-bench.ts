/** What the state contract works with. */
import { afterEach, beforeEach, expect } from "vitest";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import type { Issue } from "../../src/core/issue.ts";
import type { AcceptedIssue, Mint, QuarantinedIssue, Trouble } from "../../src/core/records.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { Enrolment, Job, Lease, StateStore, TokenChange } from "../../src/core/state-store.ts";

export const NOW: Instant = Date.parse("2026-07-01T08:00:00Z");
export const TTL_MS: number = MINUTE_MS;
export const FLOW: Job = { token: "flow", target: null };
export const AWS: Job = { token: "flow", target: "aws" };
export const FILE: Job = { token: "flow", target: "file" };
export const OTHER: Job = { token: "other", target: null };

/** Two tokens at one issuer; the first has two targets in two stores. */
export const ENROLMENTS: readonly Enrolment[] = [
  {
    key: "flow",
    issuer: "flowauth",
    targets: [
      { label: "aws", store: "aws" },
      { label: "file", store: "files" },
    ],
  },
  { key: "other", issuer: "flowauth", targets: [] },
];

/** The same label is always the same token. */
export const textOf = (label: string): SecretText => new SecretText(`header.${label}.signature`);

export function issueOf(label: string, over: Partial<AcceptedIssue> = {}): AcceptedIssue {
  return {
    fingerprint: textOf(label).fingerprint,
    issuerId: "7",
    startAt: NOW,
    expAt: NOW + 30 * DAY_MS,
    u: 0.123456789012345,
    scopes: { runner: ["run"] },
    warnings: [{ kind: "lifetime_capped", askedMs: 2, issuedMs: 1 }],
    origin: "minted",
    acceptedAt: NOW,
    ...over,
  };
}

export function mintOf(id: string, over: Partial<Mint> = {}): Mint {
  return {
    id,
    kind: "renew",
    cause: "due",
    baseId: "7",
    roles: ["runner"],
    lifetimeMs: DAY_MS,
    expAt: NOW + DAY_MS,
    chosen: null,
    known: ["aaaaaaaaaaaaaaaa"],
    sentAt: NOW,
    settleAt: NOW + MINUTE_MS,
    lookedAt: null,
    fresh: null,
    told: null,
    ...over,
  };
}

export function troubleOf(code: Trouble["last"]["code"], nextTryAt: Instant): Trouble {
  return { attempts: 3, since: NOW, last: { code, message: "it said no", at: NOW }, nextTryAt };
}

export function quarantinedOf(label: string, over: Partial<QuarantinedIssue> = {}): QuarantinedIssue {
  return { ...bare(label), check: "roles", message: "no", at: NOW, validAt: NOW, scopes: { runner: ["run"] }, ...over };
}

export const asked = (at: Instant): DomainEvent => ({ type: "person:asked", at, token: "flow", what: "renew" });
export const acceptOf = (label: string, over: Partial<AcceptedIssue> = {}): TokenChange => ({
  accept: { issue: issueOf(label, over), token: textOf(label) },
});

/** What an issue is before it was accepted. */
export function bare(label: string, over: Partial<AcceptedIssue> = {}): Issue {
  const { fingerprint, issuerId, startAt, expAt, u } = issueOf(label, over);
  return { fingerprint, issuerId, startAt, expAt, u };
}

/** The state of the current test, two tokens enrolled in it, and what the tests do with it most. */
export interface StateBench {
  readonly state: StateStore;
  claim(job: Job, now?: Instant, holder?: string): Promise<Lease>;
  /** One step of the token `flow`, under a lease of its own. */
  change(part: TokenChange, now?: Instant): Promise<void>;
  sleepUntil(job: Job, wakeAt: Instant, deadlineAt?: Instant | null): Promise<void>;
  allAsleep(): Promise<void>;
}

/** `open` answers a new and empty state for each test. */
export function useState(open: () => Promise<StateStore>): StateBench {
  let state: StateStore | undefined;
  beforeEach(async () => {
    state = await open();
    await state.enrol(ENROLMENTS, NOW);
  });
  afterEach(() => state?.close());
  const bench: StateBench = {
    get state() {
      if (state === undefined) throw new TypeError("no test is under way");
      return state;
    },
    async claim(job, now = NOW, holder = "worker-1") {
      const lease = await bench.state.claim(job, holder, now, TTL_MS);
      if (lease === null) throw new TypeError(`nobody should hold ${job.token}/${job.target ?? ""}`);
      return lease;
    },
    async change(part, now = NOW) {
      const lease = await bench.claim(FLOW, now);
      expect(await bench.state.changeToken(lease, now, part)).toBe(true);
      await bench.state.release(lease, { wakeAt: now, deadlineAt: null }, now);
    },
    async sleepUntil(job, wakeAt, deadlineAt = null) {
      expect(await bench.state.release(await bench.claim(job), { wakeAt, deadlineAt }, NOW)).toBe(true);
    },
    async allAsleep() {
      for (const job of [FLOW, AWS, FILE, OTHER]) await bench.sleepUntil(job, NOW + HOUR_MS);
    },
  };
  return bench;
}
