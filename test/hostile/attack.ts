/** One spoilt call, from the moment a renewal is due: an hour of it, then the issuer is well again. */
import { expect } from "vitest";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { Spoil } from "../support/hostile-front.ts";
import { type HostileOptions, HostileWorld, KEY, PASSWORD } from "../support/hostile-world.ts";

export type SpoiltCall = "sign_in" | "servers" | "list" | "renew";

export interface Attack {
  readonly at: SpoiltCall;
  readonly spoil: (world: HostileWorld) => Spoil;
  /** Of the first failure. */
  readonly code: ErrorCode;
  /** Of later failures, where they may differ. */
  readonly later?: readonly ErrorCode[];
  /** `kept`: no token while it lasts. `renewed`: the token that was made all the same is found and used meanwhile. */
  readonly ends: "kept" | "renewed";
  /** How often the spoilt call comes within the hour. */
  readonly calls: number;
  /** What the service itself asked for. */
  readonly retryAfterMs?: number;
  readonly options?: HostileOptions;
}

type Retry = "soon" | "capped";

/** When the next try comes, and whether the failure is laid to the service as a whole: pinned here, apart from the sources. */
const CLASSES: Readonly<Partial<Record<ErrorCode, readonly [Retry, "service" | "one"]>>> = {
  issuer_unreachable: ["soon", "service"],
  issuer_timeout: ["soon", "service"],
  issuer_error: ["soon", "service"],
  issuer_throttled: ["soon", "service"],
  session_refused: ["soon", "service"],
  issuer_answer_invalid: ["capped", "service"],
  issuer_answer_too_large: ["capped", "service"],
  issuer_redirected: ["capped", "service"],
  issuer_tls: ["capped", "service"],
  sign_in_refused: ["capped", "service"],
  two_factor_required: ["capped", "service"],
  two_factor_refused: ["soon", "service"],
  secret_unreadable: ["capped", "service"],
  request_refused: ["capped", "one"],
  server_unknown: ["capped", "one"],
  token_absent: ["capped", "one"],
  token_not_owned: ["capped", "one"],
  roles_not_held: ["capped", "one"],
  roles_unrecorded: ["capped", "one"],
  lifetime_refused: ["capped", "one"],
  expiry_cap_passed: ["capped", "one"],
  token_rejected: ["capped", "one"],
  no_progress: ["capped", "one"],
  key_unreachable: ["soon", "one"],
  not_yet_valid: ["soon", "one"],
};

/** A tenth of what is left from the 20th hour until the deadline at 28:58, and the spread of a tenth below it. */
const CAP_MS: number = (8 * HOUR_MS + 58 * MINUTE_MS) / 10;
const SOON_MS: number = 5 * SECOND_MS;

export async function attack(given: Attack): Promise<void> {
  await using world = await HostileWorld.start(given.options);
  await world.untilDue();
  const [old] = world.made;
  const dueAt = world.clock.now() + 1;
  world.front.seen.length = 0;
  world.front.spoil(given.at, given.spoil(world));
  expect(await world.until(() => world.told("renewal:failed").length > 0, MINUTE_MS)).toBe(true);
  await expectFirstFailure(world, given, dueAt);
  await world.run(dueAt + HOUR_MS - 1 - world.clock.now());
  const { code, ends, calls } = given;
  expect(world.front.count(given.at)).toBe(calls);
  expect(codesOf(world)).toEqual([...new Set([code, ...(given.later ?? [])])].sort());
  expect(world.made).toHaveLength(ends === "kept" ? 1 : 2);
  expect(world.fake.written).toEqual(world.made);
  expect(world.fake.seen).toBe(world.made.at(-1));
  world.front.heal();
  await expectRecovery(world);
  expect(world.made).toHaveLength(2);
  expect(world.fake.written).toEqual([old, world.made[1]]);
}

async function expectFirstFailure(world: HostileWorld, given: Attack, dueAt: number): Promise<void> {
  const failure = world.told("renewal:failed")[0];
  expect(failure).toMatchObject({ code: given.code, at: dueAt });
  const [retry, scope] = CLASSES[given.code] ?? [];
  const waitMs = (failure?.nextTryAt ?? 0) - dueAt;
  const leastMs = given.retryAfterMs ?? (retry === "soon" ? SOON_MS : CAP_MS) * 0.9 - 1;
  expect(waitMs).toBeGreaterThanOrEqual(leastMs);
  expect(waitMs).toBeLessThanOrEqual(given.retryAfterMs ?? (retry === "soon" ? SOON_MS : CAP_MS));
  const failing = world.told("service:failing");
  expect(failing.map((each) => each.code)).toEqual(scope === "service" ? [given.code] : []);
  expect(failing.every((each) => each.service === "issuer" && each.failures === 1)).toBe(true);
  // The next contact comes then, or when the lost request's time is over.
  const settleAt = (await world.token()).mint?.settleAt ?? 0;
  const before = world.front.seen.length;
  const first = failure?.nextTryAt ?? 0;
  await world.until(() => world.front.seen.length > before, HOUR_MS);
  expect(world.front.seen[before]?.at).toBeGreaterThanOrEqual(first);
  expect(world.front.seen[before]?.at).toBeLessThanOrEqual(Math.max(first, settleAt));
}

/** Well again: the next try succeeds, and nothing is left of the trouble. */
export async function expectRecovery(world: HostileWorld, limitMs: number = 2 * HOUR_MS): Promise<void> {
  const { trouble, calls } = await world.token();
  // The next try waits for its backoff, while the calls of an hour are used up, and for its turn to probe.
  const allowedAt = calls.length < 12 ? 0 : (calls[1] ?? 0) + HOUR_MS;
  const probeAt = world.told("service:failing").at(-1)?.probeAt ?? 0;
  const nextTryAt = Math.max(trouble?.nextTryAt ?? 0, allowedAt, probeAt);
  const failures = world.told("renewal:failed").length;
  const settled = async (): Promise<boolean> => {
    const { desired, mint } = await world.token();
    const [target] = await world.state.targets(KEY);
    const isNew = desired !== null && desired.fingerprint !== world.first;
    return isNew && mint === null && target?.held?.fingerprint === desired.fingerprint;
  };
  const isOver = await settled();
  expect(await world.until(settled, limitMs), `failed with ${world.told("renewal:failed").at(-1)?.message}`).toBe(true);
  expect(world.told("renewal:failed").slice(failures)).toEqual([]);
  if (!isOver) expect(world.clock.now()).toBeLessThanOrEqual(nextTryAt + MINUTE_MS);
  await world.run(MINUTE_MS);
  expect(await world.incidents()).toEqual([]);
  expectClean(world);
}

/** Nothing of it leaked, nothing was followed, nothing was poisoned, and no mistake of the program came to light. */
export function expectClean(world: HostileWorld): void {
  expect(world.trap.requests).toBe(0);
  const said = JSON.stringify(world.events);
  expect(said).not.toContain(PASSWORD);
  expect(said).not.toMatch(/eyJ[\w-]{8}|csrf-[0-9a-f]{8}/);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect("polluted" in {}).toBe(false);
  expect(codesOf(world)).not.toContain("bug");
  expect(world.told("sweep:failed")).toEqual([]);
}

function codesOf(world: HostileWorld): readonly ErrorCode[] {
  return [...new Set(world.told("renewal:failed").map((each) => each.code))].sort();
}
