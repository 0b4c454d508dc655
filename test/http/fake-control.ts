/**
 * A control without an engine behind it: it follows the contract of `core/control.ts` (unknown tokens, joins, refusals)
 * over one declared token, so that tests of HTTP and of the socket need no issuer and no store.
 */
import type {
  Accepted,
  Created,
  CreationOrder,
  Discarded,
  RenewalStanding,
  RenewTicket,
  RolledBack,
} from "../../src/core/control.ts";
import type { CalendarEntry } from "../../src/core/calendar.ts";
import { type CalendarDays, type DaysAsked, DaySorter, isMeant } from "../../src/core/calendar-days.ts";
import type { Instant } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { PlanEntry } from "../../src/core/plan.ts";
import type { LifetimeLimits } from "../../src/core/ports.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { HistoryEntry } from "../../src/core/state-store.ts";
import type { StatusReport, TargetStatus, TokenStatus } from "../../src/core/status.ts";
import type { Remote } from "../../src/http/control-calls.ts";
import type { Health } from "../../src/http/health.ts";

export const NOW: Instant = Date.parse("2026-07-01T08:00:00Z");
export const EXP: Instant = Date.parse("2026-07-31T08:00:00Z");

/** What `createToken` hands out. */
export const CREATED: SecretText = new SecretText("header.created.signature");

export const target: TargetStatus = {
  target: "airflow",
  store: "aws",
  state: "ok",
  ok: true,
  advice: null,
  next: { action: "wait", at: EXP, reason: "it holds the newest token" },
  held: {
    fingerprint: "00112233aabbccdd",
    issuerId: "7",
    startAt: NOW,
    expAt: EXP,
    u: 0.5,
    sinceAt: NOW,
    provedAt: NOW,
  },
  delivery: null,
  drift: null,
  deadlineAt: EXP - 3_600_000,
  trouble: null,
  conditions: [],
};

export const token: TokenStatus = {
  token: "flowapi",
  name: "airflow-flowapi",
  issuer: "flowauth",
  comment: null,
  labels: {},
  lifetimeMs: EXP - NOW,
  outliveAt: EXP,
  state: "ok",
  ok: true,
  advice: null,
  next: { action: "wait", at: EXP - 7_200_000, reason: "not due yet" },
  newest: {
    fingerprint: "00112233aabbccdd",
    issuerId: "7",
    startAt: NOW,
    expAt: EXP,
    roles: ["runner", "viewer"],
    origin: "minted",
  },
  previous: null,
  schedule: { renewAt: EXP - 7_200_000, latestAt: EXP - 5_400_000, floorAt: NOW, deadlineAt: EXP - 3_600_000 },
  windows: [],
  quarantined: null,
  pause: null,
  trouble: null,
  lastSuccessAt: NOW,
  conditions: [],
  targets: [target],
};

export const report: StatusReport = {
  at: NOW,
  ok: true,
  lastSweepAt: NOW - 2_000,
  daemon: [],
  services: [],
  channels: [],
  tokens: [token],
  created: [],
};

export class FakeControl implements Remote {
  /** What was asked for, in order. */
  readonly asked: (readonly unknown[])[] = [];
  report: StatusReport = report;
  /** What `calendar` answers instead of one entry, in order of time; and what `calendarDays` makes its days of. */
  expected: readonly CalendarEntry[] | undefined;
  /** More than what lies before it was not counted. */
  countedUntilAt: Instant = Infinity;
  /** What `limits` answers. */
  longest: LifetimeLimits = { longestMs: 3_600_000, latestAt: EXP };
  /** Thrown by the next call of anything. */
  failure: Error | undefined;
  #wishAt: Instant | undefined;

  async status(): Promise<StatusReport> {
    return this.#answer(["status"], this.report);
  }

  async tokenStatus(key: string): Promise<TokenStatus> {
    const found = this.report.tokens.find((each) => each.token === key);
    if (found === undefined) throw new RenewdError("unknown_token", `no token ${key} is declared`);
    return this.#answer(["tokenStatus", key], found);
  }

  async plan(): Promise<readonly PlanEntry[]> {
    const times = { at: NOW, startAt: NOW, floorAt: NOW, renewAt: NOW, latestAt: NOW, deadlineAt: EXP, expAt: EXP };
    const entry = { token: "flowapi", name: "airflow-flowapi", action: "renew", reason: "due", arithmetic: ["a"] };
    return this.#answer(["plan"], [{ ...entry, cautions: [], ...times }]);
  }

  async planOf(key: string): Promise<PlanEntry> {
    await this.tokenStatus(key);
    const [entry] = await this.plan();
    if (entry === undefined) throw new TypeError("the plan has an entry");
    return this.#answer(["planOf", key], { ...entry, token: key });
  }

