import { describe, it } from "vitest";
import type { ErrorCode } from "../../src/core/errors.ts";
import { BODIES, FRAMES, SILENCES, STATUSES, type AnswerCase } from "./answer-cases.ts";
import { attack, type SpoiltCall } from "./attack.ts";
import { isTried } from "./long-form.ts";

const CALLS: readonly SpoiltCall[] = ["sign_in", "servers", "list", "renew"];

/**
 * Tries within the hour: the doubling delays until the breaker or the hour's calls hold them up, or the first and one at the
 * cap. One that finds the issuer down at its first call is one call of the twelve, any other is two.
 */
const DOWN: ReadonlySet<ErrorCode> = new Set(["issuer_unreachable", "issuer_timeout", "issuer_error"]);

function callsOf({ code, acts, retryAfterMs }: AnswerCase, at: SpoiltCall): number {
  if (at === "renew" && acts) return 1;
  if (retryAfterMs === 3_600_000) return 2;
  if (DOWN.has(code)) return at === "renew" ? 6 : 9;
  return code === "issuer_throttled" ? 6 : 2;
}

describe.each([
  ["a status", STATUSES],
  ["a body", BODIES],
  ["a frame", FRAMES],
  ["silence", SILENCES],
])("%s that spoils a renewal", (_, cases) => {
  for (const [place, at] of CALLS.entries()) {
    const tried = cases.filter((_each, index) => at === "renew" || isTried(index, place, CALLS.length - 1));
    it.each(tried)(`$name at ${at} is $code; the old token stays until a true one is there`, async (given) => {
      const { code, spoil, retryAfterMs, hasty = false, acts } = given;
      await attack({
        at,
        spoil,
        code,
        ends: at === "renew" && acts ? "renewed" : "kept",
        calls: callsOf(given, at),
        options: { hasty },
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    });
  }
});
