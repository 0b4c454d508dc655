import { describe, expect, it } from "vitest";
import { CALLS_PER_HOUR_SERVICE } from "../../src/core/backoff.ts";
import {
  admit,
  afterFailure,
  afterSuccess,
  type Breaker,
  CLOSED,
  FAILURES_TO_OPEN,
  isBroken,
  PROBE_LIMIT_MS,
} from "../../src/core/breaker.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";

const NOW = Date.parse("2026-07-01T08:00:00Z");

/** A call is admitted, made and fails at once; a refusal to admit is a mistake of the test. */
function failOnce(breaker: Breaker, now: number): Breaker {
  const admission = admit(breaker, now);
  if (!admission.admitted) throw new TypeError(admission.reason);
  return afterFailure(admission.breaker, "issuer_unreachable", now);
}

function failing(times: number, now = NOW): Breaker {
  let breaker = CLOSED;
  for (let failure = 0; failure < times; failure += 1) breaker = failOnce(breaker, breaker.probeAt ?? now);
  return breaker;
}

describe("a breaker", () => {
  it("of a healthy service admits every call and has nothing to store", () => {
    expect(admit(CLOSED, NOW)).toEqual({ admitted: true, breaker: CLOSED, probe: false });
  });

  it("opens at the fifth failure in a row, not before", () => {
    expect([1, 2, 3, 4].map((times) => isBroken(failing(times)))).toEqual([false, false, false, false]);
    expect(isBroken(failing(FAILURES_TO_OPEN))).toBe(true);
    expect(admit(failing(4), NOW)).toMatchObject({ admitted: true, probe: false });
  });

  it("opens at once for what only a person can mend: asking for each token would lock the account", () => {
    expect(isBroken(afterFailure(CLOSED, "sign_in_refused", NOW))).toBe(true);
  });

  it("open admits nothing before its probe is due, and says so", () => {
    const open = failing(FAILURES_TO_OPEN);
    const refusal = admit(open, NOW + MINUTE_MS - 1);
    expect(refusal).toEqual({ admitted: false, until: NOW + MINUTE_MS, reason: expect.stringContaining("probed") });
  });

  it("admits one probe at a time", () => {
    const first = admit(failing(FAILURES_TO_OPEN), NOW + MINUTE_MS);
    expect(first).toMatchObject({ admitted: true, probe: true });
    if (!first.admitted) return;
    const second = admit(first.breaker, NOW + MINUTE_MS + 1);
    expect(second).toMatchObject({ admitted: false, until: NOW + MINUTE_MS + PROBE_LIMIT_MS });
  });

  it("gives up a probe that was never answered, for its process may have died", () => {
    const first = admit(failing(FAILURES_TO_OPEN), NOW + MINUTE_MS);
    if (!first.admitted) throw new TypeError(first.reason);
    expect(admit(first.breaker, NOW + MINUTE_MS + PROBE_LIMIT_MS)).toMatchObject({ admitted: true, probe: true });
  });

  it("probes after 1, 2, 4, 8, then every 15 minutes", () => {
    let breaker = failing(FAILURES_TO_OPEN);
    const gaps: number[] = [];
    let now = NOW;
    for (let probe = 0; probe < 6; probe += 1) {
      const probeAt = breaker.probeAt ?? Number.NaN;
      gaps.push((probeAt - now) / MINUTE_MS);
      now = probeAt;
      breaker = failOnce(breaker, now);
    }
    expect(gaps).toEqual([1, 2, 4, 8, 15, 15]);
  });

  it("waits for a probe that is as far off as it can be", () => {
    const open = failing(FAILURES_TO_OPEN + 5);
    const failedAt = (open.probeAt ?? 0) - 15 * MINUTE_MS;
    expect(admit(open, failedAt)).toMatchObject({ admitted: false, until: open.probeAt });
  });

  it("closes with the first success, whatever came before", () => {
    expect(afterSuccess()).toEqual(CLOSED);
    expect(admit(afterSuccess(), NOW)).toMatchObject({ admitted: true, probe: false });
  });

  it("keeps what failed last", () => {
    expect(failing(2).failedCode).toBe("issuer_unreachable");
    expect(afterFailure(failing(2), "issuer_timeout", NOW).failedCode).toBe("issuer_timeout");
  });

  it("lets at most 60 calls an hour through to a failing service", () => {
    // Failures that a success never ends and that stay below five: the breaker itself would let all through.
    let breaker = afterFailure(CLOSED, "issuer_unreachable", NOW);
    let calls = 1;
    for (let second = 1; second < 3_600; second += 1) {
      const admission = admit(breaker, NOW + second * SECOND_MS);
      if (!admission.admitted) continue;
      breaker = admission.breaker;
      calls += 1;
    }
    expect(calls).toBe(CALLS_PER_HOUR_SERVICE);
    const refusal = admit(breaker, NOW + HOUR_MS - 1);
    expect(refusal).toMatchObject({ admitted: false, until: NOW + HOUR_MS });
    expect(admit(breaker, NOW + HOUR_MS)).toMatchObject({ admitted: true });
  });

  it("takes instants that no clock can rightly have written as past", () => {
    const leapt: Breaker = { ...failing(FAILURES_TO_OPEN), probeAt: NOW + HOUR_MS, probingUntil: NOW + HOUR_MS };
    expect(admit(leapt, NOW)).toMatchObject({ admitted: true, probe: true });
  });

  it("that was opened by many calls under way at once is probed after a minute like any", () => {
    let breaker = CLOSED;
    for (let call = 0; call < 16; call += 1) breaker = afterFailure(breaker, "issuer_unreachable", NOW);
    expect(breaker.probeAt).toBe(NOW + MINUTE_MS);
  });

  it("counts each of the calls that were under way when the first of them failed", () => {
    let breaker = CLOSED;
    for (let call = 0; call < 16; call += 1) breaker = afterFailure(breaker, "issuer_unreachable", NOW);
    expect(breaker.calls).toHaveLength(16);
  });
});
