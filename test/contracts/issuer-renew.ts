/** The sentences of `MintOrder` about tokens in the place of another, and about the same token with a later end. */
import { expect } from "vitest";
import { type IssuerBench, NEVER_ABORTED } from "./issuer-bench.ts";

export function renewContract(bench: IssuerBench): void {
  renewing(bench);
  overlapping(bench);
  extending(bench);
}

function renewing(bench: IssuerBench): void {
  const { traits } = bench;

  bench.sentence(["renewing"], "renews: makes a new token in the place of the base", async (subject) => {
    const old = await bench.mint();
    const base = await bench.baseOf(old);
    await subject.clock.advance(5_000);
    const fresh = await bench.mint({ kind: "renew", ...base, lifetimeMs: 2 * subject.request.lifetimeMs });
    expect(fresh.token.reveal()).not.toBe(old.token.reveal());
    expect(await subject.isGood(fresh.token)).toBe(true);
    expect(await subject.made()).toBe(2);
  });

  bench.sentence(
    ["renewing", "proof", "old tokens that stay"],
    "renews with the subject, audiences and powers of the base, and a later end",
    async (subject) => {
      const old = await bench.mint();
      const base = await bench.baseOf(old);
      await subject.clock.advance(5_000);
      const fresh = await bench.mint({ kind: "renew", ...base, lifetimeMs: 2 * subject.request.lifetimeMs });
      const [before, after] = [await bench.claimsOf(old.token), await bench.claimsOf(fresh.token)];
      const { subject: whose, audiences, scopes } = before;
      expect(after).toMatchObject({ subject: whose, audiences, scopes });
      if (traits.grainMs !== null) expect(after.expAt).toBeGreaterThan(before.expAt ?? Infinity);
    },
  );

  bench.sentence(["renewing", "finding"], "renews by the id of the base alone, and lets both be found", async () => {
    const old = await bench.mint();
    const { baseId } = await bench.baseOf(old);
    const fresh = await bench.mint({ kind: "renew", baseId });
    const found = (await bench.find()).map((each) => each.token.reveal());
    expect(found).toContain(fresh.token.reveal());
    expect(found.includes(old.token.reveal())).toBe(traits.capabilities.overlap === "kept");
  });
}

function overlapping(bench: IssuerBench): void {
  bench.sentence(
    ["renewing", "old tokens that stay", "its time in hand", "lifetimes to ask for"],
    "keeps the old token valid until its own expiry, and the fresh one beyond it",
    async (subject) => {
      const old = await bench.mint();
      const expAt = await bench.expiryOf(old);
      const base = await bench.baseOf(old);
      const fresh = await bench.mint({ kind: "renew", ...base, lifetimeMs: 2 * subject.request.lifetimeMs });
      expect(await bench.expiryOf(old)).toBe(expAt);
      await subject.clock.advance(expAt - subject.clock.now() - 2_000);
      expect(await subject.isGood(old.token)).toBe(true);
      await subject.clock.advance(4_000);
      expect(await subject.isGood(old.token)).toBe(false);
      expect(await subject.isGood(fresh.token)).toBe(true);
    },
  );

  bench.sentence(
    ["renewing", "old tokens that stay"],
    "keeps the old token valid through a renewal",
    async (subject) => {
      const old = await bench.mint();
      await bench.mint({ kind: "renew", ...(await bench.baseOf(old)) });
      expect(await subject.isGood(old.token)).toBe(true);
    },
  );

  bench.sentence(
    ["renewing", "old tokens that go at once"],
    "revokes the old token by the renewal",
    async (subject) => {
      const old = await bench.mint();
      const base = await bench.baseOf(old);
      expect(await subject.isGood(old.token)).toBe(true);
      await bench.mint({ kind: "renew", ...base });
      expect(await subject.isGood(old.token)).toBe(false);
    },
  );
}

function extending(bench: IssuerBench): void {
  const { traits } = bench;

  bench.sentence(["extending"], "extends: the same text, with the expiry that was asked for", async (subject) => {
    const old = await bench.mint();
    await subject.clock.advance(5_000);
    const order = bench.orderOf({
      kind: "extend",
      ...(await bench.baseOf(old)),
      lifetimeMs: 2 * subject.request.lifetimeMs,
    });
    const extended = await bench.mint(order);
    expect(extended.token.reveal()).toBe(old.token.reveal());
    if (old.issuerId !== null) expect(extended.issuerId).toBe(old.issuerId);
    const expAt = await bench.expiryOf(extended);
    expect(expAt).toBeLessThanOrEqual(order.expAt);
    expect(expAt).toBeGreaterThanOrEqual(order.expAt - (traits.grainMs ?? 0));
    expect(await subject.made()).toBe(1);
  });

  bench.sentence(["extending"], "extends to the same instant when the order is repeated later", async (subject) => {
    const old = await bench.mint();
    const base = await bench.baseOf(old);
    const order = bench.orderOf({ kind: "extend", ...base, lifetimeMs: 2 * subject.request.lifetimeMs });
    subject.misbehave("lose_answer");
    const lost = await subject.issuer.request(order, NEVER_ABORTED);
    expect(lost.outcome).not.toBe("refused");
    const expAt = await bench.expiryOf(await bench.mint(order));
    await subject.clock.advance(60_000);
    const again = await bench.mint(order);
    expect(await bench.expiryOf(again)).toBe(expAt);
    expect(again.token.reveal()).toBe(old.token.reveal());
    expect(await subject.made()).toBe(1);
  });

  bench.sentence(
    ["extending", "proof"],
    "extends without a change of subject, audiences and powers",
    async (subject) => {
      const old = await bench.mint();
      const { subject: whose, audiences, scopes } = await bench.claimsOf(old.token);
      const base = await bench.baseOf(old);
      const order = { kind: "extend", ...base, lifetimeMs: 2 * subject.request.lifetimeMs } as const;
      const { token, expiresAt } = await bench.mint(order);
      const after = await bench.claimsOf(token);
      expect(after).toMatchObject({ subject: whose, audiences, scopes });
      if (expiresAt !== null) expect(after.expAt).toBe(expiresAt);
    },
  );

  bench.sentence(["extending"], "extends nothing but the base", async (subject) => {
    const [old, other] = [await bench.mint(), await bench.mint()];
    const expAt = await bench.expiryOf(other);
    await bench.mint({ kind: "extend", ...(await bench.baseOf(old)), lifetimeMs: 2 * subject.request.lifetimeMs });
    expect(await bench.expiryOf(other)).toBe(expAt);
  });
}
