/** The sentences of `Issuer.request`, `MintOrder` and `MintAnswer`, as far as they are about tokens made from nothing. */
import { expect } from "vitest";
import { NEVER_AT } from "../../src/core/duration.ts";
import type { IssuerBench } from "./issuer-bench.ts";
import type { Misbehaviour } from "./issuer-subject.ts";

export function requestContract(bench: IssuerBench): void {
  minting(bench);
  ofWhom(bench);
  whenItGoesWrong(bench);
  givenUp(bench);
}

function minting(bench: IssuerBench): void {
  const { traits } = bench;

  bench.sentence([], "mints one good token an order", async (subject) => {
    const { token, issuerId } = await bench.mint();
    expect(token.lengthBytes).toBeGreaterThan(0);
    expect(issuerId).not.toBe("");
    expect(await subject.made()).toBe(1);
    expect(await subject.isGood(token)).toBe(true);
  });

  bench.sentence(["lifetimes to ask for"], "lets it expire when it was asked to, and never later", async (subject) => {
    for (const factor of [1, 1.5]) {
      const order = bench.orderOf({ lifetimeMs: factor * subject.request.lifetimeMs });
      const expAt = await bench.expiryOf(await bench.mint(order));
      expect(expAt).toBeLessThanOrEqual(order.expAt);
      expect(expAt).toBeGreaterThanOrEqual(order.expAt - (traits.grainMs ?? 0));
    }
  });

  bench.sentence(
    ["tokens without an end"],
    "makes a token without an end where no end is asked for, and says so",
    async () => {
      const minted = await bench.mint({ lifetimeMs: Infinity });
      expect(await bench.expiryOf(minted)).toBe(NEVER_AT);
      if (minted.expiresAt !== null) expect(minted.expiresAt).toBe(NEVER_AT);
    },
  );

  bench.sentence(
    ["an end of every token"],
    "takes an order without an end for one that leaves it to the issuer",
    async () => {
      const minted = await bench.mint({ lifetimeMs: Infinity });
      if (traits.proof !== "none" || minted.expiresAt !== null) {
        expect(await bench.expiryOf(minted)).toBeLessThan(NEVER_AT);
      }
    },
  );

  bench.sentence([], "says of the expiry and of the powers what the token says, where it says anything", async () => {
    const minted = await bench.mint();
    if (minted.scopes !== null) expect(Object.keys(minted.scopes).sort()).toEqual(bench.subject.request.roles);
    if (traits.proof === "none") return;
    const claims = await bench.claimsOf(minted.token);
    if (minted.scopes !== null && claims.scopes !== null) expect(minted.scopes).toEqual(claims.scopes);
    if (minted.expiresAt === null || claims.expAt === null || traits.time === "own") return;
    expect(Math.abs(minted.expiresAt - claims.expAt)).toBeLessThanOrEqual(1_000);
  });
}

function ofWhom(bench: IssuerBench): void {
  bench.sentence(["chosen secrets"], "makes the token of the secret in the order", async () => {
    const order = bench.orderOf();
    const { token } = await bench.mint(order);
    expect(token.reveal()).toContain(order.secret?.reveal());
  });

  bench.sentence(
    ["chosen secrets"],
    "makes no second token of the same order, but answers the first",
    async (subject) => {
      const order = bench.orderOf();
      const first = await bench.mint(order);
      await subject.clock.advance(60_000);
      const again = await bench.mint(order);
      expect(again.token.reveal()).toBe(first.token.reveal());
      expect(again.issuerId).toBe(first.issuerId);
      expect(await bench.expiryOf(again)).toBe(await bench.expiryOf(first));
      expect(await subject.made()).toBe(1);
    },
  );

  bench.sentence([], "makes two tokens of two orders", async (subject) => {
    const [one, other] = [await bench.mint(), await bench.mint()];
    expect(one.token.reveal()).not.toBe(other.token.reveal());
    expect(await subject.made()).toBe(2);
  });
}

type Outcome = "refused" | "unknown";

