/** Fleets as operators have them: many tokens, most of them well, some late, failing, paused or quarantined. */
import { createHash } from "node:crypto";
import type { CalendarEntry } from "../../src/core/calendar.ts";
import { DAY_MS, formatInstant, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Condition } from "../../src/core/incidents.ts";
import type { StatusReport, TargetStatus, TokenStatus } from "../../src/core/status.ts";

const CONSUMERS = ["airflow", "jupyter", "grafana", "dagster", "notebooks", "etl", "dashboards", "exports"] as const;
const PLACES = ["ireland", "ghana", "haiti", "nepal", "kenya", "mozambique"] as const;

/** Like a fingerprint. */
const hex = (n: number): string => createHash("sha256").update(String(n)).digest("hex").slice(0, 16);

interface Kind {
  readonly state: TokenStatus["state"];
  readonly share: number;
}

/** Share of the life that is over, and what is wrong then. */
const KINDS: readonly Kind[] = [
  { state: "late", share: 0.93 },
  { state: "failing", share: 0.8 },
  { state: "quarantined", share: 0.7 },
  { state: "paused", share: 0.3 },
  { state: "delivered_in_part", share: 0.02 },
];

export function fleetOf(count: number, now: Instant): StatusReport {
  const tokens = Array.from({ length: count }, (_, index) => tokenAt(index, count, now));
  return {
    at: now,
    ok: false,
    lastSweepAt: now - 4_000,
    daemon: [],
    services: [{ kind: "store", key: "aws-ireland", failures: 6, code: "store_denied", probeAt: now + 12 * MINUTE_MS }],
    channels: [
      {
        channel: "pager",
        type: "pagerduty",
        failures: 0,
        code: null,
        message: null,
        nextTryAt: null,
        lastSuccessAt: now - 5 * MINUTE_MS,
      },
      {
        channel: "team",
        type: "slack",
        failures: 0,
        code: null,
        message: null,
        nextTryAt: null,
        lastSuccessAt: now - 5 * MINUTE_MS,
      },
    ],
    tokens,
    created: [],
  };
}

function tokenAt(index: number, count: number, now: Instant): TokenStatus {
  const kind = kindAt(index, count);
  const consumer = CONSUMERS[index % CONSUMERS.length] ?? "airflow";
  const place = PLACES[index % PLACES.length] ?? "ireland";
  const key = `${consumer}-${place}${index < 24 ? "" : `-${index}`}`;
  const renewShare = kind?.state === "late" ? 0.925 : 0.66;
  const lifetimeMs = [30, 90, 7][index % 3]! * DAY_MS;
  const share = kind?.share ?? 0.08 + ((index * 37) % 50) / 100;
  const startAt = now - Math.round(share * lifetimeMs);
  const expAt = startAt + lifetimeMs;
  const deadlineAt = expAt - lifetimeMs / 24;
  const latestAt = deadlineAt - Math.min(DAY_MS, lifetimeMs / 10);
  const state = kind?.state ?? "ok";
  const conditions = conditionsOf(state, deadlineAt, expAt);
  const newest = {
    fingerprint: hex(index),
    issuerId: String(1_000 + index),
    startAt,
    expAt,
    roles: ["runner", "viewer"],
    origin: "minted",
  } as const;
  const older = {
    ...newest,
    fingerprint: hex(index + 50_000),
    startAt: startAt - lifetimeMs * 0.66,
    expAt: startAt + lifetimeMs * 0.34,
  };
  const targets = targetsOf(index, place, state, newest, older, lifetimeMs, now);
  const ok = conditions.every(({ severity }) => severity === "info") && targets.every((target) => target.ok);
  return {
    token: key,
    name: `${key}-flowapi`,
    issuer: index % 4 === 3 ? "arvados" : "flowauth",
    comment: `${consumer} pipelines of ${place}`,
    labels: { team: index % 2 === 0 ? "data" : "platform", environment: "production" },
    lifetimeMs,
    outliveAt: expAt,
    state,
    ok,
    advice: ok
      ? null
      : { reason: conditions[0]?.message ?? "See its targets.", you: conditions[0]?.action ?? "See its targets." },
    next: { action: "wait", at: startAt + lifetimeMs * renewShare, reason: "not due yet" },
    newest,
    previous: older.expAt > now ? older : null,
    schedule: { renewAt: startAt + lifetimeMs * renewShare, latestAt, floorAt: startAt + lifetimeMs / 10, deadlineAt },
    windows: [0, 1, 2].map((night) => ({
      opensAt: startAt + lifetimeMs * renewShare + night * DAY_MS,
      closesAt: startAt + lifetimeMs * renewShare + night * DAY_MS + 4 * HOUR_MS,
    })),
    quarantined:
      state === "quarantined"
        ? {
            ...newest,
            fingerprint: hex(index + 90_000),
            u: 0.5,
            check: "roles",
            message: "it lacks the role runner",
            at: now - HOUR_MS,
            validAt: now - HOUR_MS,
            scopes: {},
          }
        : null,
    pause:
      state === "paused"
        ? { since: now - DAY_MS, until: now + 2 * DAY_MS, reason: "the cluster moves", deliveries: false }
        : null,
    trouble: null,
    lastSuccessAt: startAt + MINUTE_MS,
    conditions,
    targets,
  };
}