  async calendarDays(asked: DaysAsked): Promise<CalendarDays> {
    const sorter = new DaySorter(asked.dayAt);
    for (const entry of this.expected ?? []) {
      if (isMeant({ ...entry, key: entry.token }, asked.words)) sorter.add(entry);
    }
    const countedUntilAt = Math.min(NOW + asked.days * 86_400_000, this.countedUntilAt);
    return this.#answer(["calendarDays", asked], { days: sorter.days, countedUntilAt });
  }

  async calendar(days: number): Promise<readonly CalendarEntry[]> {
    const times = { at: EXP, earliestAt: EXP - 60_000, latestAt: EXP, deadlineAt: EXP };
    const entry = {
      token: "flowapi",
      name: "airflow-flowapi",
      issuer: "flowauth",
      what: "renewal",
      reason: "due",
      more: 0,
    } as const;
    return this.#answer(["calendar", days], this.expected ?? [{ ...entry, ...times }]);
  }

  async limits(key: string): Promise<LifetimeLimits> {
    await this.tokenStatus(key);
    return this.#answer(["limits", key], this.longest);
  }

  async history(key: string, limit: number): Promise<readonly HistoryEntry[]> {
    await this.tokenStatus(key);
    return this.#answer(["history", key, limit], [{ at: NOW, type: "renewal:settled", target: null, data: {} }]);
  }

  async renew(key: string, lifetimeMs: number | null): Promise<RenewTicket> {
    await this.tokenStatus(key);
    if (lifetimeMs !== null && lifetimeMs < 120_000) {
      throw new RenewdError("would_not_gain", "now + 1 min is before 2026-07-31T08:00:00Z");
    }
    const joined = this.#wishAt !== undefined;
    this.#wishAt ??= NOW;
    return this.#answer(["renew", key, lifetimeMs], { token: key, since: this.#wishAt, joined });
  }

  async renewal(key: string, since: Instant): Promise<RenewalStanding> {
    await this.tokenStatus(key);
    const standing: RenewalStanding = { state: "delivered", fingerprint: "00112233aabbccdd", expAt: EXP };
    return this.#answer(["renewal", key, since], standing);
  }

  async pause(key: string, until: Instant | null, reason: string | null): Promise<void> {
    await this.tokenStatus(key);
    return this.#answer(["pause", key, until, reason], undefined);
  }

  async resume(key: string): Promise<void> {
    await this.tokenStatus(key);
    return this.#answer(["resume", key], undefined);
  }

  async rollback(key: string): Promise<RolledBack> {
    await this.tokenStatus(key);
    const warnings = ["readers of airflow are safe only until 2026-07-31T07:00:00Z"];
    const now = { fingerprint: "8899aabbccddeeff", expAt: EXP };
    return this.#answer(["rollback", key], { token: key, withdrawn: "00112233aabbccdd", ...now, warnings });
  }

  async accept(key: string): Promise<Accepted> {
    await this.tokenStatus(key);
    return this.#answer(["accept", key], { token: key, fingerprint: "8899aabbccddeeff", expAt: EXP, check: "roles" });
  }

  async discard(key: string): Promise<Discarded> {
    await this.tokenStatus(key);
    return this.#answer(["discard", key], { token: key, fingerprint: null });
  }

  async createToken(order: CreationOrder): Promise<Created> {
    const named = order.of.kind === "declared" ? order.of.token : "flowapi";
    await this.tokenStatus(named);
    const made = { token: CREATED, fingerprint: CREATED.fingerprint, key: named, issuer: "flowauth", issuerId: "8" };
    const of = { name: "airflow-flowapi", comment: null, subject: "flowbot", roles: ["viewer"], expAt: EXP };
    return this.#answer(["createToken", order], { ...made, ...of, outcome: "made", warnings: [] });
  }

  async adopt(key: string, label: string): Promise<void> {
    await this.tokenStatus(key);
    return this.#answer(["adopt", key, label], undefined);
  }

  async issueLink(): Promise<string> {
    return "http://127.0.0.1:8080/sign-in?code=x";
  }

  /** Asked at the begin of every connection, so it is not noted. */
  health(): Promise<Health> {
    return Promise.resolve({ alive: true, ready: false, reasons: ["sweep_failing"] });
  }

  async reload(): Promise<readonly string[]> {
    return this.#answer(["reload"], ["renewd.yaml:3:1 a problem"]);
  }

  #answer<T>(asked: readonly unknown[], answer: T): T {
    if (this.failure !== undefined) throw this.failure;
    this.asked.push(asked);
    return answer;
  }
}
