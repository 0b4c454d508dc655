/** One fleet of what is hardest to show: long names, many roles and targets, marks that lie close together, states gone wrong. */
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import type { HistoryEntry } from "../../src/core/state-store.ts";
import type { StatusReport, TargetStatus, TokenStatus } from "../../src/core/status.ts";
import { fleetOf } from "./fleet-of.ts";

const LONG: string = "airflow-production-north-east-ireland-flowapi-readers-0123456789".slice(0, 63);

export function hardCases(now: Instant): StatusReport {
  const report = fleetOf(10, now);
  const [late, failing, quarantined, paused, inPart] = [1, 3, 5, 7, 9].map((index) => report.tokens[index]!);
  const well = report.tokens[0]!;
  const tokens = [
    { ...late!, token: "late" },
    { ...failing!, token: "failing" },
    { ...quarantined!, token: "quarantined" },
    { ...paused!, token: "paused" },
    { ...inPart!, token: "in-part" },
    longNames(well),
    manyTargets(well, now),
    expired(well, now),
    shortLived(well, now),
    neverIssued(well),
    notOwned(well, now),
    justRenewed(well, now),
    waiting(well, now),
  ];
  return { ...report, tokens };
}

function longNames(token: TokenStatus): TokenStatus {
  const labels = Object.fromEntries(
    Array.from({ length: 12 }, (_, nth) => [`label-${nth}-of-the-cost-centre`, "value ".repeat(12).trim()]),
  );
  const roles = Array.from({ length: 200 }, (_, nth) => `server-${nth}.dataset.aggregate.flows.read`);
  const comment = "Read by the pipelines of the north-east, which start at 04:00 and may take until noon. ".repeat(5);
  return {
    ...token,
    token: LONG,
    name: `${LONG}-at-the-issuer`,
    issuer: LONG,
    labels,
    comment,
    newest: { ...token.newest!, roles },
    targets: token.targets.map((target) => ({ ...target, target: LONG, store: LONG.replace("airflow", "secrets") })),
  };
}

function manyTargets(token: TokenStatus, now: Instant): TokenStatus {
  const targets = Array.from({ length: 20 }, (_, nth): TargetStatus => {
    const target = token.targets[0]!;
    const older = { ...target.held!, fingerprint: `${nth}`.padStart(16, "0"), expAt: now + (nth + 1) * DAY_MS };
    const trouble = nth === 1 ? troubleOf(now, 1) : nth === 3 ? troubleOf(now, 40) : null;
    const isBehind = nth % 4 === 1 || trouble !== null;
    return {
      ...target,
      target: `target-${nth}`,
      ...(isBehind && { state: "failing", ok: false, held: older, deadlineAt: older.expAt - HOUR_MS, trouble }),
    };
  });
  return { ...token, token: "many-targets", targets, ok: false, state: "delivered_in_part" };
}

function troubleOf(now: Instant, attempts: number): NonNullable<TargetStatus["trouble"]> {
  const message = "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/renewd/i-0 is not authorized";
  const last = { at: now, code: "store_denied", message, retry: "later" } as const;
  return { attempts, since: now - HOUR_MS, nextTryAt: now + 12 * MINUTE_MS, last };
}

function expired(token: TokenStatus, now: Instant): TokenStatus {
  const expAt = now - 3 * HOUR_MS;
  const newest = { ...token.newest!, startAt: expAt - 30 * DAY_MS, expAt };
  const schedule = {
    renewAt: expAt - 10 * DAY_MS,
    latestAt: expAt - 2 * DAY_MS,
    floorAt: expAt - 27 * DAY_MS,
    deadlineAt: expAt - DAY_MS,
  };
  const held = { ...token.targets[0]!.held!, ...newest };
  const conditions = [
    {
      reason: "expired",
      severity: "critical",
      message: "The newest token expired at 2026-07-01T05:00:00Z. Failed 212 times since 2026-06-21T05:00:00Z: 503.",
      next: "Next try 2026-07-01T08:15:00Z.",
      action: "See that the issuer is up.",
      dangerAt: schedule.deadlineAt,
      expAt,
    },
  ] as const;
  const targets = token.targets.map((target) => ({ ...target, held, deadlineAt: schedule.deadlineAt }));
  const wrong = { state: "expired", ok: false, conditions, advice: null } as const;
  return { ...token, token: "expired", newest, previous: null, schedule, windows: [], targets, ...wrong };
}