/** A few in a hundred are not well; in a small fleet each kind once. */
function kindAt(index: number, count: number): Kind | undefined {
  const every = count <= 60 ? count : 50;
  const place = index % every;
  return place % 2 === 1 ? KINDS[(place - 1) / 2] : undefined;
}

/** What is wrong in the states that have something wrong. */
const WRONGS: Readonly<
  Partial<Record<TokenStatus["state"], Pick<Condition, "reason" | "severity" | "message" | "action">>>
> = {
  late: {
    reason: "late",
    severity: "critical",
    message: "It should have been renewed by now; the issuer answers 503.",
    action: "See that FlowAuth is up, then `renewd renew`.",
  },
  failing: {
    reason: "issuer_failing",
    severity: "warning",
    message: "The issuer refused the password of flowbot (401).",
    action: "Set the password anew.",
  },
  quarantined: {
    reason: "quarantined",
    severity: "critical",
    message: "The fresh token lacks the role runner.",
    action: "Have the role granted, then `renewd discard`.",
  },
};

function conditionsOf(state: TokenStatus["state"], dangerAt: Instant, expAt: Instant): readonly Condition[] {
  const wrong = WRONGS[state];
  return wrong === undefined
    ? []
    : [{ ...wrong, dangerAt, expAt, next: `Tries again ${formatInstant(dangerAt - HOUR_MS)}.` }];
}

type Issued = NonNullable<TokenStatus["newest"]>;

function targetsOf(
  index: number,
  place: string,
  state: TokenStatus["state"],
  newest: Issued,
  older: Issued,
  lifetimeMs: number,
  now: Instant,
): readonly TargetStatus[] {
  const names = index % 3 === 0 ? [place, "standby"] : [place];
  return names.map((target, nth) => {
    const lags = state === "delivered_in_part" && nth === 0;
    const held = lags ? older : newest;
    const deadlineAt = held.expAt - lifetimeMs / 24;
    const conditions: readonly Condition[] = lags
      ? [
          {
            reason: "target_failing",
            severity: "warning",
            message: "AccessDenied on PutSecretValue.",
            next: "Next try in 12 min, nothing to mint.",
            action: "Restore that permission.",
            dangerAt: deadlineAt,
            expAt: held.expAt,
          },
        ]
      : [];
    return {
      target,
      store: nth === 0 ? `aws-${place}` : "files",
      state: lags ? "failing" : "ok",
      ok: !lags,
      advice: lags ? { reason: "AccessDenied on PutSecretValue.", you: "Restore that permission." } : null,
      next: { action: "wait", at: now + HOUR_MS, reason: "holds the newest token" },
      held: { ...held, u: 0.5, sinceAt: held.startAt + MINUTE_MS, provedAt: now - 5 * MINUTE_MS },
      delivery: null,
      drift: null,
      deadlineAt,
      trouble: null,
      conditions,
    };
  });
}

/** One renewal per token in each of its lives, as many days on as are asked for. */
export function calendarOf({ at: now, tokens }: StatusReport, days: number): readonly CalendarEntry[] {
  const until = now + days * DAY_MS;
  const entries = tokens.flatMap(({ token, name, issuer, schedule, newest }) => {
    const every = newest === null ? DAY_MS : (newest.expAt - newest.startAt) * 0.66;
    const found: CalendarEntry[] = [];
    for (let at = schedule?.renewAt ?? now, nth = 0; at < until; at += every, nth += 1) {
      if (at < now) continue;
      const drawn = nth === 0 ? 0 : 3 * HOUR_MS;
      const times = { at, earliestAt: at - drawn, latestAt: at, deadlineAt: at + every / 3 };
      found.push({
        token,
        name,
        issuer,
        what: "renewal",
        ...times,
        reason: "two thirds of its life are over",
        more: 0,
      });
    }
    return found;
  });
  return entries.sort((a, b) => a.at - b.at);
}
