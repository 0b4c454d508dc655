import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { type ErrorCode, RenewdError } from "../../src/core/errors.ts";
import type { IssuerFault } from "../support/fake-issuer.ts";
import { bugs, mostWithin } from "../support/oracle.ts";
import { makeWorld, SHORT, tokenKey, type World } from "../support/world.ts";

const ISSUER_FAULTS: Readonly<Record<string, IssuerFault>> = {
  "no route": "unreachable",
  "server errors": "server_error",
  "lost requests": "lose_request",
  throttling: { refuse: "issuer_throttled" },
  "a refused password": { refuse: "sign_in_refused" },
  "a refused lifetime": { refuse: "lifetime_refused" },
  "an unsigned token": { make: { signed: false } },
  "no longer life": { make: { expAt: Date.parse("2026-07-02T14:00:00Z") } },
  "life too short to be of use": { make: { expAt: Date.parse("2026-07-01T08:00:01Z") } },
};

function issuerCalls(world: World): readonly number[] {
  return world.issuer.calls.filter(({ call }) => call !== "inspect").map(({ at }) => at);
}

for (const [name, fault] of Object.entries(ISSUER_FAULTS)) {
  test(`${name}: a failing token makes at most 12 calls in any hour, and never loops`, async () => {
    const world = await makeWorld({ ...SHORT, targets: ["a"] });
    await world.run(HOUR_MS);
    world.issuer.fail(fault);
    await world.run(2 * DAY_MS);
    expect(mostWithin(issuerCalls(world), HOUR_MS)).toBeLessThanOrEqual(12);
    expect(world.count("renewal:failed")).toBeGreaterThan(10);
    expect(bugs(world)).toEqual([]);
    expect((await world.incidents()).length).toBeGreaterThan(0);
    world.issuer.heal();
    await world.event("renewal:settled", 16 * MINUTE_MS);
    await world.run(HOUR_MS);
    expect(await world.incidents()).toEqual([]);
  });
}

const STORE_CODES: readonly ErrorCode[] = [
  "store_unreachable",
  "store_timeout",
  "store_denied",
  "store_absent",
  "store_conflict",
  "store_quota",
  "store_mismatch",
  "store_throttled",
];

for (const code of STORE_CODES) {
  test(`${code}: a failing target is called at most 12 times in any hour, and is filled when it works again`, async () => {
    const world = await makeWorld({ ...SHORT, targets: ["a", "b"] });
    await world.run(HOUR_MS);
    world.place("b").fail({ code, on: ["write"] });
    await world.run(40 * HOUR_MS);
    const calls = world.place("b").calls.filter(({ call }) => call !== "preflight");
    expect(
      mostWithin(
        calls.map(({ at }) => at),
        HOUR_MS,
      ),
    ).toBeLessThanOrEqual(12);
    expect((await world.incidents()).length).toBeGreaterThan(0);
    world.place("b").heal();
    await world.run(HOUR_MS);
    expect(world.place("b").seen).toBe(world.issuer.rows.at(-1)?.text);
    expect(await world.incidents()).toEqual([]);
  });
}

test("over a long outage the calls of an hour fall, then are steady in the urgent zone, and the next backoff survives a restart", async () => {
  const world = await makeWorld({ targets: ["a"], policy: { renewBefore: { share: 0.2 } } });
  await world.run(23 * DAY_MS);
  world.issuer.fail({ refuse: "issuer_throttled" });
  await world.event("renewal:failed");
  const firstHour = world.issuer.count("find");
  await world.run(HOUR_MS);
  const early = world.issuer.count("find") - firstHour;
  await world.run(2 * DAY_MS);
  const from = world.issuer.count("find");
  await world.run(4 * HOUR_MS);
  const late = (world.issuer.count("find") - from) / 4;
  expect(early).toBeGreaterThan(late);
  expect(late).toBeLessThanOrEqual(2);
  const { trouble } = await world.token();
  await world.restart();
  const calls = world.issuer.count("find");
  await world.run((trouble?.nextTryAt ?? 0) - world.clock.now() - 1);
  expect(world.issuer.count("find")).toBe(calls);
});

test("a failing issuer gets at most 60 calls an hour for a hundred tokens; when it is well they are renewed in order of their deadlines", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 100, targets: ["a"] });
  await world.run(HOUR_MS);
  world.issuer.fail("unreachable");
  const before = world.issuer.calls.length;
  await world.run(23 * HOUR_MS);
  expect(mostWithin(issuerCalls(world).slice(before), HOUR_MS)).toBeLessThanOrEqual(60);
  world.issuer.heal();
  await world.run(16 * MINUTE_MS);
  expect(world.issuer.rows).toHaveLength(200);
  expect(await world.incidents()).toEqual([]);
});

test("after five failures the breaker lets one probe out at a time, for the most urgent token", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 12, targets: ["a"] });
  await world.run(HOUR_MS);
  await world.reload((declared) =>
    declared.key === tokenKey(7)
      ? { ...declared, targets: declared.targets.map((t) => ({ ...t, holdMs: 4 * HOUR_MS })) }
      : declared,
  );
  world.issuer.fail("unreachable");
  await world.until(async () => (await world.state.breaker({ kind: "issuer", key: "issuer" })).probeAt !== null);
  const calls = world.issuer.calls.length;
  await world.until(() => world.issuer.calls.length > calls);
  expect(world.issuer.calls.slice(calls).map(({ name }) => name)).toEqual([`name-of-${tokenKey(7)}`]);
});

test("one failed sign-in that several tokens waited for counts once", async () => {
  const world = await makeWorld({ ...SHORT, tokens: 6 });
  await world.run(19 * HOUR_MS);
  const failed = new RenewdError("issuer_timeout", "the sign-in took too long");
  const { find } = world.issuer;
  world.issuer.find = () => Promise.reject(failed);
  await world.event("renewal:failed");
  world.issuer.find = find;
  expect(world.told("service:failing").map(({ failures }) => failures)).toEqual([1]);
  expect(world.count("renewal:failed")).toBe(6);
});
