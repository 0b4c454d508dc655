/** Settings of one or more tokens that a simulation is run on. */
import { paceOf, type TokenView } from "../../src/core/decide.ts";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { IssuerCapabilities } from "../../src/core/ports.ts";
import { type AcceptedIssue, newTarget, newToken, type Pause } from "../../src/core/records.ts";
import type { Outage, SimulationReport } from "../../src/core/simulation.ts";
import { type StatusReport, tokenStatus } from "../../src/core/status.ts";
import type { DeclaredTarget, DeclaredToken, TokenRequest } from "../../src/core/token.ts";
import { compileWindow } from "../../src/core/windows.ts";
import type { Member } from "../../src/engine/fleet.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { simulate, type SimulationParts } from "../../src/simulation/simulate.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeIssuer } from "../support/fake-issuer.ts";

/** A Tuesday. */
export const NOW: Instant = Date.parse("2026-12-01T00:00:00Z");
export const TICK_MS = 30_000;

export interface MemberOptions {
  readonly key?: string;
  readonly lifetimeMs?: number;
  readonly policy?: Partial<Policy>;
  readonly request?: Partial<TokenRequest>;
  readonly target?: Partial<DeclaredTarget>;
  readonly stores?: readonly string[];
  readonly issuer?: Partial<IssuerCapabilities>;
}

/** 30 d of life, renewed with 10 d left, read by one consumer that holds it for 6 h. */
export function memberOf(options: MemberOptions = {}): Member {
  const { key = "flow", lifetimeMs = 30 * DAY_MS, stores = ["aws"] } = options;
  const declared: DeclaredToken = {
    key,
    issuer: "flowauth",
    identity: key,
    name: `name-of-${key}`,
    comment: null,
    labels: {},
    create: true,
    request: {
      lifetimeMs,
      roles: ["runner"],
      audience: "flowapi",
      subject: null,
      strategy: "replace",
      retire: false,
      detail: {},
      ...options.request,
    },
    policy: {
      key: "default",
      renewBefore: { share: 1 / 3 },
      jitter: { ms: 0 },
      repairMs: lifetimeMs / 30,
      renewEveryMs: null,
      windows: [],
      ...options.policy,
    },
    targets: stores.map((store) => ({
      label: `at-${store}`,
      identity: `${key}/${store}`,
      store,
      address: {},
      format: { kind: "raw" },
      holdMs: 6 * HOUR_MS,
      propagationMs: MINUTE_MS,
      observeMs: 15 * MINUTE_MS,
      create: true,
      reload: null,
      ...options.target,
    })),
  };
  const capabilities = { lists: true, overlap: "kept", secret: "given", keeps: true, ...options.issuer } as const;
  const issuer = new FakeIssuer(new FakeClock(NOW), capabilities);
  if (declared.request.retire) issuer.allowRetiring();
  return { declared, pace: paceOf(declared, 2 * TICK_MS), issuer, berths: [] };
}

/** Nine to five in London on working days. */
export const WORKING_HOURS: Policy["windows"] = [
  compileWindow("0 9 * * mon-fri", 8 * HOUR_MS, "Europe/London", compileCron),
];

export interface RunOptions {
  readonly days?: number | null;
  readonly outages?: readonly Outage[];
  readonly seed?: number;
  readonly known?: StatusReport;
  readonly tickMs?: number;
  /** False where only the course of things matters: no service is weighed, which takes longest. */
  readonly weighs?: boolean;
}

export function run(
  members: readonly Member[],
  { days = 90, outages = [], seed = 1, known, tickMs = TICK_MS, weighs = true }: RunOptions = {},
  parts: Partial<SimulationParts> = {},
): Promise<SimulationReport> {
  const stores = new Set(members.flatMap(({ declared }) => declared.targets.map(({ store }) => store)));
  const settings = {
    issuers: [{ key: "flowauth", type: "flowauth", options: {} }],
    stores: [...stores].map((key) => ({ key, type: "file", options: {} })),
    tickMs,
  };
  return simulate(settings, known ?? null, NOW, { days, outages, seed }, { members, weighs, ...parts });
}

/** A token as it would be recorded, with `held` in all its targets. */
export function viewOf(
  { declared, pace, issuer }: Member,
  desired: AcceptedIssue,
  pause: Pause | null = null,
): TokenView {
  const record = { ...newToken(declared.key, NOW), desired, pause };
  return { declared, record, pace, clockTrusted: true, issuer: issuer.capabilities, retireAt: null };
}

export function issueOf(startAt: Instant, lifetimeMs: number, u = 0): AcceptedIssue {
  const times = { startAt, expAt: startAt + lifetimeMs, u, acceptedAt: startAt };
  const fingerprint = String(startAt).padStart(16, "0");
  return { fingerprint, issuerId: null, scopes: { runner: [] }, warnings: [], origin: "minted", ...times };
}

/** What the state would tell of it. */
export function reportOf(view: TokenView, held: AcceptedIssue | null): StatusReport {
  const { declared } = view;
  const targets = declared.targets.map(({ label }) => {
    const seen = held === null ? null : { ...held, sinceAt: held.startAt, provedAt: NOW };
    return { ...newTarget(declared.key, label, NOW), held: seen, ownership: "ours", observedAt: NOW } as const;
  });
  const tokens = [tokenStatus(view, targets, NOW)];
  return { at: NOW, ok: true, lastSweepAt: NOW, daemon: [], services: [], channels: [], tokens, created: [] };
}

export function outageOf(kind: Outage["kind"], key: string, afterMs: number, lastsMs: number): Outage {
  return { kind, key, fromAt: NOW + afterMs, untilAt: NOW + afterMs + lastsMs };
}