/** `made` is null where nobody needs to know. */
const WAYS: readonly (readonly [way: Misbehaviour, what: string, outcome: Outcome, made: number])[] = [
  ["refuse", "refused for certain what the issuer refuses", "refused", 0],
  ["echo", "refused, without a secret, what the issuer refuses in words that repeat what was sent", "refused", 0],
  ["fail", "unknown what ends in a server error", "unknown", 0],
  ["lose_request", "unknown what was cut off before it was done", "unknown", 0],
  ["lose_answer", "unknown what was done and its answer lost", "unknown", 1],
  ["cut_answer", "unknown what was done and its answer cut", "unknown", 1],
  ["garble", "unknown what was done and its answer garbled", "unknown", 1],
];

function whenItGoesWrong(bench: IssuerBench): void {
  const chosen = bench.traits.capabilities.secret === "chosen";

  for (const [way, what, outcome, made] of WAYS) {
    const isFound = chosen && made === 1;
    bench.sentence([], `answers as ${what}${isFound ? ", unless it finds it" : ""}`, async (subject) => {
      subject.misbehave(way);
      const order = bench.orderOf();
      const answer = await subject.issuer.request(order, new AbortController().signal);
      if (answer.outcome === "minted") expect(isFound).toBe(true);
      else {
        expect(answer.outcome).toBe(outcome);
        bench.expectFit(answer.error, order.secret);
      }
      expect(await subject.made()).toBe(made);
    });
  }

  bench.sentence(
    ["chosen secrets"],
    "answers a repetition of a lost order with the token that it made",
    async (subject) => {
      for (const way of ["lose_request", "lose_answer"] as const) {
        const before = await subject.made();
        const order = bench.orderOf();
        subject.misbehave(way);
        await bench.ask(order);
        const { token } = await bench.mint(order);
        expect(token.reveal()).toContain(order.secret?.reveal());
        expect(await subject.made()).toBe(before + 1);
      }
    },
  );

  bench.sentence([], "answers as refused for certain what cannot be granted", async (subject) => {
    expect(subject.impossible.length).toBeGreaterThan(0);
    for (const given of subject.impossible) {
      const order = bench.orderOf(given);
      const answer = await bench.ask(order);
      if (answer.outcome !== "refused") return expect.fail(`${answer.outcome}: ${JSON.stringify(given)}`);
      bench.expectFit(answer.error, order.secret, order.base);
    }
    expect(await subject.made()).toBe(0);
  });
}

function givenUp(bench: IssuerBench): void {
  bench.sentence([], "answers, and does not throw, when the issuer is away: nothing was sent", async (subject) => {
    await subject.stop();
    const answer = await bench.ask();
    expect(answer).toMatchObject({ outcome: "refused", error: { code: "issuer_unreachable", sent: false } });
  });

  bench.sentence([], "answers, and does not throw, when its own secrets cannot be read", async (subject) => {
    subject.hideSecrets();
    const answer = await bench.ask();
    expect(answer).toMatchObject({ outcome: "refused", error: { code: "secret_unreadable" } });
    expect(await subject.made()).toBe(0);
  });

  bench.sentence([], "answers as not sent what was called off before it began", async (subject) => {
    const answer = await subject.issuer.request(bench.orderOf(), AbortSignal.abort());
    expect(answer).toMatchObject({ outcome: "refused" });
    expect(await subject.made()).toBe(0);
  });

  bench.sentence([], "answers as unknown what is called off while the issuer keeps silent", async (subject) => {
    const { met } = subject.misbehave("hang");
    const ender = new AbortController();
    const answer = subject.issuer.request(bench.orderOf(), ender.signal);
    await met;
    ender.abort();
    expect(await answer).toMatchObject({ outcome: "unknown" });
  });

  bench.sentence([], "has answered when its time is over, whatever the issuer does", async (subject) => {
    const { met } = subject.misbehave("hang");
    const answer = bench.ask();
    await met;
    await subject.clock.advance(subject.issuer.callLimitMs);
    // Not by a limit of the HTTP client, which goes by real time.
    const late = turns(100).then(() => "late" as const);
    expect(await Promise.race([answer, late])).toMatchObject({ outcome: "unknown" });
  });
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
