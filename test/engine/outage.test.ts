import { expect, test } from "vitest";
import { CALLS_PER_HOUR_SERVICE } from "../../src/core/backoff.ts";
import { HOUR_MS, type Instant } from "../../src/core/duration.ts";
import { scheduleOf } from "../../src/core/schedule.ts";
import { paceOf } from "../../src/core/decide.ts";
import { bugs, mostWithin } from "../support/oracle.ts";
import { makeWorld, SHORT, tokenKey, type World } from "../support/world.ts";

const TOKENS = 12;
/** Declared lives differ by an hour each, so that deadlines do. */
const LIFETIME_MS = 30 * HOUR_MS;

interface Outage {
  readonly world: World;
  readonly startedAt: Instant;
  /** The least deadline of all tokens. */
  readonly deadlineAt: Instant;
  readonly calls: readonly Instant[];
}

/** The issuer fails from before the first renewal is due until after the last deadline. */
async function wholeSlackDown(): Promise<Outage> {
  const world = await makeWorld({ ...SHORT, tokens: TOKENS, targets: ["a"] });
  await world.reload((declared) => {
    const lifetimeMs = LIFETIME_MS + HOUR_MS * (Number(declared.key.slice("token-".length)) - 1);
    return { ...declared, request: { ...declared.request, lifetimeMs } };
  });
  await world.run(19 * HOUR_MS);
  const [first] = world.daemon.engine.fleet().members.values();
  const desired = (await world.token()).desired;
  if (first === undefined || desired === null) throw new TypeError("no first token");
  const { deadlineAt } = scheduleOf(desired, paceOf(first.declared, 2_000));
  const startedAt = world.clock.now();
  const before = world.issuer.calls.length;
  world.issuer.fail("server_error");
  await world.run(deadlineAt - startedAt + 8 * HOUR_MS);
  const calls = world.issuer.calls.slice(before).flatMap(({ call, at }) => (call === "inspect" ? [] : [at]));
  return { world, startedAt, deadlineAt, calls };
}

test("while an issuer fails for the whole slack its calls an hour fall, and stay within the limit of the issuer as a whole", async () => {
  const { startedAt, deadlineAt, calls } = await wholeSlackDown();
  const hourly = (fromAt: Instant, toAt: Instant): number[] => {
    const counts: number[] = [];
    for (let at = fromAt; at + HOUR_MS <= toAt; at += HOUR_MS)
      counts.push(calls.filter((each) => each >= at && each < at + HOUR_MS).length);
    return counts;
  };
  const all = hourly(startedAt + HOUR_MS, deadlineAt + 8 * HOUR_MS);
  const [first = 0, ...later] = all;
  // Twelve tokens, and yet hardly more calls than one would make: the breaker lets through one probe at a time.
  expect(first).toBeGreaterThan(0);
  expect(Math.max(...later)).toBeLessThanOrEqual(first);
  expect(Math.min(...later)).toBeGreaterThan(0);
  expect(Math.max(...later) - Math.min(...later.slice(1))).toBeLessThanOrEqual(2);
  expect(mostWithin(calls, HOUR_MS)).toBeLessThanOrEqual(CALLS_PER_HOUR_SERVICE);
});

test("whoever is on call is told long before the deadline", async () => {
  const { world, startedAt, deadlineAt } = await wholeSlackDown();
  const told = world.told("incident:opened").filter(({ incident }) => incident.openedAt >= startedAt);
  const first = told[0]?.incident.openedAt ?? Infinity;
  expect(told[0]?.incident.reason).toBe("issuer_failing");
  // Within the first third of the slack.
  expect(first - startedAt).toBeLessThan((deadlineAt - startedAt) / 3);
  const critical = world.told("incident:repeated").find(({ incident }) => incident.severity === "critical");
  expect(critical?.at).toBeLessThan(deadlineAt);
});

test("when the issuer is well again the most urgent token comes first, and all are settled and all incidents over", async () => {
  const { world } = await wholeSlackDown();
  const before = world.issuer.rows.length;
  const healedAt = world.clock.now();
  world.issuer.heal();
  await world.until(async () => (await world.state.incidents()).length === 0, 3 * HOUR_MS);
  const made = world.issuer.rows.slice(before).map(({ name }) => name);
  expect(made[0]).toBe(`name-of-${tokenKey(0)}`);
  expect(new Set(made).size).toBe(TOKENS);
  expect(made).toHaveLength(TOKENS);
  expect(world.clock.now() - healedAt).toBeLessThan(30 * 60_000);
  for (let index = 0; index < TOKENS; index += 1) {
    const { desired } = await world.token(tokenKey(index));
    expect(world.issuer.rowOf(world.place("a", tokenKey(index)).seen ?? "")?.id).toBe(desired?.issuerId);
  }
  expect(bugs(world)).toEqual([]);
});
