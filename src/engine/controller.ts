import { probeNow } from "../core/breaker.ts";
import { type CalendarEntry, calendarOf } from "../core/calendar.ts";
import { type CalendarDays, calendarDaysOf, type DaysAsked } from "../core/calendar-days.ts";
import type {
  Accepted,
  Control,
  Created,
  CreationOrder,
  Discarded,
  RenewalStanding,
  RenewTicket,
  RolledBack,
} from "../core/control.ts";
import { createdStatus } from "../core/created-status.ts";
import type { DomainEvent } from "../core/events.ts";
import { DAY_MS, type Instant } from "../core/duration.ts";
import { ERRORS, RenewdError } from "../core/errors.ts";
import { noGain } from "../core/gain.ts";
import { type Breathe, inTurns } from "../core/in-turns.ts";
import type { Condition, Incident } from "../core/incidents.ts";
import { type PlanEntry, planEntry } from "../core/plan.ts";
import { withoutTokens } from "../core/redact.ts";
import type { HistoryEntry, ServiceKey, TokenChange } from "../core/state-store.ts";
import {
  type ChannelStatus,
  type ServiceStatus,
  type StatusReport,
  type TokenStatus,
  tokenStatus,
} from "../core/status.ts";
import { newToken, type TargetRecord, type TokenRecord } from "../core/records.ts";
import type { LifetimeLimits } from "../core/ports.ts";
import { scheduleOf } from "../core/schedule.ts";
import { pausedUntil, retryFrom, rolesDiffer, type TokenView, waitsForPerson } from "../core/decide.ts";
import { DISCARD_HINT } from "../core/conditions.ts";
import { createToken } from "./creation.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";
import { Limits } from "./limits.ts";
import { accept, discard, rollback } from "./rulings.ts";
import { LAST_SWEEP, type Sweeper } from "./sweeper.ts";
import { viewOfToken } from "./work.ts";

const HISTORY_DEFAULT = 50;
/** So many tokens are created at a time, at persons' words. */
const CREATIONS_MAX = 8;

/** Answers for the daemon: reads the recorded state, records wishes, and asks for a sweep. */
export class Controller implements Control {
  readonly #engine: Engine;
  readonly #sweeper: Sweeper;
  readonly #services: () => readonly ServiceKey[];
  readonly #channels: () => Promise<readonly ChannelStatus[]>;
  readonly #limits: Limits;
  /** By token: the renewal that a person asked for last, until it is recorded. */
  readonly #asking = new Map<string, Promise<unknown>>();
  readonly #breathe: Breathe;
  #creations = 0;

  constructor(
    engine: Engine,
    sweeper: Sweeper,
    services: () => readonly ServiceKey[],
    channels: () => Promise<readonly ChannelStatus[]> = () => Promise.resolve([]),
    /** Between the tokens of a large fleet. */
    breathe: Breathe = () => Promise.resolve(),
  ) {
    this.#engine = engine;
    this.#sweeper = sweeper;
    this.#services = services;
    this.#channels = channels;
    this.#limits = new Limits(engine);
    this.#breathe = breathe;
  }

