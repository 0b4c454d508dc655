import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import type { Ruling } from "../../src/core/state-store.ts";
import {
  AWS,
  FILE,
  FLOW,
  NOW,
  acceptOf,
  asked,
  bare,
  issueOf,
  mintOf,
  quarantinedOf,
  textOf,
  troubleOf,
  type StateBench,
} from "./state-bench.ts";

const of = (label: string): string => textOf(label).fingerprint;
const pause = { since: NOW, until: null, reason: "rolled back", deliveries: true };
const back = (from: string, to: string): Ruling => ({
  rule: "rollback",
  from: of(from),
  to: of(to),
  pause,
  events: [asked(NOW)],
});
const accepting = (label: string, over: string | null): Extract<Ruling, { rule: "accept" }> => ({
  rule: "accept",
  issue: issueOf(label),
  over: over === null ? null : of(over),
  grants: true,
  events: [],
});

/** What a person decides of a token's issues: without a lease, and only of what they saw. */
export function rulingsContract(bench: StateBench): void {
  const { claim, change, allAsleep } = bench;
  const rule = (ruling: Ruling, now = NOW): Promise<boolean> => bench.state.rule("flow", now, ruling);
  const isSealed = async (label: string): Promise<boolean> =>
    (await bench.state.unseal("flow", of(label))) !== undefined;
  const fateOf = async (label: string): Promise<string | undefined> =>
    (await bench.state.known("flow")).get(of(label))?.fate;
  const quarantine = async (label: string): Promise<void> => {
    const fresh = bare(label);
    await change({ mint: mintOf(`of ${label}`, { fresh }), sealed: { ...fresh, token: textOf(label) } });
    const failed = { trouble: troubleOf("token_rejected", NOW + HOUR_MS), calls: [NOW] };
    await change({ mint: null, quarantine: quarantinedOf(label), ...failed });
  };

  describe("a rollback", () => {
    it("withdraws the desired issue, takes its text, and makes the previous one desired with none before it", async () => {
      for (const label of ["one", "two"]) await change(acceptOf(label));
      const wish = { at: NOW, lifetimeMs: null, anew: false };
      const trouble = troubleOf("issuer_timeout", NOW + 1);
      await change({ wish, trouble });
      expect(await rule(back("two", "one"))).toBe(true);
      const record = await bench.state.token("flow");
      expect(record).toMatchObject({ desired: issueOf("one"), previous: null, wish: null, pause, trouble });
      expect(record?.withdrawn).toEqual([of("two")]);
      expect((await bench.state.tokens()).find(({ key }) => key === "flow")).toEqual(record);
      expect([await fateOf("one"), await fateOf("two")]).toEqual(["accepted", "withdrawn"]);
      expect([await isSealed("one"), await isSealed("two")]).toEqual([true, false]);
      expect((await bench.state.history("flow", 1))[0]?.type).toBe("person:asked");
    });

    it("is refused once the previous one may have been ended at the issuer", async () => {
      for (const label of ["one", "two"]) await change(acceptOf(label));
      await change({ retiring: { fingerprint: of("one"), trouble: troubleOf("issuer_timeout", NOW + 1) } });
      const before = await bench.state.token("flow");
      expect(await rule(back("two", "one"))).toBe(false);
      expect(await bench.state.token("flow")).toEqual(before);
    });

    it("leaves an open mint open, and stays known when another issue is accepted", async () => {
      for (const label of ["one", "two"]) await change(acceptOf(label));
      const fresh = bare("three");
      const mint = mintOf("m", { fresh });
      await change({ mint, sealed: { ...fresh, token: textOf("three") } });
      await rule(back("two", "one"));
      expect((await bench.state.token("flow"))?.mint).toEqual(mint);
      await change({ ...acceptOf("three"), mint: null });
      const record = await bench.state.token("flow");
      expect(record).toMatchObject({ desired: issueOf("three"), previous: issueOf("one"), withdrawn: [of("two")] });
    });

    it("wakes the token and its targets, which look anew and forget a write that is to be confirmed", async () => {
      for (const label of ["one", "two"]) await change(acceptOf(label));
      const lease = await claim(AWS);
      const delivery = { phase: "written", fingerprint: of("two"), at: NOW } as const;
      await bench.state.changeTarget(lease, NOW, { observedAt: NOW, delivery });
      await bench.state.release(lease, { wakeAt: NOW, deadlineAt: null }, NOW);
      await allAsleep();
      await rule(back("two", "one"), NOW + 1);
      expect(await bench.state.due(NOW + 1, 10)).toEqual([FLOW, AWS, FILE]);
      expect((await bench.state.targets("flow"))[0]).toMatchObject({ observedAt: null, delivery: null });
    });

    it("of what is not desired and previous, or no longer sealed, changes nothing", async () => {
      for (const label of ["one", "two"]) await change(acceptOf(label));
      expect(await rule(back("one", "two"))).toBe(false);
      expect(await rule(back("two", "three"))).toBe(false);
      await change({ fates: [{ issue: bare("one"), fate: "superseded" }] });
      const before = await bench.state.token("flow");
      expect(await rule(back("two", "one"))).toBe(false);
      expect(await bench.state.token("flow")).toEqual(before);
      expect(await bench.state.history("flow", 9)).toEqual([]);
      expect(await bench.state.rule("unknown", NOW, back("two", "one"))).toBe(false);
    });
  });

  describe("an acceptance in spite of a check", () => {
    it("makes what is quarantined desired and the desired one previous; failures and the wish are over", async () => {
      await change(acceptOf("one"));
      await quarantine("two");
      await change({ wish: { at: NOW, lifetimeMs: null, anew: false } });
      await allAsleep();
      expect(await rule(accepting("two", "one"), NOW + 1)).toBe(true);
      expect(await bench.state.token("flow")).toMatchObject({
        desired: issueOf("two"),
        previous: issueOf("one"),
        quarantined: null,
        wish: null,
        trouble: null,
        calls: [],
      });
      expect([await isSealed("one"), await isSealed("two"), await fateOf("two")]).toEqual([true, true, "accepted"]);
      expect(await bench.state.due(NOW + 1, 10)).toEqual([FLOW, AWS, FILE]);
    });

    it("can be of the first token of all, keeps what an open mint made, and takes the text of the one before the last", async () => {
      await quarantine("one");
      expect(await rule(accepting("one", null))).toBe(true);
      await change(acceptOf("two"));
      await quarantine("three");
      const fresh = bare("four");
      await change({ mint: mintOf("m", { fresh }), sealed: { ...fresh, token: textOf("four") } });
      expect(await rule(accepting("three", "two"))).toBe(true);
      const sealed = await Promise.all(["one", "two", "three", "four"].map(isSealed));
      expect(sealed).toEqual([false, true, true, true]);
    });

    it("leaves what is to be ended as it is, and lets the one before the previous be ended too where that is asked for", async () => {
      for (const label of ["zero", "one", "two"]) await change(acceptOf(label));
      const retiring = { ...bare("one"), trouble: troubleOf("issuer_timeout", NOW + 1) };
      await change({ retiring: { fingerprint: of("one"), trouble: retiring.trouble } });
      await quarantine("three");
      expect(await rule({ ...accepting("three", "two"), retires: true })).toBe(true);
      expect(await bench.state.token("flow")).toMatchObject({ previous: issueOf("two"), retiring: [retiring] });
      await quarantine("four");
      expect(await rule({ ...accepting("four", "three"), retires: true })).toBe(true);
      const record = await bench.state.token("flow");
      expect(record?.retiring.map(({ fingerprint }) => fingerprint).sort()).toEqual([of("one"), of("two")].sort());
      expect(await isSealed("two")).toBe(true);
      await quarantine("five");
      expect(await rule(accepting("five", "four"))).toBe(true);
      expect(await fateOf("three")).toBe("superseded");
    });

    it("of what is not quarantined, over what is not desired, or no longer sealed, changes nothing", async () => {
      await change(acceptOf("one"));
      expect(await rule(accepting("two", "one"))).toBe(false);
      await quarantine("two");
      expect(await rule(accepting("two", null))).toBe(false);
      expect(await rule(accepting("three", "one"))).toBe(false);
      await bench.state.dropExpired(bare("two").expAt);
      const before = await bench.state.token("flow");
      expect(await rule(accepting("two", "one"))).toBe(false);
      expect(await bench.state.token("flow")).toEqual(before);
    });
  });

  describe("a discard", () => {
    it("drops what is quarantined and its text for good, and what failed; its calls still count", async () => {
      await change(acceptOf("one"));
      await quarantine("two");
      await allAsleep();
      expect(await rule({ rule: "discard", quarantined: of("one"), events: [] })).toBe(false);
      expect(await rule({ rule: "discard", quarantined: of("two"), events: [] }, NOW + 1)).toBe(true);
      const after = { quarantined: null, trouble: null, calls: [NOW], desired: issueOf("one") };
      expect(await bench.state.token("flow")).toMatchObject(after);
      expect([await isSealed("one"), await isSealed("two"), await fateOf("two")]).toEqual([true, false, "quarantined"]);
      expect(await bench.state.due(NOW + 1, 1)).toEqual([FLOW]);
    });

    it("of a mint in doubt closes it; one that brought a token, or another, stays open", async () => {
      await change({ mint: mintOf("m1"), trouble: troubleOf("issuer_timeout", NOW + 1) });
      expect(await rule({ rule: "give_up", mint: "m2", events: [] })).toBe(false);
      expect(await rule({ rule: "give_up", mint: "m1", events: [] })).toBe(true);
      expect(await bench.state.token("flow")).toMatchObject({ mint: null, trouble: null });
      await change({ mint: mintOf("m3", { fresh: bare("fresh") }) });
      expect(await rule({ rule: "give_up", mint: "m3", events: [] })).toBe(false);
      expect((await bench.state.token("flow"))?.mint?.id).toBe("m3");
    });
  });
}
