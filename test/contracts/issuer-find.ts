/** The sentences of `Issuer.find`, `FindQuery` and `FoundToken`. */
import { expect } from "vitest";
import { NEVER_AT } from "../../src/core/duration.ts";
import { COMMENT, fingerprintsOf, type IssuerBench, NEVER_ABORTED } from "./issuer-bench.ts";

export function findContract(bench: IssuerBench): void {
  byName(bench);
  notByName(bench);
  however(bench);
}

function byName(bench: IssuerBench): void {
  bench.sentence(
    ["names that are kept"],
    "finds every live token of the name, and none of another name",
    async ({ otherName }) => {
      const ours = [await bench.mint(), await bench.mint(), await bench.mint()].map(({ token }) => token);
      await bench.mint({ name: otherName });
      expect(fingerprintsOf(await bench.find())).toEqual(fingerprintsOf(ours));
    },
  );

  bench.sentence(
    ["names that are kept", "its time in hand"],
    "finds the newest expired token as a base to renew from, and it can be renewed",
    async ({ clock, request }) => {
      await bench.mint();
      await clock.advance(2_000);
      const newest = await bench.mint();
      await clock.advance(2 * request.lifetimeMs);
      const found = await bench.find();
      expect(fingerprintsOf(found)).toEqual([newest.token.fingerprint]);
      expect(found[0]?.expAt).toBeLessThan(clock.now());
      await bench.mint({ kind: "renew", baseId: found[0]?.issuerId ?? null, base: found[0]?.token ?? null });
    },
  );

  bench.sentence(["names that are kept"], "finds what was made when its answer was lost", async (subject) => {
    subject.misbehave("lose_answer");
    expect(await bench.ask()).toMatchObject({ outcome: "unknown" });
    expect(await bench.find()).toHaveLength(1);
  });
}

function notByName(bench: IssuerBench): void {
  bench.sentence(
    ["names that are not kept"],
    "finds every live token alike in account and powers, whatever its name",
    async (subject) => {
      const ours = [await bench.mint(), await bench.mint({ name: subject.otherName })].map(({ token }) => token);
      const request = subject.otherPowers ?? expect.fail("no request with other powers");
      const other = await bench.mint({ request });
      expect(fingerprintsOf(await bench.find())).toEqual(fingerprintsOf(ours));
      expect(fingerprintsOf(await bench.find({ request }))).toEqual([other.token.fingerprint]);
    },
  );

  bench.sentence(
    ["names that are not kept", "its time in hand"],
    "finds no token that has expired",
    async ({ clock }) => {
      const old = await bench.mint();
      await clock.advance((await bench.expiryOf(old)) - clock.now() + 2_000);
      const fresh = await bench.mint();
      expect(fingerprintsOf(await bench.find())).toEqual([fresh.token.fingerprint]);
    },
  );

  bench.sentence(["no finding"], "finds nothing, for it tells of no tokens", async () => {
    await bench.mint();
    expect(await bench.find()).toEqual([]);
  });
}

function however(bench: IssuerBench): void {
  const { traits } = bench;

  bench.sentence(
    ["finding"],
    "knows no token before the first, then tells it with all that is known",
    async (subject) => {
      expect(await bench.find()).toEqual([]);
      const mintedAt = subject.clock.now();
      const minted = await bench.mint();
      const [found, ...more] = await bench.find();
      if (found === undefined) return expect.fail("not found");
      expect(more).toEqual([]);
      expect(found.token.reveal()).toBe(minted.token.reveal());
      expect(found.fingerprint).toBe(minted.token.fingerprint);
      expect(found.roles).toEqual(subject.request.roles);
      expect(found.comment).toBe(traits.comments ? COMMENT : null);
      expect(found.issuerId).toMatch(/./);
      if (minted.issuerId !== null) expect(found.issuerId).toBe(minted.issuerId);
      if (traits.time === "shared") expect(Math.abs(found.startAt - mintedAt)).toBeLessThan(2_000);
      expect(Math.abs(found.expAt - (await bench.expiryOf(minted)))).toBeLessThan(1_000);
    },
  );

  bench.sentence(
    ["finding", "tokens without an end"],
    "finds a token without an end as one that expires never",
    async () => {
      await bench.mint({ lifetimeMs: Infinity });
      expect(await bench.find()).toMatchObject([{ expAt: NEVER_AT }]);
    },
  );

  bench.sentence(
    ["finding"],
    "shares one listing between calls that run at once, and makes a new one for who needs a later one",
    async ({ clock, issuer, name, otherName, request }) => {
      const notBefore = clock.now();
      const names = [name, otherName, name];
      await Promise.all(names.map((each) => issuer.find({ name: each, request, notBefore }, NEVER_ABORTED)));
      expect(bench.listings()).toBe(1);
      await clock.advance(1_000);
      await bench.find();
      expect(bench.listings()).toBe(2);
    },
  );

  bench.sentence(["finding"], "changes nothing by finding", async (subject) => {
    const { token } = await bench.mint();
    for (let round = 0; round < 2; round += 1) {
      expect(fingerprintsOf(await bench.find())).toEqual([token.fingerprint]);
    }
    expect(await subject.made()).toBe(1);
    expect(await subject.isGood(token)).toBe(true);
  });

  bench.sentence(["finding"], "throws an operating error from find when the issuer is away", async (subject) => {
    await subject.stop();
    await bench.expectFailure(bench.find());
  });

  bench.sentence(["finding"], "throws an operating error from a find that was called off", async (subject) => {
    const { name, request, clock, issuer } = subject;
    const find = issuer.find({ name, request, notBefore: clock.now() }, AbortSignal.abort());
    await bench.expectFailure(find);
  });
}
