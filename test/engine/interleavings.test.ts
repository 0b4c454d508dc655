import { expect, test } from "vitest";
import { HOUR_MS, SECOND_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import { ACCOUNT, type IssuerFault } from "../support/fake-issuer.ts";
import { FakeRandom } from "../support/fake-random.ts";
import type { PlaceFault } from "../support/fake-place.ts";
import { bugs, forgotten, leastLifeMs } from "../support/oracle.ts";
import { makeWorld, SHORT, tokenKey, type World, type WorldOptions } from "../support/world.ts";

const RUNS = 15;
const TOKENS = 2;
const ROUNDS = 14;
/** A renewal has nine hours between due and deadline: an outage and the longest gap between two tries fit in. */
const OUTAGE_MS = 3 * HOUR_MS;
const HEALTHY_MS = 3 * HOUR_MS;
const POLICY = { ...SHORT.policy, jitter: { share: 0.05 } };
const CHOSEN = { lists: false, secret: "chosen" } as const;

const ISSUER_FAULTS: readonly IssuerFault[] = [
  "unreachable",
  "server_error",
  "lose_request",
  "lose_answer",
  "hang",
  { slowMs: 7 * SECOND_MS },
  { refuse: "issuer_throttled" },
  { refuse: "roles_not_held" },
  { make: { signed: false } },
  { make: { subject: "somebody-else" } },
  { make: { scopes: { runner: [] } } },
];
const STORE_CODES: readonly ErrorCode[] = ["store_unreachable", "store_denied", "store_conflict", "store_timeout"];

function placeFault(random: FakeRandom): PlaceFault {
  return random.pick<PlaceFault>([
    { code: random.pick(STORE_CODES) },
    { code: random.pick(STORE_CODES), on: ["write"] },
    { code: "store_timeout", on: ["write"], afterActing: true },
    { hang: true, on: [random.pick(["observe", "write", "preflight"] as const)] },
    { slowMs: 9 * SECOND_MS },
  ]);
}

/** Something breaks for a while, or the process dies at some change, or both. */
async function oneRound(world: World, random: FakeRandom, faults: readonly IssuerFault[]): Promise<void> {
  if (random.share() < 0.6) world.issuer.fail(random.pick(faults));
  for (const place of world.places) if (random.share() < 0.3) place.fail(placeFault(random));
  if (random.share() < 0.3 && world.daemons.length === 1) await world.start({ frees: false });
  if (random.share() < 0.2) await world.daemon.controller.renew(tokenKey(random.below(TOKENS)), null);
  if (random.share() < 0.6) {
    world.daemon.life.death = {
      change: world.daemon.life.changes + 1 + random.below(60),
      when: random.pick(["before", "after"] as const),
    };
  }
  await world.run(random.below(OUTAGE_MS));
  world.issuer.heal();
  for (const place of world.places) place.heal();
  for (const daemon of world.daemons) if (daemon.life.dead) world.kill(daemon);
  if (world.daemons.length === 0) await world.start();
  world.daemon.life.death = undefined;
  await world.run(HEALTHY_MS);
}

/** Whatever happened, at the end each reader had what it needs, and the newest token is everywhere. */
async function judge(world: World, hint: string): Promise<void> {
  for (let index = 0; index < TOKENS; index += 1) {
    for (const label of ["a", "b"]) {
      const place = world.place(label, tokenKey(index));
      const { desired } = await world.token(tokenKey(index));
      expect(leastLifeMs(world, label, tokenKey(index)), hint).toBeGreaterThanOrEqual(SHORT.target.holdMs);
      expect(world.issuer.rowOf(place.seen ?? "")?.id, hint).toBe(desired?.issuerId);
      const wrong = place.written
        .map((text) => world.issuer.lifeOf(text)?.row)
        .filter((row) => row?.signed !== true || row.subject !== ACCOUNT || row.scopes["runner"]?.length !== 1);
      expect(wrong, hint).toEqual([]);
    }
  }
  expect(await forgotten(world), hint).toEqual([]);
  expect(bugs(world), hint).toEqual([]);
  expect(await world.incidents(), hint).toEqual([]);
}

async function history(seed: number, options: WorldOptions, faults: readonly IssuerFault[]): Promise<World> {
  const random = new FakeRandom(seed);
  const world = await makeWorld({ ...SHORT, ...options, seed, tokens: TOKENS, policy: POLICY });
  await world.run(HOUR_MS);
  for (let round = 0; round < ROUNDS; round += 1) await oneRound(world, random, faults);
  // Long enough for another good renewal: it resolves what a person's wish in an outage may have left behind.
  await world.run(21 * HOUR_MS);
  await judge(world, `seed ${seed}`);
  return world;
}

test(`the promise holds in ${RUNS} histories of faults, deaths, second workers and wishes`, async () => {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const world = await history(seed, {}, ISSUER_FAULTS);
    expect(world.issuer.mostAtOnce, `seed ${seed}`).toBe(1);
  }
});

/** What an extension makes wrong stays wrong, for there is no other token. */
const WITHOUT_FLAWS = ISSUER_FAULTS.filter((fault) => typeof fault !== "object" || !("make" in fault));

test.each<[string, WorldOptions, readonly IssuerFault[]]>([
  ["chosen secrets", { issuer: CHOSEN }, ISSUER_FAULTS],
  ["extensions", { issuer: CHOSEN, request: { ...SHORT.request, strategy: "extend" } }, WITHOUT_FLAWS],
  ["old tokens that are ended", { request: { ...SHORT.request, retire: true } }, ISSUER_FAULTS],
  [
    "chosen secrets and old tokens that are ended",
    { issuer: CHOSEN, request: { ...SHORT.request, retire: true } },
    ISSUER_FAULTS,
  ],
])(
  "and as well with %s",
  async (_, options, faults) => {
    for (let seed = 1; seed <= RUNS / 3; seed += 1) await history(seed, options, faults);
  },
  120_000,
);