  async status(): Promise<StatusReport> {
    const { state, clock } = this.#engine;
    const now = clock.now();
    const records = new Map((await state.tokens()).map((record) => [record.key, record]));
    const targets = Map.groupBy(await state.allTargets(), (target) => target.token);
    const { trusted } = this.#engine.watch;
    const tokens = await inTurns(this.#members(), this.#breathe, (member) => {
      const record = records.get(member.declared.key) ?? newToken(member.declared.key, now);
      return tokenStatus(this.#view(member, record, trusted), targets.get(record.key) ?? [], now);
    });
    const lastSweepAt = this.#sweeper.lastSweepAt ?? (await state.fact(LAST_SWEEP)) ?? null;
    const daemon = (await state.incidents()).filter((incident) => incident.token === "").map(conditionOf);
    const ok = tokens.every((token) => token.ok) && daemon.length === 0;
    const created = createdStatus(await state.described(), now);
    const [services, channels] = [await this.#failingServices(), await this.#channels()];
    return { at: now, ok, lastSweepAt, daemon, services, channels, tokens, created };
  }

  async tokenStatus(token: string): Promise<TokenStatus> {
    const { member, record } = await this.#find(token);
    return tokenStatus(this.#view(member, record), await this.#engine.state.targets(token), this.#engine.clock.now());
  }

  async plan(): Promise<readonly PlanEntry[]> {
    const now = this.#engine.clock.now();
    const entries = await inTurns(await this.#views(now), this.#breathe, (view) => planEntry(view, now));
    return entries.sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity));
  }

  async planOf(token: string): Promise<PlanEntry> {
    const now = this.#engine.clock.now();
    return planEntry(await this.#viewOf(token, now), now);
  }

  async calendar(days: number, token?: string): Promise<readonly CalendarEntry[]> {
    const now = this.#engine.clock.now();
    const views = token === undefined ? await this.#views(now) : [await this.#viewOf(token, now)];
    return calendarOf(views, now, now + days * DAY_MS, this.#breathe);
  }

  async calendarDays(asked: DaysAsked): Promise<CalendarDays> {
    const now = this.#engine.clock.now();
    return calendarDaysOf(await this.#views(now), now, asked, this.#breathe);
  }

  async limits(token: string): Promise<LifetimeLimits> {
    return this.#limits.read((await this.#find(token)).member, this.#sweeper.signal);
  }

  async history(token: string, limit: number = HISTORY_DEFAULT): Promise<readonly HistoryEntry[]> {
    // What create-token made is in no settings, and has a history all the same.
    if ((await this.#engine.state.token(token)) === undefined) throw unknown(token);
    return this.#engine.state.history(token, limit);
  }

  /** One after the other, so that of several at once all but the first join that. */
  async renew(token: string, lifetimeMs: number | null): Promise<RenewTicket> {
    const before = this.#asking.get(token) ?? Promise.resolve();
    const ticket = before.then(() => this.#renew(token, lifetimeMs));
    const over = ticket
      .catch(() => undefined)
      .then(() => {
        if (this.#asking.get(token) === over) this.#asking.delete(token);
      });
    this.#asking.set(token, over);
    return ticket;
  }

  async #renew(token: string, lifetimeMs: number | null): Promise<RenewTicket> {
    const now = this.#engine.clock.now();
    const { member, record } = await this.#find(token);
    if (pausedUntil(record.pause, now) !== undefined) throw new RenewdError("token_paused", `${token} is paused`);
    const joined = underWaySince(record);
    if (joined !== undefined) return this.#join(member, record, joined, now);
    const view = this.#view(member, record);
    const madeAt = lifetimeMs === null ? await this.#undeliveredSince(view, now) : undefined;
    if (madeAt !== undefined) return this.#deliverAgain(member, madeAt, now);
    if (waitsForPerson(view, now))
      throw new RenewdError(
        "token_rejected",
        `the fresh token of ${token} waits for a decision, and the old one was revoked`,
      );
    const refusal = noGain(view, lifetimeMs, now);
    if (refusal === undefined) await this.#ask(token, "renew", { wish: { at: now, lifetimeMs, anew: false } });
    // Who asks has mended what failed, at its targets too: these need not wait for a fresh token, nor for one to be of gain.
    await this.#letProbe(member);
    await this.#engine.state.free({ token }, now);
    void this.#sweeper.sweep();
    if (refusal !== undefined) throw refusal;
    return { token, since: now, joined: false };
  }

  /** One that failed before is tried again at once: what that comes to is the answer, not the old failure. */
  async #join(member: Member, record: TokenRecord, joined: Instant, now: Instant): Promise<RenewTicket> {
    const { key } = member.declared;
    // A wish that was not tried yet may be held up by a breaker that is open.
    const isHeldUp = record.trouble !== null || record.mint === null;
    const isStuck = isHeldUp && !waitsForPerson(this.#view(member, record), now);
    if (isStuck) {
      await this.#letProbe(member);
      await this.#engine.state.free({ token: key }, now);
      await this.#engine.state.wake({ token: key }, now);
    }
    void this.#sweeper.sweep();
    return { token: key, since: isStuck ? now : joined, joined: true };
  }

  /** Since when there is a newest token as it should be, which serves for long and which no reader has yet: nothing is to be minted. */
  async #undeliveredSince({ declared, record, pace }: TokenView, now: Instant): Promise<Instant | undefined> {
    const { key, desired, trouble, quarantined } = record;
    if (desired === null || now >= scheduleOf(desired, pace).renewAt) return undefined;
    if (trouble !== null || quarantined !== null || rolesDiffer(declared, record)) return undefined;
    const targets = await this.#engine.state.targets(key);
    const lacks = ({ held }: TargetRecord): boolean => held?.fingerprint !== desired.fingerprint;
    return targets.every(lacks) && targets.some((target) => target.trouble !== null) ? desired.acceptedAt : undefined;
  }

  async #deliverAgain(member: Member, madeAt: Instant, now: Instant): Promise<RenewTicket> {
    const { key } = member.declared;
    await this.#letProbe(member);
    await this.#engine.state.free({ token: key }, now);
    void this.#sweeper.sweep();
    return { token: key, since: madeAt, joined: true, madeAt };
  }

  async renewal(token: string, since: Instant): Promise<RenewalStanding> {
    const { member, record } = await this.#find(token);
    const { capabilities } = member.issuer;
    if (waitsForPerson({ record, issuer: capabilities }, this.#engine.clock.now())) {
      return { state: "failed", detail: "its answer was lost; a person must tell what it made", hint: DISCARD_HINT };
    }
    if (pausedUntil(record.pause, this.#engine.clock.now()) !== undefined)
      return { state: "failed", detail: "the token was paused meanwhile", hint: ERRORS.token_paused.hint };
    if (record.mint !== null || record.wish !== null) {
      if (record.trouble !== null && record.trouble.last.at >= since) return failed(record);
      return { state: "under_way", detail: "the issuer is being asked" };
    }
    if (record.desired === null || record.desired.acceptedAt < since) {
      return record.trouble === null ? { state: "under_way", detail: "it has not begun yet" } : failed(record);
    }
    const targets = await this.#engine.state.targets(token);
    const { fingerprint, expAt } = record.desired;
    const behind = targets.filter((target) => target.held?.fingerprint !== fingerprint || target.delivery !== null);
    if (behind.length === 0) return { state: "delivered", fingerprint, expAt };
    const now = this.#engine.clock.now();
    const stuck = await this.#stuckOf(member, behind, now);
    if (stuck?.trouble == null) {
      return {
        state: "under_way",
        detail: `made and verified; still to be delivered to ${behind.map((each) => each.label).join(", ")}`,
      };
    }
    const { code, message } = stuck.trouble.last;
    return {
      state: "failed",
      detail: `a new token was made and verified, but ${stuck.label} does not have it: ${message} (${code})`,
      hint: ERRORS[code].hint,
    };
  }

  /** What failed before it was asked for is tried again at once: a target that has to wait has failed since. */
  async #stuckOf(
    { declared }: Member,
    behind: readonly TargetRecord[],
    now: Instant,
  ): Promise<TargetRecord | undefined> {
    for (const target of behind.filter(({ trouble }) => trouble !== null)) {
      if (retryFrom(target.trouble, target.calls, now) !== undefined) return target;
      const key = declared.targets.find(({ label }) => label === target.label)?.store ?? "";
      if (((await this.#engine.state.breaker({ kind: "store", key })).probeAt ?? 0) > now) return target;
    }
    return undefined;
  }

  async pause(token: string, until: Instant | null, reason: string | null): Promise<void> {
    await this.#find(token);
    const why = reason === null ? null : withoutTokens(reason);
    const since = this.#engine.clock.now();
    await this.#ask(token, "pause", { pause: { since, until, reason: why, deliveries: false } });
  }

  async resume(token: string): Promise<void> {
    await this.#find(token);
    await this.#ask(token, "resume", { pause: null });
    // Who resumes it has looked: what failed before may be mended.
    await this.#engine.state.free({ token }, this.#engine.clock.now());
    void this.#sweeper.sweep();
  }

  async rollback(token: string): Promise<RolledBack> {
    const { member, record } = await this.#find(token);
    const done = await rollback(this.#engine, this.#view(member, record));
    void this.#sweeper.sweep();
    return done;
  }

  async accept(token: string): Promise<Accepted> {
    const { member, record } = await this.#find(token);
    const done = await accept(this.#engine, this.#view(member, record));
    void this.#sweeper.sweep();
    return done;
  }

  async discard(token: string): Promise<Discarded> {
    const { member, record } = await this.#find(token);
    const done = await discard(this.#engine, this.#view(member, record));
    void this.#sweeper.sweep();
    return done;
  }

  async createToken(order: CreationOrder): Promise<Created> {
    if (this.#creations >= CREATIONS_MAX)
      throw new RenewdError("state_locked", `${CREATIONS_MAX} tokens are being created already; try again`);
    this.#creations += 1;
    try {
      return await createToken(this.#engine, order, this.#sweeper.signal);
    } finally {
      this.#creations -= 1;
      void this.#sweeper.sweep();
    }
  }

  async adopt(token: string, target: string): Promise<void> {
    await this.#find(token);
    const now = this.#engine.clock.now();
    const event: DomainEvent = { type: "target:adopt-allowed", at: now, token, target };
    if (!(await this.#engine.state.allowAdoption(token, target, now, [event]))) {
      throw new RenewdError("unknown_token", `${token} has no target ${target}`);
    }
    this.#engine.emit(event);
    void this.#sweeper.sweep();
  }

  /** What a person asked for is recorded with the event that says so. */
  async #ask(token: string, what: string, change: Pick<TokenChange, "wish" | "pause">): Promise<void> {
    const at = this.#engine.clock.now();
    const event: DomainEvent = { type: "person:asked", at, token, what };
    await this.#engine.state.ask(token, at, { ...change, events: [event] });
    this.#engine.emit(event);
  }

  /** Who asks for it now has mended what failed, or wants to see: its services may be tried at once. */
  async #letProbe({ declared }: Member): Promise<void> {
    const now = this.#engine.clock.now();
    const stores = declared.targets.map(({ store }) => ({ kind: "store", key: store }) as const);
    for (const service of [{ kind: "issuer", key: declared.issuer } as const, ...stores]) {
      await this.#engine.state.changeBreaker(service, (breaker) => ({
        breaker: probeNow(breaker, now),
        answer: undefined,
      }));
    }
  }

  /** Every declared token as it is recorded. */
  async #views(now: Instant): Promise<readonly TokenView[]> {
    const records = new Map((await this.#engine.state.tokens()).map((record) => [record.key, record]));
    const { trusted } = this.#engine.watch;
    return this.#members().map((member) => {
      const record = records.get(member.declared.key) ?? newToken(member.declared.key, now);
      return this.#view(member, record, trusted);
    });
  }

  /** Also where it was never looked at. */
  async #viewOf(token: string, now: Instant): Promise<TokenView> {
    const member = this.#engine.fleet().members.get(token);
    if (member === undefined) throw unknown(token);
    return this.#view(member, (await this.#engine.state.token(token)) ?? newToken(token, now));
  }

  #members(): readonly Member[] {
    return [...this.#engine.fleet().members.values()];
  }

  #view(member: Member, record: TokenRecord, clockTrusted?: boolean): TokenView {
    return viewOfToken(this.#engine, member, record, clockTrusted);
  }

  async #find(token: string): Promise<{ readonly member: Member; readonly record: TokenRecord }> {
    const member = this.#engine.fleet().members.get(token);
    const record = await this.#engine.state.token(token);
    if (member === undefined || record === undefined) throw unknown(token);
    return { member, record };
  }

  async #failingServices(): Promise<readonly ServiceStatus[]> {
    const all: ServiceStatus[] = [];
    for (const service of this.#services()) {
      const { failures, failedCode, probeAt } = await this.#engine.state.breaker(service);
      if (failures > 0) all.push({ ...service, failures, code: failedCode, probeAt });
    }
    return all;
  }
}

function unknown(token: string): RenewdError {
  return new RenewdError("unknown_token", `no token ${token} is declared`);
}

/** A renewal that is under way, or a wish that was not tried yet, is joined; one whose try failed is asked for anew. */
function underWaySince({ wish, mint, trouble }: TokenRecord): Instant | undefined {
  if (mint !== null) return wish?.at ?? mint.sentAt;
  return wish !== null && (trouble === null || trouble.last.at < wish.at) ? wish.at : undefined;
}

function conditionOf({ reason, severity, message, next, action, dangerAt, expAt }: Incident): Condition {
  return { reason, severity, message, next, action, dangerAt, expAt };
}

function failed(record: TokenRecord): RenewalStanding {
  const trouble = record.trouble;
  if (trouble === null) return { state: "under_way", detail: "" };
  const { code, message } = trouble.last;
  return { state: "failed", detail: `${message} (${code})`, hint: ERRORS[code].hint };
}
