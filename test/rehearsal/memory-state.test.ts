import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { MemoryState } from "../../src/simulation/memory-state.ts";
import { SeededRandom } from "../../src/simulation/seeded-random.ts";
import { WakeHeap } from "../../src/simulation/wake-heap.ts";
import { openSqliteState } from "../../src/state/open-sqlite.ts";
import { issueOf, memberOf, type MemberOptions, NOW, outageOf, run, WORKING_HOURS } from "./bench.ts";

describe("the state in memory", () => {
  const kinds: Readonly<Record<string, MemberOptions>> = {
    "is listed and replaced": { stores: ["aws", "files"] },
    "is neither listed nor kept": { issuer: { lists: false, keeps: false } },
    "brings its own secret and is ended when nobody reads it": {
      issuer: { lists: false, secret: "chosen" },
      request: { retire: true },
    },
    "is extended": { issuer: { lists: false, secret: "chosen" }, request: { strategy: "extend" } },
    "revokes the one before": { issuer: { overlap: "none", lists: false } },
    "waits for windows": { policy: { windows: WORKING_HOURS } },
  };

  it.each(Object.entries(kinds))("comes to the same as the real one, of a token that %s", async (_, options) => {
    const members = [memberOf(options)];
    const outages = [
      outageOf("issuer", "flowauth", 19 * DAY_MS, 3 * DAY_MS),
      outageOf("store", "aws", 41 * DAY_MS, 3 * DAY_MS),
    ];
    const openState = (): ReturnType<typeof openSqliteState> =>
      openSqliteState({ file: ":memory:", keys: [], random: new SeededRandom(1) });
    const [quick, real] = [
      await run(members, { days: 46, outages, weighs: false }),
      await run(members, { days: 46, outages, weighs: false }, { openState }),
    ];
    expect(quick.renewals.length).toBeGreaterThan(1);
    expect(quick.incidents.length).toBeGreaterThan(1);
    expect(quick).toEqual(real);
  });
});

describe("a job in memory", () => {
  const TOKEN = { token: "flow", target: null };
  const TTL_MS = 60_000;

  it("that is woken while somebody works on it is due again when that ends, and else sleeps as long as was said", async () => {
    const state = new MemoryState();
    await state.enrol([{ key: "flow", issuer: "flowauth", targets: [] }], NOW);
    for (const isWoken of [true, false]) {
      const lease = await state.claim(TOKEN, "one", NOW, TTL_MS);
      if (lease === null) throw new TypeError("somebody has it");
      expect(await state.claim(TOKEN, "two", NOW, TTL_MS)).toBeNull();
      if (isWoken) await state.wake({ token: "flow" }, NOW);
      expect(await state.release(lease, { wakeAt: NOW + DAY_MS, deadlineAt: null }, NOW)).toBe(true);
      expect(await state.due(NOW, 10)).toEqual(isWoken ? [TOKEN] : []);
    }
    expect(await state.nextWakeAt()).toBe(NOW + DAY_MS);
  });

  it("whose lease was lost changes nothing", async () => {
    const state = new MemoryState();
    await state.enrol([{ key: "flow", issuer: "flowauth", targets: [] }], NOW);
    const old = await state.claim(TOKEN, "one", NOW, TTL_MS);
    const lease = await state.claim(TOKEN, "two", NOW + TTL_MS, TTL_MS);
    if (old === null || lease === null) throw new TypeError("nobody has it");
    const pause = { since: NOW, until: null, reason: null, deliveries: false };
    expect(await state.changeToken(old, NOW + TTL_MS, { pause })).toBe(false);
    expect((await state.token("flow"))?.pause).toBeNull();
    expect(await state.changeToken(lease, NOW + TTL_MS, { pause })).toBe(true);
    expect((await state.token("flow"))?.pause).toEqual(pause);
  });

  it("knows what was in use before as superseded", async () => {
    const state = new MemoryState();
    await state.enrol([{ key: "flow", issuer: "flowauth", targets: [] }], NOW);
    const lease = await state.claim(TOKEN, "one", NOW, TTL_MS);
    if (lease === null) throw new TypeError("somebody has it");
    const issues = [1, 2, 3].map((days) => issueOf(NOW - days * DAY_MS, 30 * DAY_MS));
    for (const issue of issues) await state.changeToken(lease, NOW, { accept: { issue, token: new SecretText("x") } });
    const known = await state.known("flow");
    expect(issues.map(({ fingerprint }) => known.get(fingerprint)?.fate)).toEqual([
      "superseded",
      "accepted",
      "accepted",
    ]);
    expect(await state.unseal("flow", issues[0]?.fingerprint ?? "")).toBeUndefined();
  });
});

describe("what wakes when", () => {
  it("is taken out in order of time, each at the later word only", () => {
    const puts = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 100 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(puts, (all) => {
        const heap = new WakeHeap<number>();
        for (const [item, at] of all) heap.put(item, at);
        const wakes = [...new Map(all)].map(([item, at]) => ({ item, at }));
        expect(heap.firstAt).toBe(Math.min(Infinity, ...wakes.map(({ at }) => at)));
        const taken: number[] = [];
        for (let item = heap.takeUntil(50); item !== undefined; item = heap.takeUntil(50)) taken.push(item);
        const times = taken.map((item) => wakes.find((wake) => wake.item === item)?.at ?? Infinity);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        const due = wakes.filter(({ at }) => at <= 50).map(({ item }) => item);
        expect(new Set(taken)).toEqual(new Set(due));
        expect(taken).toHaveLength(due.length);
      }),
    );
  });
});
