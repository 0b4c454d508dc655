import fc from "fast-check";
import { expect } from "vitest";
import { CALLS_PER_HOUR_ONE } from "../../src/core/backoff.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { ACCOUNT, type IssuerFault } from "../support/fake-issuer.ts";
import type { PlaceFault } from "../support/fake-place.ts";
import { bugs, forgotten, leastLifeMs, mostWithin } from "../support/oracle.ts";
import { type Daemon, makeWorld, SHORT, tokenKey, type World, type WorldOptions } from "../support/world.ts";
import { fuzz } from "./fuzz.ts";

type Event =
  | { readonly kind: "run"; readonly ms: number }
  | { readonly kind: "issuer"; readonly fault: IssuerFault | null }
  | { readonly kind: "place"; readonly which: number; readonly fault: PlaceFault | null }
  | { readonly kind: "kill"; readonly which: number; readonly change: number; readonly when: "before" | "after" }
  | { readonly kind: "second" }
  | { readonly kind: "renew"; readonly token: number }
  | { readonly kind: "rollback"; readonly token: number }
  | { readonly kind: "resume"; readonly token: number }
  | { readonly kind: "sleep"; readonly ms: number };

const TOKENS = 2;
const CHOSEN = { lists: false, secret: "chosen" } as const;
/** The ways of issuers that leave nothing to be forgotten, and of the settings that go with them. */
const STRATEGIES: Readonly<Record<string, WorldOptions>> = {
  listed: SHORT,
  retired: { ...SHORT, request: { ...SHORT.request, retire: true } },
  chosen: { ...SHORT, issuer: CHOSEN },
  revoked: { ...SHORT, issuer: { ...CHOSEN, overlap: "none" } },
  extended: { ...SHORT, issuer: CHOSEN, request: { ...SHORT.request, strategy: "extend" } },
};
const slow = fc.integer({ min: 1, max: 40 }).map((seconds) => seconds * SECOND_MS);
const issuerFault: fc.Arbitrary<IssuerFault> = fc.oneof(
  fc.constantFrom<IssuerFault>("unreachable", "server_error", "lose_request", "lose_answer", "hang"),
  slow.map((slowMs) => ({ slowMs })),
  slow.map((lateMs) => ({ lateMs: Math.min(lateMs, 25 * SECOND_MS) })),
  fc.constantFrom<IssuerFault>(
    { refuse: "issuer_throttled" },
    { refuse: "roles_not_held" },
    { make: { signed: false } },
    { make: { subject: "somebody-else" } },
    { make: { scopes: {} } },
  ),
);
const placeFault: fc.Arbitrary<PlaceFault> = fc.record(
  {
    code: fc.constantFrom("store_unreachable", "store_denied", "store_conflict", "store_timeout"),
    on: fc.subarray(["preflight", "observe", "write"] as const, { minLength: 1 }),
    afterActing: fc.boolean(),
  },
  { requiredKeys: ["code"] },
);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: SECOND_MS, max: 3 * HOUR_MS }).map((ms): Event => ({ kind: "run", ms })) },
  { weight: 3, arbitrary: fc.option(issuerFault).map((fault): Event => ({ kind: "issuer", fault })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(), fc.option(placeFault))
      .map(([which, fault]): Event => ({ kind: "place", which, fault })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("kill" as const),
      which: fc.nat({ max: 1 }),
      change: fc.integer({ min: 1, max: 60 }),
      when: fc.constantFrom("before", "after"),
    }),
  },
  fc.constant<Event>({ kind: "second" }),
  fc.nat({ max: TOKENS - 1 }).map((token): Event => ({ kind: "renew", token })),
  fc.nat({ max: TOKENS - 1 }).map((token): Event => ({ kind: "rollback", token })),
  fc.nat({ max: TOKENS - 1 }).map((token): Event => ({ kind: "resume", token })),
  fc.integer({ min: SECOND_MS, max: 20 * MINUTE_MS }).map((ms): Event => ({ kind: "sleep", ms })),
);

/** Each change of the state by any of the daemons waits for the scheduler, which answers them in an order of its own. */
function shuffle(world: World, scheduler: fc.Scheduler): void {
  for (const { life } of world.daemons) {
    life.beforeChange = async (name) => {
      const turn = scheduler.schedule(Promise.resolve(), name);
      void scheduler.waitIdle();
      await turn;
    };
  }
}

async function happen(world: World, each: Event): Promise<void> {
  switch (each.kind) {
    case "run":
      return world.run(each.ms);
    case "issuer":
      if (each.fault === null || isLastingFlaw(world, each.fault)) world.issuer.heal();
      else world.issuer.fail(each.fault);
      return;
    case "place": {
      const place = world.places[each.which % world.places.length];
      if (each.fault === null) place?.heal();
      else place?.fail(each.fault);
      return;
    }
    case "kill": {
      const daemon = world.daemons[each.which % world.daemons.length];
      if (daemon !== undefined) daemon.life.death = { change: daemon.life.changes + each.change, when: each.when };
      return;
    }
    case "second":
      if (world.daemons.length < 2) await world.start({ frees: false });
      return;
    case "renew":
      return decided(world, () => world.daemon.controller.renew(tokenKey(each.token), null));
    case "rollback":
      return decided(world, () => world.daemon.controller.rollback(tokenKey(each.token)));
    case "resume":
      return decided(world, () => world.daemon.controller.resume(tokenKey(each.token)));
    case "sleep":
      // The host sleeps: the wall clock and the uptime go on, timers do not.
      world.clock.nowAt += each.ms;
      world.clock.uptime += each.ms;
  }
}

