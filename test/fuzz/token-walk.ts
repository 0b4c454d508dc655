/** The life of one token, played over the pure functions alone: what the engine would record, without an engine. */
import { expect } from "vitest";
import {
  type TokenDecision,
  type TokenView,
  decide,
  rolesDiffer,
  servesUntil,
  waitsForPerson,
} from "../../src/core/decide.ts";
import { HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import { type ErrorCode, RenewdError } from "../../src/core/errors.ts";
import type { Issue } from "../../src/core/issue.ts";
import type { IssuerCapabilities } from "../../src/core/ports.ts";
import { isRepeatable, type Mint, newToken, type RenewCause, type TokenRecord } from "../../src/core/records.ts";
import { scheduleOf } from "../../src/core/schedule.ts";
import { isOpen } from "../../src/core/windows.ts";
import { addCalls, addTrouble } from "../../src/engine/trouble.ts";
import { issue, mint, tokenView } from "../core/samples.ts";
import type { Declared } from "./schedule-arbitraries.ts";

/** How the next thing that the token's worker does turns out. */
export interface Outcome {
  readonly end: "made" | "refused" | "lost" | "crashed";
  readonly code: ErrorCode;
  /** Of the lifetime asked for. */
  readonly lifeShare: number;
  readonly u: number;
}

export type Happening =
  | { readonly kind: "work"; readonly outcome: Outcome }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "wish" }
  | { readonly kind: "pause"; readonly ms: number | null }
  | { readonly kind: "resume" }
  | { readonly kind: "reload"; readonly declared: Declared }
  /** A person says that nothing usable came of a request. */
  | { readonly kind: "discard" }
  | { readonly kind: "clock"; readonly trusted: boolean };

const CALL_MS = 30_000;
/** How long after its successor the old token may be ended. */
const RETIRED_AFTER_MS = 2 * HOUR_MS;
/** Waits that follow one another without anything happening: a backoff, a spent hour, a window, `latest`. */
const WAITS_IN_A_ROW_MAX = 5;
const CALLS_PER_HOUR = 12;

export class TokenWalk {
  now: Instant;
  declared: Declared;
  record: TokenRecord;
  trusted = true;
  /** Every call that the engine would count against this failing token since it last did well. */
  #calls: Instant[] = [];
  /** What a person or a crash caused is not counted against the bounds; it is rare. */
  #excused: Instant[] = [];
  renewals = 0;

  readonly #issuer: IssuerCapabilities;

  constructor(declared: Declared, now: Instant, issuer: IssuerCapabilities) {
    this.now = now;
    this.declared = declared;
    this.#issuer = issuer;
    this.record = newToken("flow", now);
  }

