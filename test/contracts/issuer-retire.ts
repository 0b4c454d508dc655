/** The sentences of `Issuer.retire` and `OldToken`. */
import { expect } from "vitest";
import type { OldToken } from "../../src/core/ports.ts";
import { type IssuerBench, NEVER_ABORTED } from "./issuer-bench.ts";

export function retireContract(bench: IssuerBench): void {
  const retire = (old: OldToken): Promise<void> => {
    const { issuer } = bench.subject;
    return issuer.retire === null ? expect.fail("cannot retire") : issuer.retire(old, NEVER_ABORTED);
  };

  bench.sentence(["retiring"], "ends a token before its time, and no other", async (subject) => {
    const [old, other] = [await bench.mint(), await bench.mint()];
    await retire(old);
    expect(await subject.isGood(old.token)).toBe(false);
    expect(await subject.isGood(other.token)).toBe(true);
  });

  bench.sentence(["retiring"], "ends a token of which it knows the text alone", async (subject) => {
    const [old, other] = [await bench.mint(), await bench.mint()];
    await retire({ token: old.token, issuerId: null });
    expect(await subject.isGood(old.token)).toBe(false);
    expect(await subject.isGood(other.token)).toBe(true);
  });

  bench.sentence(["retiring"], "takes it for no failure that the token is gone already", async (subject) => {
    const old = await bench.mint();
    await retire(old);
    await retire(old);
    await retire({ token: old.token, issuerId: null });
    expect(await subject.isGood(old.token)).toBe(false);
  });

  bench.sentence(
    ["retiring", "its time in hand"],
    "takes it for no failure that the token has expired",
    async ({ clock, request }) => {
      const old = await bench.mint();
      await clock.advance(2 * request.lifetimeMs);
      await retire(old);
    },
  );

  bench.sentence(["retiring"], "throws an operating error from retire when the issuer is away", async (subject) => {
    const old = await bench.mint();
    await subject.stop();
    await bench.expectFailure(retire(old));
  });
}
