/** The sentences of `Issuer.limits`. */
import { expect } from "vitest";
import type { LifetimeLimits } from "../../src/core/ports.ts";
import { type IssuerBench, NEVER_ABORTED } from "./issuer-bench.ts";
import type { IssuerSubject } from "./issuer-subject.ts";

const CENTURY_MS = 100 * 365 * 86_400_000;

export function limitsContract(bench: IssuerBench): void {
  bench.sentence(
    ["limits that are told"],
    "tells limits within which the request's lifetime is granted",
    async (subject) => {
      const { request, clock } = subject;
      const asked = clock.now() + request.lifetimeMs;
      expect(endOf(await limitsOf(subject), clock.now())).toBeGreaterThanOrEqual(asked);
      expect(await bench.expiryOf(await bench.mint())).toBeGreaterThanOrEqual(asked - (bench.traits.grainMs ?? 0));
    },
  );

  bench.sentence(["limits that are told"], "grants no token beyond the limits that it tells", async (subject) => {
    const endAt = endOf(await limitsOf(subject), subject.clock.now());
    if (endAt === Infinity) return;
    const answer = await bench.ask({ lifetimeMs: CENTURY_MS });
    if (answer.outcome === "minted") expect(await bench.expiryOf(answer)).toBeLessThanOrEqual(endAt + 1_000);
  });

  bench.sentence(["limits that are told"], "changes nothing by telling limits", async (subject) => {
    const { token } = await bench.mint();
    await limitsOf(subject);
    expect(await subject.made()).toBe(1);
    expect(await subject.isGood(token)).toBe(true);
  });

  bench.sentence(
    ["limits that are told"],
    "throws an operating error for limits when the issuer is away",
    async (subject) => {
      await subject.stop();
      await bench.expectFailure(limitsOf(subject));
    },
  );

  bench.sentence(
    ["limits that are told"],
    "throws an operating error for limits when its own secrets cannot be read",
    async (subject) => {
      subject.hideSecrets();
      await bench.expectFailure(limitsOf(subject));
    },
  );

  bench.sentence(
    ["limits that are told", "what will not be served"],
    "throws an operating error for limits of what will not be served",
    async (subject) => {
      await bench.expectFailure(limitsOf(subject, subject.unserved));
    },
  );
}

function limitsOf({ issuer, request }: IssuerSubject, asked = request): Promise<LifetimeLimits> {
  return issuer.limits?.(asked, NEVER_ABORTED) ?? expect.fail("it tells no limits");
}

function endOf({ longestMs, latestAt }: LifetimeLimits, now: number): number {
  return Math.min(now + (longestMs ?? Infinity), latestAt ?? Infinity);
}
