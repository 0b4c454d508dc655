import { describe, expect, it } from "vitest";
import { SecretText } from "../../../src/core/secret-text.ts";
import { totp, TotpCodes } from "../../../src/issuers/flowauth/totp.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** The SHA-1 secret of RFC 6238 appendix B, "12345678901234567890", in base32. */
const RFC_SECRET = new SecretText("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
const never = new AbortController().signal;

describe("two-factor codes", () => {
  it.each([
    [59, "287082"],
    [1_111_111_109, "081804"],
    [1_111_111_111, "050471"],
    [1_234_567_890, "005924"],
    [2_000_000_000, "279037"],
    [20_000_000_000, "353130"],
  ])("are those of RFC 6238 appendix B (last six digits) at %i s", (seconds, code) => {
    expect(totp(RFC_SECRET, seconds * 1000)).toBe(code);
  });

  it("take the secret in lower case, with spaces and padding", () => {
    expect(totp(new SecretText("gezd gnbv gy3t qojq gezd gnbv gy3t qojq===="), 59_000)).toBe("287082");
  });

  it("are refused for a secret that is not base32, without repeating it", () => {
    expect(() => totp(new SecretText("not-base32-canary!"), 0)).toThrow(
      expect.objectContaining({ code: "secret_unreadable", message: expect.not.stringContaining("canary") as string }),
    );
  });

  it("are handed out once a step: the second one waits for the next step", async () => {
    const clock = new FakeClock(59_000);
    const codes = new TotpCodes(clock);
    expect(await codes.next(RFC_SECRET, never)).toBe("287082");
    let second: string | undefined;
    const waiting = codes.next(RFC_SECRET, never).then((code) => (second = code));
    await clock.advance(999);
    expect(second).toBeUndefined();
    await clock.advance(1);
    expect(await waiting).toBe(totp(RFC_SECRET, 60_000));
  });

  it("stop waiting when the call is called off, and leave no timer", async () => {
    const clock = new FakeClock(59_000);
    const codes = new TotpCodes(clock);
    await codes.next(RFC_SECRET, never);
    const caller = new AbortController();
    const waiting = codes.next(RFC_SECRET, caller.signal);
    caller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "issuer_timeout", sent: false });
    expect(clock.pendingTimers).toBe(0);
  });
});