/** Where there is no other token, or the old one was revoked, what was made wrong stays wrong or is a person's to judge. */
function isLastingFlaw(world: World, fault: IssuerFault): boolean {
  const isRevoking = world.issuer.capabilities.overlap === "none";
  const isExtended = world.daemon.engine.fleet().members.get(tokenKey(0))?.declared.request.strategy === "extend";
  return (isExtended || isRevoking) && typeof fault === "object" && "make" in fault;
}

/** A daemon that dies on it never answers. */
async function decided(world: World, act: () => Promise<unknown>): Promise<void> {
  await Promise.race([asPerson(act), world.quiet()]);
}

async function asPerson(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof RenewdError) || error.code === "bug") throw error;
  }
}

async function buryTheDead(world: World): Promise<void> {
  for (const daemon of world.daemons.filter((each: Daemon) => each.life.dead)) world.kill(daemon);
  if (world.daemons.length === 0) await world.start({ frees: false });
}

/** What no fault, no death and no order of answers may bring about. */
async function judge(world: World): Promise<void> {
  // The same request again makes nothing twice, though the first be under way still.
  if (world.issuer.capabilities.secret === "given") expect(world.issuer.mostAtOnce).toBeLessThanOrEqual(1);
  expect(bugs(world)).toEqual([]);
  for (const place of world.places) {
    const rows = place.written.map((text) => world.issuer.lifeOf(text)?.row);
    expect(
      rows.every((row) => row?.signed === true && row.subject === ACCOUNT && row.scopes["runner"] !== undefined),
    ).toBe(true);
  }
  for (const { key, desired, mint } of await world.state.tokens()) {
    const sealed = [desired, mint?.fresh].flatMap((each) => (each == null ? [] : [each.fingerprint]));
    for (const fingerprint of sealed)
      expect((await world.state.unseal(key, fingerprint))?.fingerprint).toBe(fingerprint);
  }
}

/** Everything is well again for long enough that a renewal and all deliveries are made. */
async function judgeRecovered(world: World): Promise<void> {
  world.issuer.heal();
  for (const place of world.places) place.heal();
  for (const { life } of world.daemons) life.death = undefined;
  // What was about to die dies still; nobody can ask it for anything.
  await world.quiet();
  await buryTheDead(world);
  for (let index = 0; index < TOKENS; index += 1)
    await world.state.ask(tokenKey(index), world.clock.now(), { pause: null });
  await world.run(24 * HOUR_MS);
  await judge(world);
  expect(await forgotten(world)).toEqual([]);
  for (let index = 0; index < TOKENS; index += 1) {
    const key = tokenKey(index);
    const { desired, mint, trouble } = await world.token(key);
    expect([mint, trouble]).toEqual([null, null]);
    for (const label of ["a", "b"]) {
      const { seen } = world.place(label, key);
      expect(world.issuer.rowOf(seen ?? "")?.id).toBe(desired?.issuerId);
      expect(desired === null ? 0 : desired.expAt - world.clock.now()).toBeGreaterThan(HOUR_MS);
    }
  }
}

fuzz(
  "two daemons on one state never ask twice at once, write nothing wrong, forget nothing, and recover, whatever fails and whoever dies",
  25,
  fc.asyncProperty(
    fc.scheduler(),
    fc.integer({ min: 1, max: 2 ** 31 }),
    fc.constantFrom(...Object.keys(STRATEGIES)),
    fc.array(event, { minLength: 4, maxLength: 25 }),
    async (scheduler, seed, strategy, events) => {
      const world = await makeWorld({ ...STRATEGIES[strategy], seed, tokens: TOKENS });
      await world.start({ frees: false });
      for (const each of events) {
        shuffle(world, scheduler);
        await happen(world, each);
        await buryTheDead(world);
        await judge(world);
      }
      shuffle(world, scheduler);
      await judgeRecovered(world);
    },
  ),
);

fuzz(
  "an issuer that only ever fails gets no more calls an hour than the limits say, whatever way it fails",
  12,
  fc.asyncProperty(
    fc.constantFrom<IssuerFault>("unreachable", "server_error", "lose_request", { refuse: "roles_not_held" }),
    fc.array(fc.integer({ min: MINUTE_MS, max: 5 * HOUR_MS }), { minLength: 1, maxLength: 6 }),
    async (fault, pauses) => {
      const world = await makeWorld({ ...SHORT, tokens: 1, targets: ["a"] });
      await world.run(HOUR_MS);
      const before = world.issuer.calls.length;
      world.issuer.fail(fault);
      await world.run(21 * HOUR_MS);
      for (const ms of pauses) await world.run(ms);
      const calls = world.issuer.calls.slice(before).filter(({ call }) => call !== "inspect");
      expect(
        mostWithin(
          calls.map(({ at }) => at),
          HOUR_MS,
        ),
      ).toBeLessThanOrEqual(CALLS_PER_HOUR_ONE);
      if (world.clock.now() < (world.issuer.rows[0]?.expAt ?? 0)) expect(leastLifeMs(world)).toBeGreaterThan(0);
    },
  ),
);