  play(happening: Happening): void {
    switch (happening.kind) {
      case "work":
        return this.#work(happening.outcome);
      case "pass":
        this.now += happening.ms;
        return;
      case "wish":
        this.#excused.push(this.now, this.now);
        return this.#change({ wish: { at: this.now, lifetimeMs: null, anew: false } });
      case "pause":
        return this.#change({
          pause: {
            since: this.now,
            until: happening.ms === null ? null : this.now + happening.ms,
            reason: null,
            deliveries: false,
          },
        });
      case "resume":
        return this.#change({ pause: null });
      case "discard":
        if (this.#isForPerson) this.#change({ mint: null, trouble: null, calls: [] });
        this.#calls = [];
        return;
      case "reload":
        this.declared = happening.declared;
        return;
      case "clock":
        this.trusted = happening.trusted;
    }
  }

  /** The decision of this instant, after it was seen to keep every rule. */
  decided(): TokenDecision {
    const view = this.#view;
    const decision = decide(view, this.now);
    const stored = JSON.parse(JSON.stringify(this.record)) as TokenRecord;
    expect(decide({ ...view, record: stored }, this.now)).toEqual(decision);
    expect(decision.reason).not.toBe("");
    if (decision.do === "wait") this.#judgeWait(decision.until);
    if (decision.do === "renew") this.#judgeRenewal(decision);
    if (decision.do === "retire") this.#judgeRetiring(view);
    // What can be asked for again leaves nothing for a person to find out.
    if (this.record.mint !== null && isRepeatable(this.record.mint)) expect(this.#isForPerson).toBe(false);
    return decision;
  }

  #judgeWait(until: Instant): void {
    const { record, now } = this;
    expect(Number.isFinite(until)).toBe(true);
    expect(until).toBeGreaterThan(now);
    if (record.pause !== null && (record.pause.until === null || record.pause.until > now)) return;
    if (this.#isForPerson) return;
    if (record.mint !== null || record.trouble !== null) {
      // Neither a backoff nor a spent hour lasts longer; windows and the floor may.
      const dueAt = Math.max(this.#schedule?.renewAt ?? 0, this.#schedule?.latestAt ?? 0);
      if (record.mint !== null || now >= dueAt) expect(until - now).toBeLessThanOrEqual(HOUR_MS);
      return;
    }
    if (this.#schedule === undefined) throw new Error("waits although no token is known");
    expect(record.wish).toBeNull();
    if (now < this.#schedule.latestAt)
      expect(until).toBeLessThanOrEqual(Math.max(this.#schedule.latestAt, this.#schedule.renewAt));
    else if (this.trusted) expect(until).toBeLessThanOrEqual(this.#schedule.renewAt);
    else expect(until - now).toBeLessThanOrEqual(Math.max(MINUTE_MS, this.#schedule.renewAt - now));
  }

  #judgeRenewal(decision: Extract<TokenDecision, { do: "renew" }>): void {
    const { record, now, declared } = this;
    expect(record.mint).toBeNull();
    expect(decision.cause).toBe(this.#causeNow());
    if (decision.cause !== "due" || this.#schedule === undefined) return;
    const { renewAt, latestAt } = this.#schedule;
    expect(now).toBeGreaterThanOrEqual(renewAt);
    expect(decision.urgent).toBe(now >= latestAt);
    const begun = record.trouble !== null && record.trouble.since >= renewAt;
    const open = isOpen(declared.declared.policy.windows, now);
    expect(decision.windowOverridden).toBe(!open && !begun);
    if (decision.windowOverridden) expect([this.trusted, now >= latestAt]).toEqual([true, true]);
  }

  /** Only while nothing else is to do; whether there is never depends on it. */
  #judgeRetiring(view: TokenView): void {
    const { record, now } = this;
    const { retireAt } = view;
    expect(retireAt).not.toBeNull();
    expect(now).toBeGreaterThanOrEqual(retireAt ?? Infinity);
    expect(record.pause === null || (record.pause.until ?? Infinity) <= now).toBe(true);
    expect([record.mint, record.wish]).toEqual([null, null]);
    const [old] = record.retiring;
    if (old?.trouble != null) expect(now).toBeGreaterThanOrEqual(old.trouble.nextTryAt);
    expect(decide({ ...view, retireAt: null }, now).do).toBe("wait");
  }

  #causeNow(): RenewCause {
    if (this.record.desired === null) return "first";
    if (this.record.wish !== null) return "person";
    const { declared } = this.declared;
    const isReplaced = declared.create && declared.request.strategy === "replace";
    return isReplaced && rolesDiffer(declared, this.record) ? "roles" : "due";
  }

  get #view(): TokenView {
    const { previous, retiring, desired } = this.record;
    const [old] = retiring;
    const isRetired = this.declared.declared.request.retire && desired !== null && (old ?? previous) !== null;
    const retireAt = isRetired ? Math.max(desired.acceptedAt + RETIRED_AFTER_MS, old?.trouble?.nextTryAt ?? 0) : null;
    const known = { ...this.declared, record: this.record, clockTrusted: this.trusted, issuer: this.#issuer };
    return { ...tokenView(), ...known, retireAt };
  }

  get #isForPerson(): boolean {
    return waitsForPerson(this.#view, this.now);
  }

  get #schedule(): ReturnType<typeof scheduleOf> | undefined {
    return this.record.desired === null ? undefined : scheduleOf(this.record.desired, this.declared.pace);
  }

  /** Waits as long as it is told to, then does one thing. */
  #work(outcome: Outcome): void {
    for (let waits = 0; ; waits += 1) {
      const decision = this.decided();
      if (decision.do !== "wait") return this.#act(decision, outcome);
      if (this.record.pause !== null || !this.trusted || this.#isForPerson) {
        this.now = decision.until;
        return;
      }
      expect(waits).toBeLessThan(WAITS_IN_A_ROW_MAX);
      this.now = decision.until;
    }
  }

  #act(decision: Exclude<TokenDecision, { do: "wait" }>, outcome: Outcome): void {
    switch (decision.do) {
      case "renew":
        return this.#ask(decision.cause, outcome);
      case "settle":
        return this.#settle(outcome);
      case "retire":
        return this.#retire(outcome);
      case "verify":
        return this.#verify(outcome);
      case "outlive": {
        const open = this.record.mint;
        if (open?.fresh == null) throw new Error("outlives nothing");
        const useless = servesUntil(open.fresh, this.declared.pace) <= open.sentAt + CALL_MS;
        this.#change({ mint: null });
        if (useless) this.#fail("no_progress");
      }
    }
  }

  #ask(cause: RenewCause, outcome: Outcome): void {
    this.renewals += 1;
    const opened = mint({ cause, sentAt: this.now, settleAt: this.now + CALL_MS, fresh: null });
    const asked = { ...opened, ...this.#howToAsk(cause), roles: this.#rolesFor(cause) };
    switch (outcome.end) {
      case "refused":
        return this.#fail(outcome.code);
      case "lost":
        this.#change({ mint: asked });
        return this.#fail(outcome.code);
      case "crashed":
        this.#excused.push(this.now, this.now, this.now, this.now);
        return this.#change({ mint: asked });
      case "made":
        return this.#change({ mint: { ...asked, fresh: this.#freshOf(outcome) } });
    }
  }

  /** As the engine chooses its base where no list tells of others. */
  #howToAsk(cause: RenewCause): Pick<Mint, "kind" | "chosen"> {
    const { desired } = this.record;
    const { strategy } = this.declared.declared.request;
    const isExtended = strategy === "extend" && !this.#issuer.lists && cause !== "roles";
    if (isExtended && desired !== null && desired.expAt > this.now) return { kind: "extend", chosen: null };
    const chosen = this.#issuer.secret === "chosen" ? "cccccccccccccccc" : null;
    return { kind: desired === null ? "mint" : "renew", chosen };
  }

  #retire(outcome: Outcome): void {
    const { record, now } = this;
    if (outcome.end === "crashed") return;
    const old = record.retiring[0] ?? (record.previous === null ? undefined : { ...record.previous, trouble: null });
    if (old === undefined) throw new Error("ends nothing");
    const isPrevious = record.retiring.length === 0;
    const others = record.retiring.slice(1);
    const also = isPrevious ? { previous: null } : {};
    if (outcome.end === "made") return this.#change({ ...also, retiring: others });
    const calm = { deadlineAt: null, expAt: null };
    const trouble = addTrouble(old.trouble, new RenewdError(outcome.code, "no"), calm, [], 0.5, now);
    expect(trouble.nextTryAt).toBeGreaterThan(now);
    this.#change({ ...also, retiring: [{ ...old, trouble }, ...others] });
  }

  #settle(outcome: Outcome): void {
    const open = this.record.mint;
    if (open === null) throw new Error("settles nothing");
    const isOver = this.now >= open.settleAt || open.settleAt - this.now > CALL_MS;
    if (isRepeatable(open)) return this.#repeat(open, isOver, outcome);
    // At such an issuer asking again could revoke what a person has put in place meanwhile.
    expect(this.#issuer.lists || this.#issuer.overlap === "kept" || !this.#issuer.keeps).toBe(true);
    if (outcome.end === "refused") return this.#fail(outcome.code);
    if (outcome.end === "made")
      return this.#change({ mint: { ...open, fresh: this.#freshOf(outcome) }, trouble: null });
    if (isOver) return this.#change({ mint: null });
    this.#change({
      mint: { ...open, lookedAt: this.now },
      calls: [...this.record.calls, this.now].slice(-CALLS_PER_HOUR),
    });
  }

  /** A refusal closes it only once no earlier try can be under way. */
  #repeat(open: Mint, isOver: boolean, outcome: Outcome): void {
    const again = { ...open, settleAt: this.now + CALL_MS };
    switch (outcome.end) {
      case "made":
        return this.#change({ mint: { ...again, fresh: this.#freshOf(outcome) } });
      case "crashed":
        this.#excused.push(this.now, this.now);
        return this.#change({ mint: again });
      case "refused":
        this.#change({ mint: isOver ? null : again });
        return this.#fail(outcome.code);
      case "lost":
        this.#change({ mint: again });
        return this.#fail(outcome.code);
    }
  }

  #verify(outcome: Outcome): void {
    const open = this.record.mint;
    if (open?.fresh == null) throw new Error("verifies nothing");
    if (outcome.end === "crashed") return;
    if (outcome.end === "lost") return this.#fail("key_unreachable");
    if (outcome.end === "refused") {
      this.#change({ mint: null });
      return this.#fail("token_rejected");
    }
    const scopes = Object.fromEntries(open.roles.map((role) => [role, []]));
    const accepted = issue({ ...open.fresh, scopes, acceptedAt: this.now });
    this.#calls = [];
    const { desired, previous, retiring } = this.record;
    const older = previous === null ? [] : [{ ...previous, trouble: null }];
    const over = open.kind === "extend" ? {} : { previous: desired, retiring: [...retiring, ...older].slice(-20) };
    this.#change({ desired: accepted, ...over, mint: null, wish: null, trouble: null, calls: [] });
    this.#judgeRest();
  }

  /** A token that was just renewed is left alone at least until its floor, unless its roles are still wrong. */
  #judgeRest(): void {
    const { declared } = this.declared;
    this.decided();
    const decision = decide({ ...this.#view, retireAt: null }, this.now);
    const floorAt = this.#schedule?.floorAt ?? Infinity;
    if (this.record.pause !== null || this.now >= floorAt) return;
    if (declared.create && rolesDiffer(declared, this.record)) return;
    expect(decision.do).toBe("wait");
    if (decision.do === "wait") expect(decision.until).toBeGreaterThanOrEqual(floorAt);
  }

  #fail(code: ErrorCode): void {
    const { record, now } = this;
    const urgency = { deadlineAt: this.#schedule?.deadlineAt ?? null, expAt: record.desired?.expAt ?? null };
    const error = new RenewdError(code, "no");
    const calls = addCalls(record.calls, { made: 2, error }, now);
    const trouble = addTrouble(record.trouble, error, urgency, calls, 0.5, now);
    const over =
      record.mint === null && record.wish !== null && this.#schedule !== undefined && now < this.#schedule.renewAt;
    this.#change({ trouble, calls, ...(over ? { wish: null } : {}) });
    this.#calls.push(now, now);
    const hourAgo = now - HOUR_MS;
    const excused = this.#excused.filter((at) => at > hourAgo).length;
    const made = this.#calls.filter((at) => at > hourAgo).length;
    expect(made).toBeLessThanOrEqual(CALLS_PER_HOUR + excused);
    expect(trouble.nextTryAt).toBeGreaterThan(now);
  }

  #freshOf(outcome: Outcome): Issue {
    const lifetimeMs = Math.max(1_000, Math.round(this.declared.declared.request.lifetimeMs * outcome.lifeShare));
    const { fingerprint, issuerId } = issue();
    const { now } = this;
    return { fingerprint, issuerId, startAt: now, expAt: now + lifetimeMs, u: outcome.u };
  }

  /** A renewal keeps the roles of what it renews; only what is minted anew has those of the settings. */
  #rolesFor(cause: RenewCause): readonly string[] {
    const wanted = this.declared.declared.request.roles;
    const { desired } = this.record;
    return cause === "roles" || desired === null ? wanted : Object.keys(desired.scopes);
  }

  #change(part: Partial<TokenRecord>): void {
    this.record = { ...this.record, ...part };
  }
}
