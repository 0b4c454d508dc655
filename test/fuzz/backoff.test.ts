import fc from "fast-check";
import { expect } from "vitest";
import {
  CALLS_PER_HOUR_ONE,
  CALLS_PER_HOUR_SERVICE,
  callAllowedAt,
  nextTryAt,
  retryCapMs,
  withCall,
} from "../../src/core/backoff.ts";
import {
  admit,
  afterFailure,
  afterSuccess,
  type Breaker,
  CLOSED,
  isBroken,
  PROBE_LIMIT_MS,
  probeNow,
} from "../../src/core/breaker.ts";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { ERRORS, type ErrorCode } from "../../src/core/errors.ts";
import { fuzz } from "./fuzz.ts";
import { length } from "./schedule-arbitraries.ts";

const NOW = Date.UTC(2027, 2, 1);
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const near = fc.option(length(40 * DAY_MS).map((ms) => NOW - 10 * DAY_MS + ms));
const urgency = fc.record({ deadlineAt: near, expAt: near });
const failed = fc.record({
  attempts: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 40 })),
  retry: fc.constantFrom("soon", "slow", "person"),
  retryAfterMs: fc.option(length(10 * DAY_MS), { nil: undefined }),
  triesLeft: fc.integer({ min: 0, max: 6 }),
});

fuzz(
  "the next try comes after now, no later than the cap or what the service asked for up to an hour, and sees a tenth of what is left",
  5_000,
  fc.property(failed, urgency, share, length(40 * DAY_MS), (failure, when, drawn, awayMs) => {
    const now = NOW - 10 * DAY_MS + awayMs;
    const at = nextTryAt(failure, when, drawn, now);
    const capMs = retryCapMs(when, now);
    expect(Number.isSafeInteger(at)).toBe(true);
    expect(at - now).toBeGreaterThanOrEqual(4 * SECOND_MS);
    const askedMs = Math.min(failure.retryAfterMs ?? 0, HOUR_MS);
    const ahead = when.deadlineAt !== null && now < when.deadlineAt ? when.deadlineAt : when.expAt;
    const isNear = ahead !== null && ahead > now && ahead <= now + HOUR_MS;
    expect(at - now).toBeLessThanOrEqual(Math.max(capMs, askedMs, isNear ? (ahead - now) / 2 : 0));
    expect(at - now).toBeGreaterThanOrEqual(askedMs);
    expect(capMs).toBeLessThanOrEqual(HOUR_MS);
    const until = [when.deadlineAt, when.expAt].find((each) => each !== null && each > now);
    if (until === undefined || until === null) expect(capMs).toBe(15 * MINUTE_MS);
    else expect(capMs).toBe(Math.min(Math.max((until - now) / 10, 30 * SECOND_MS), HOUR_MS));
    const later = nextTryAt({ ...failure, attempts: failure.attempts + 1 }, when, drawn, now);
    expect(later).toBeGreaterThanOrEqual(at);
  }),
);

fuzz(
  "a limit of calls an hour is kept over any history, and is never longer than an hour in the way",
  600,
  fc.property(
    fc.constantFrom(CALLS_PER_HOUR_ONE, CALLS_PER_HOUR_SERVICE),
    fc.array(fc.oneof(length(10 * MINUTE_MS), length(3 * HOUR_MS)), { maxLength: 200 }),
    (limit, pauses) => {
      let now = NOW;
      let calls: readonly Instant[] = [];
      const made: Instant[] = [];
      for (const pauseMs of pauses) {
        now += pauseMs;
        const allowedAt = callAllowedAt(calls, now, limit);
        expect(allowedAt).toBeGreaterThanOrEqual(now);
        expect(allowedAt - now).toBeLessThanOrEqual(HOUR_MS);
        // Who asks again at the instant that was named is let through.
        if (allowedAt > now) {
          expect(callAllowedAt(calls, allowedAt - 1, limit)).toBe(allowedAt);
          now = allowedAt;
        }
        expect(callAllowedAt(calls, now, limit)).toBe(now);
        calls = withCall(calls, now, limit);
        expect(calls.length).toBeLessThanOrEqual(limit);
        made.push(now);
        expect(made.filter((at) => at > now - HOUR_MS).length).toBeLessThanOrEqual(limit);
      }
    },
  ),
);

interface Call {
  readonly probe: boolean;
  readonly counted: boolean;
}

