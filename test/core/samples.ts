/** A token that is well, in its plainest form; a test names only what differs from it. */
import type { Pace } from "../../src/core/schedule.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { TokenView } from "../../src/core/decide.ts";
import type { AcceptedIssue, Held, Mint, TargetRecord, TokenRecord, Trouble } from "../../src/core/records.ts";
import type { TargetView } from "../../src/core/target.ts";
import type { DeclaredTarget, DeclaredToken } from "../../src/core/token.ts";

export const START: number = Date.parse("2026-07-01T08:00:00Z");

/**
 * Lives 30 d from START. With a hold of 6 h, 15 min propagation, a repair of 1 d: need 6 h 16 min, deadline 29 d 17 h
 * 44 min, latest 28 d 17 h 44 min, floor 3 d and renewal 20 d after START.
 */
export function issue(over: Partial<AcceptedIssue> = {}): AcceptedIssue {
  return {
    fingerprint: "aaaaaaaaaaaaaaaa",
    issuerId: "7",
    startAt: START,
    expAt: START + 30 * DAY_MS,
    u: 0,
    scopes: { runner: ["run"], viewer: ["get"] },
    warnings: [],
    origin: "minted",
    acceptedAt: START,
    ...over,
  };
}

export const DEADLINE: number = START + 30 * DAY_MS - (6 * HOUR_MS + 16 * MINUTE_MS);
export const LATEST: number = DEADLINE - DAY_MS;
export const RENEW: number = START + 20 * DAY_MS;
export const EXP: number = START + 30 * DAY_MS;

export function declaredTarget(over: Partial<DeclaredTarget> = {}): DeclaredTarget {
  return {
    label: "airflow",
    identity: "aws|airflow",
    store: "aws",
    address: {},
    format: { kind: "raw" },
    holdMs: 6 * HOUR_MS,
    propagationMs: 15 * MINUTE_MS,
    observeMs: HOUR_MS,
    create: false,
    reload: null,
    ...over,
  };
}

export function declaredToken(over: Partial<DeclaredToken> = {}): DeclaredToken {
  return {
    key: "flow",
    identity: "flowauth|airflow-flowapi",
    issuer: "flowauth",
    name: "airflow-flowapi",
    comment: null,
    labels: {},
    create: false,
    request: {
      lifetimeMs: 30 * DAY_MS,
      roles: ["runner", "viewer"],
      audience: "flowapi",
      subject: null,
      strategy: "replace",
      retire: false,
      detail: {},
    },
    policy: {
      key: "default",
      renewBefore: { ms: 10 * DAY_MS },
      jitter: { share: 0.05 },
      repairMs: DAY_MS,
      renewEveryMs: null,
      windows: [],
    },
    targets: [declaredTarget()],
    ...over,
  };
}

export function tokenRecord(over: Partial<TokenRecord> = {}): TokenRecord {
  return {
    key: "flow",
    firstSeenAt: START,
    desired: issue(),
    previous: null,
    withdrawn: [],
    mint: null,
    quarantined: null,
    pause: null,
    wish: null,
    trouble: null,
    calls: [],
    lastSuccessAt: null,
    retiring: [],
    ...over,
  };
}

export function targetRecord(over: Partial<TargetRecord> = {}): TargetRecord {
  return {
    token: "flow",
    label: "airflow",
    firstSeenAt: START,
    held: held(),
    ownership: "ours",
    delivery: null,
    drift: null,
    lastDrift: null,
    observedAt: START,
    trouble: null,
    calls: [],
    ...over,
  };
}

export function held(over: Partial<Held> = {}): Held {
  const { fingerprint, issuerId, startAt, expAt, u } = issue();
  return { fingerprint, issuerId, startAt, expAt, u, sinceAt: START, provedAt: START, ...over };
}

export function trouble(code: ErrorCode, over: Partial<Trouble> = {}): Trouble {
  const at = START;
  return { attempts: 1, since: at, last: { code, message: "it said no", at }, nextTryAt: at, ...over };
}

export function mint(over: Partial<Mint> = {}): Mint {
  return {
    id: "r1",
    kind: "renew",
    cause: "due",
    baseId: "7",
    roles: ["runner", "viewer"],
    lifetimeMs: 30 * DAY_MS,
    expAt: RENEW + 30 * DAY_MS,
    chosen: null,
    known: [],
    sentAt: RENEW,
    settleAt: RENEW + MINUTE_MS,
    lookedAt: null,
    fresh: null,
    told: null,
    ...over,
  };
}

export function paceOf(declared: DeclaredToken): Pace {
  return { policy: declared.policy, minIntervalMs: MINUTE_MS, uses: declared.targets };
}

export interface ViewOver {
  readonly declared?: Partial<DeclaredToken>;
  readonly record?: Partial<TokenRecord>;
  readonly clockTrusted?: boolean;
  readonly issuer?: Partial<TokenView["issuer"]>;
  readonly retireAt?: number;
}

export function tokenView(over: ViewOver = {}): TokenView {
  const declared = declaredToken(over.declared);
  const record = tokenRecord(over.record);
  const issuer = { lists: true, overlap: "kept", secret: "given", keeps: true, ...over.issuer } as const;
  return {
    declared,
    record,
    pace: paceOf(declared),
    clockTrusted: over.clockTrusted ?? true,
    issuer,
    retireAt: over.retireAt ?? null,
  };
}

export function targetView(record: Partial<TargetRecord> = {}, over: Partial<TargetView> = {}): TargetView {
  return {
    declared: declaredTarget(),
    record: targetRecord(record),
    desired: issue(),
    pause: null,
    withdrawn: [],
    ...over,
  };
}
