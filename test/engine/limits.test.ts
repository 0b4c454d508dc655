import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { LifetimeLimits } from "../../src/core/ports.ts";
import { makeWorld, SHORT, type World } from "../support/world.ts";

const TOKEN = "token-1";
const LIMITS: LifetimeLimits = { longestMs: 9 * HOUR_MS, latestAt: null };

/** An issuer that tells; the answer is how often it was asked. */
function telling(world: World, answer: (signal: AbortSignal) => Promise<LifetimeLimits>): () => number {
  let asked = 0;
  const limits = (_: unknown, signal: AbortSignal): Promise<LifetimeLimits> => {
    asked += 1;
    return answer(signal);
  };
  Object.assign(world.issuer, { limits });
  return () => asked;
}

test("an issuer that does not tell sets no limits, and an unknown token is said to be one", async () => {
  const { controller } = (await makeWorld(SHORT)).daemon;
  expect(await controller.limits(TOKEN)).toEqual({ longestMs: null, latestAt: null });
  await expect(controller.limits("other")).rejects.toMatchObject({ code: "unknown_token" });
});

test("many who look at once, and again within a minute, ask the issuer once", async () => {
  const world = await makeWorld(SHORT);
  const asked = telling(world, async () => LIMITS);
  const { controller } = world.daemon;
  const all = await Promise.all([controller.limits(TOKEN), controller.limits(TOKEN)]);
  expect(all).toEqual([LIMITS, LIMITS]);
  await world.clock.advance(MINUTE_MS - 1);
  await controller.limits(TOKEN);
  expect(asked()).toBe(1);
  await world.clock.advance(1);
  await controller.limits(TOKEN);
  expect(asked()).toBe(2);
});

test("an issuer that does not answer is given up after ten seconds", async () => {
  const world = await makeWorld(SHORT);
  telling(world, (signal) => {
    const { promise, reject } = Promise.withResolvers<LifetimeLimits>();
    signal.addEventListener("abort", () => reject(new RenewdError("issuer_timeout", "took too long")));
    return promise;
  });
  const failure = expect(world.daemon.controller.limits(TOKEN)).rejects.toMatchObject({ code: "issuer_timeout" });
  await world.clock.advance(10 * SECOND_MS);
  await failure;
});

test("an issuer that is known to fail is not asked, and the probe stays for the token that is due", async () => {
  const world = await makeWorld(SHORT);
  const asked = telling(world, async () => LIMITS);
  await world.run(HOUR_MS);
  world.issuer.fail("unreachable");
  await world.run(25 * HOUR_MS);
  const before = await world.state.breaker({ kind: "issuer", key: "issuer" });
  expect(before.probeAt).not.toBeNull();
  await expect(world.daemon.controller.limits(TOKEN)).rejects.toMatchObject({
    code: "issuer_unreachable",
    message: expect.stringContaining("until"),
  });
  const due = { ...before, probeAt: world.clock.now(), probingUntil: null, calls: [] };
  await world.state.changeBreaker({ kind: "issuer", key: "issuer" }, () => ({ breaker: due, answer: undefined }));
  await world.clock.advance(MINUTE_MS);
  await expect(world.daemon.controller.limits(TOKEN)).rejects.toMatchObject({ code: "issuer_unreachable" });
  expect(asked()).toBe(0);
  expect(await world.state.breaker({ kind: "issuer", key: "issuer" })).toEqual(due);
});

test("who only looks cannot make an issuer count as failing", async () => {
  const world = await makeWorld(SHORT);
  const asked = telling(world, () => Promise.reject(new RenewdError("issuer_error", "answered 500")));
  for (let look = 0; look < 10; look += 1) {
    await expect(world.daemon.controller.limits(TOKEN)).rejects.toMatchObject({ code: "issuer_error" });
    await world.clock.advance(MINUTE_MS);
  }
  expect(asked()).toBe(10);
  expect(await world.state.breaker({ kind: "issuer", key: "issuer" })).toMatchObject({ failures: 0 });
});