type ServiceStep =
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "call" }
  | { readonly kind: "answer"; readonly which: number; readonly code: ErrorCode | null }
  | { readonly kind: "die"; readonly which: number }
  | { readonly kind: "mended" };

const SERVICE_CODES = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].scope === "service");
const serviceStep: fc.Arbitrary<ServiceStep> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<ServiceStep>({ kind: "call" }) },
  { weight: 3, arbitrary: length(20 * MINUTE_MS).map((ms): ServiceStep => ({ kind: "pass", ms })) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.nat(), fc.option(fc.constantFrom(...SERVICE_CODES), { freq: 12 }))
      .map(([which, code]): ServiceStep => ({ kind: "answer", which, code })),
  },
  fc.nat().map((which): ServiceStep => ({ kind: "die", which })),
  fc.constant<ServiceStep>({ kind: "mended" }),
);

/** Calls through one breaker, as `throughBreaker` makes them, and what was seen of them. */
class Service {
  now: Instant = NOW;
  breaker: Breaker = CLOSED;
  /** Admitted while failing, since it last did well. */
  counted: Instant[] = [];
  underWay: Call[] = [];
  probeSince: Instant | undefined;
  mended = false;

  play(step: ServiceStep): void {
    switch (step.kind) {
      case "pass":
        this.now += step.ms;
        return;
      case "call":
        return this.#call();
      case "die":
        this.#take(step.which);
        return;
      case "mended":
        this.mended = true;
        this.breaker = probeNow(this.breaker, this.now);
        return;
      case "answer":
        return this.#answer(this.#take(step.which), step.code);
    }
  }

  #call(): void {
    const admission = admit(this.breaker, this.now);
    if (!admission.admitted) {
      expect(admission.until).toBeGreaterThan(this.now);
      expect(admission.until - this.now).toBeLessThanOrEqual(HOUR_MS);
      expect(admit(this.breaker, this.now)).toEqual(admission);
      return;
    }
    const { breaker, probe } = admission;
    expect(probe).toBe(isBroken(this.breaker));
    if (probe) {
      if (this.probeSince !== undefined && !this.mended)
        expect(this.now - this.probeSince).toBeGreaterThanOrEqual(MINUTE_MS);
      this.probeSince = this.now;
      this.mended = false;
      expect(admit(breaker, this.now).admitted).toBe(false);
      expect(admit(breaker, this.now + PROBE_LIMIT_MS - 1).admitted).toBe(false);
    }
    const counted = this.breaker.failures > 0;
    this.breaker = breaker;
    this.underWay.push({ probe, counted });
    if (counted) this.counted.push(this.now);
    expect(this.counted.filter((at) => at > this.now - HOUR_MS).length).toBeLessThanOrEqual(CALLS_PER_HOUR_SERVICE);
  }

  #answer(call: Call | undefined, code: ErrorCode | null): void {
    if (call === undefined) return;
    if (code === null) {
      this.breaker = afterSuccess();
      this.counted = [];
      this.probeSince = undefined;
      return;
    }
    const before = this.breaker;
    this.breaker = afterFailure(before, code, this.now, call);
    expect(this.breaker.failures).toBeGreaterThanOrEqual(before.failures);
    expect(this.breaker.calls.length).toBeLessThanOrEqual(CALLS_PER_HOUR_SERVICE);
    if (this.breaker.failures >= 5) expect(isBroken(this.breaker)).toBe(true);
    if (this.breaker.probeAt !== null && this.breaker.probeAt !== before.probeAt) {
      expect(this.breaker.probeAt - this.now).toBeGreaterThanOrEqual(MINUTE_MS);
      expect(this.breaker.probeAt - this.now).toBeLessThanOrEqual(15 * MINUTE_MS);
    }
  }

  #take(which: number): Call | undefined {
    return this.underWay.length === 0 ? undefined : this.underWay.splice(which % this.underWay.length, 1)[0];
  }
}

fuzz(
  "a failing service gets one probe at a time, a minute to a quarter of an hour apart, and sixty calls an hour at most",
  1_500,
  fc.property(fc.array(serviceStep, { maxLength: 150 }), (steps) => {
    const service = new Service();
    for (const step of steps) service.play(step);
    // Whatever happened, it lets a call through again within an hour.
    service.now += HOUR_MS;
    expect(admit(service.breaker, service.now).admitted).toBe(true);
  }),
);