/** All marks in the last minutes of its life. */
function shortLived(token: TokenStatus, now: Instant): TokenStatus {
  const newest = { ...token.newest!, startAt: now - 20 * MINUTE_MS, expAt: now + 40 * MINUTE_MS };
  const deadlineAt = newest.expAt - MINUTE_MS;
  const schedule = {
    renewAt: deadlineAt - 20 * SECOND_MS,
    latestAt: deadlineAt - 10 * SECOND_MS,
    floorAt: now,
    deadlineAt,
  };
  const next = { action: "wait", at: schedule.renewAt, reason: "due 2026-07-01T08:38:40Z, 39 min from now" };
  return { ...token, token: "short-lived", newest, previous: null, schedule, windows: [], next };
}

function neverIssued(token: TokenStatus): TokenStatus {
  const targets = token.targets.map((target): TargetStatus => ({
    ...target,
    held: null,
    deadlineAt: null,
    state: "empty",
  }));
  const none = {
    newest: null,
    previous: null,
    schedule: null,
    windows: [],
    outliveAt: null,
    lastSuccessAt: null,
  } as const;
  return { ...token, token: "never-issued", ...none, targets, state: "first", labels: {}, comment: null };
}

function notOwned(token: TokenStatus, now: Instant): TokenStatus {
  const targets = token.targets.map((target): TargetStatus => ({
    ...target,
    held: null,
    deadlineAt: null,
    state: "not_owned",
    ok: false,
    drift: { fingerprint: "feedfacefeedface", at: now - HOUR_MS },
  }));
  return { ...token, token: "not-owned", targets, ok: false, state: "undelivered" };
}

/** A short overlap at the left edge, and everything else far to the right. */
function justRenewed(token: TokenStatus, now: Instant): TokenStatus {
  const newest = { ...token.newest!, startAt: now - MINUTE_MS, expAt: now + 365 * DAY_MS };
  const previous = { ...newest, fingerprint: "0123456789abcdef", startAt: now - 7 * DAY_MS, expAt: now + HOUR_MS };
  const deadlineAt = newest.expAt - DAY_MS;
  const schedule = { renewAt: deadlineAt - 30 * DAY_MS, latestAt: deadlineAt - DAY_MS, floorAt: now, deadlineAt };
  return { ...token, token: "just-renewed", newest, previous, schedule, windows: [] };
}

/** Due, and waiting for a window. */
function waiting(token: TokenStatus, now: Instant): TokenStatus {
  const newest = { ...token.newest!, startAt: now - 22 * DAY_MS, expAt: now + 8 * DAY_MS };
  const deadlineAt = newest.expAt - DAY_MS;
  const schedule = { renewAt: now - HOUR_MS, latestAt: deadlineAt - DAY_MS, floorAt: now - 19 * DAY_MS, deadlineAt };
  const windows = [1, 2, 3, 4, 5].map((night) => ({
    opensAt: now - 4 * HOUR_MS + night * DAY_MS,
    closesAt: now + night * DAY_MS,
  }));
  const next = {
    action: "wait",
    at: now + 20 * HOUR_MS,
    reason: "due, but outside its windows until 2026-07-02T04:00:00Z",
  };
  return { ...token, token: "waiting", newest, previous: null, schedule, windows, next, state: "due" };
}

export function historyOf(now: Instant): readonly HistoryEntry[] {
  const issue = { fingerprint: "00112233aabbccdd", expAt: now + 30 * DAY_MS };
  const failed = { code: "store_denied", message: "AccessDeniedException: not authorized", nextTryAt: now + HOUR_MS };
  const of = (type: string, data: HistoryEntry["data"], target: string | null = null): HistoryEntry => ({
    type,
    data,
    target,
    at: now,
  });
  return [
    of("renewal:settled", { ...issue, result: "capped" }),
    of("target:delivered", issue, "ireland"),
    of("target:failed", failed, "ireland"),
    of("incident:opened", {
      reason: "target_failing",
      severity: "warning",
      message: "Failed once.",
      action: "Mend it.",
    }),
    of("renewal:accepted", { ...issue, renewal: "r", warnings: ["lifetime_capped"] }),
    of("renewal:quarantined", {
      ...issue,
      code: "token_rejected",
      message: "it lacks the role runner",
      check: "roles",
    }),
    of("renewal:asked", { renewal: "r", kind: "renew", lifetimeMs: 30 * DAY_MS }),
    of("renewal:started", { renewal: "r", cause: "person", reason: "a person asked for it" }),
    of("person:asked", { what: "renew" }),
  ].map((entry, nth) => ({ ...entry, at: now - nth * SECOND_MS }));
}
