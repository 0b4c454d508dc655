import { describe, expect, it } from "vitest";
import { DAY_MS } from "../../src/core/duration.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import type { TargetChange } from "../../src/core/state-store.ts";
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

/** What a worker records of a token or a target. */
export function stepsContract(bench: StateBench): void {
  const { claim, change, allAsleep } = bench;

  describe("a step of a token", () => {
    it("records all its parts at once and leaves the absent ones as they are", async () => {
      const quarantined = quarantinedOf("two");
      await change({
        mint: mintOf("m1"),
        quarantine: quarantined,
        pause: { since: NOW, until: null, reason: "audit", deliveries: false },
        wish: { at: NOW, lifetimeMs: 5, anew: false },
        trouble: troubleOf("issuer_timeout", NOW + 1),
        calls: [NOW - 1, NOW],
        events: [asked(NOW)],
      });
      const full = {
        mint: mintOf("m1"),
        quarantined,
        pause: { since: NOW, until: null, reason: "audit", deliveries: false },
        wish: { at: NOW, lifetimeMs: 5, anew: false },
        trouble: troubleOf("issuer_timeout", NOW + 1),
        calls: [NOW - 1, NOW],
      };
      expect(await bench.state.token("flow")).toMatchObject(full);
      await change({});
      expect(await bench.state.token("flow")).toMatchObject(full);
      await change({ mint: null, quarantine: null, pause: null, wish: null, trouble: null, calls: [] });
      expect(await bench.state.token("flow")).toMatchObject({
        mint: null,
        quarantined: null,
        pause: null,
        wish: null,
        trouble: null,
        calls: [],
      });
    });

    it("shows the same from every side", async () => {
      await change({ ...acceptOf("one"), mint: mintOf("m1") });
      const all = await bench.state.tokens();
      expect(all.find((token) => token.key === "flow")).toEqual(await bench.state.token("flow"));
      expect(await bench.state.token("unknown")).toBeUndefined();
    });

    it("of another token shows nowhere else", async () => {
      await change({ ...acceptOf("one"), mint: mintOf("m1") });
      expect(await bench.state.token("other")).toMatchObject({ desired: null, mint: null });
      expect(await bench.state.unseal("other", textOf("one").fingerprint)).toBeUndefined();
      expect((await bench.state.known("other")).size).toBe(0);
    });
  });

  describe("a mint", () => {
    it("is replaced while it is open, and can follow one that was closed", async () => {
      await change({ mint: mintOf("m1") });
      await change({ mint: mintOf("m1", { settleAt: NOW + 9 }) });
      expect((await bench.state.token("flow"))?.mint).toEqual(mintOf("m1", { settleAt: NOW + 9 }));
      await change({ mint: null });
      await change({ mint: mintOf("m2") });
      expect((await bench.state.token("flow"))?.mint?.id).toBe("m2");
    });

    it("is one at a time: a second is refused whole", async () => {
      await change({ mint: mintOf("m1") });
      const lease = await claim(FLOW);
      await expect(bench.state.changeToken(lease, NOW, { mint: mintOf("m2"), calls: [5] })).rejects.toThrow();
      expect(await bench.state.token("flow")).toMatchObject({ mint: { id: "m1" }, calls: [] });
    });

    it("keeps its fresh token sealed until it is closed by acceptance or given up", async () => {
      const fresh = bare("fresh");
      const sealed = { fingerprint: fresh.fingerprint, token: textOf("fresh") };
      await change({ mint: mintOf("m1", { fresh }), sealed });
      expect((await bench.state.token("flow"))?.mint?.fresh).toEqual(fresh);
      expect((await bench.state.unseal("flow", fresh.fingerprint))?.reveal()).toBe(textOf("fresh").reveal());
      expect((await bench.state.known("flow")).get(fresh.fingerprint)).toEqual({ issue: fresh, fate: "minted" });
      await change({ mint: null, fates: [{ issue: fresh, fate: "outlived" }] });
      expect(await bench.state.unseal("flow", fresh.fingerprint)).toBeUndefined();
    });
  });

  describe("a chosen secret", () => {
    const chosen = textOf("chosen");
    const open = mintOf("m1", { chosen: chosen.fingerprint });

    it("is sealed with the mint that brings it, as long as that is open and however often it is replaced", async () => {
      await change({ mint: open, chosen });
      expect((await bench.state.unseal("flow", chosen.fingerprint))?.reveal()).toBe(chosen.reveal());
      await change({ mint: { ...open, settleAt: NOW + 9 } });
      expect((await bench.state.unseal("flow", chosen.fingerprint))?.reveal()).toBe(chosen.reveal());
      expect((await bench.state.token("flow"))?.mint).toEqual({ ...open, settleAt: NOW + 9 });
    });

    it("is no issue, and of no other token or fingerprint", async () => {
      await change({ mint: open, chosen });
      expect((await bench.state.known("flow")).size).toBe(0);
      expect(await bench.state.unseal("other", chosen.fingerprint)).toBeUndefined();
      expect(await bench.state.unseal("flow", textOf("one").fingerprint)).toBeUndefined();
    });

    it("is gone when its mint is closed, and another mint's is its own", async () => {
      await change({ mint: open, chosen });
      await change({ mint: null });
      expect(await bench.state.unseal("flow", chosen.fingerprint)).toBeUndefined();
      const next = textOf("next");
      await change({ mint: mintOf("m2", { chosen: next.fingerprint }), chosen: next });
      expect(await bench.state.unseal("flow", chosen.fingerprint)).toBeUndefined();
      expect((await bench.state.unseal("flow", next.fingerprint))?.reveal()).toBe(next.reveal());
    });

    it("may be the very text of the token that it made", async () => {
      await change({ mint: open, chosen });
      const fresh = bare("chosen");
      await change({ mint: { ...open, fresh }, sealed: { fingerprint: fresh.fingerprint, token: chosen } });
      await change({ ...acceptOf("chosen"), mint: null });
      expect((await bench.state.unseal("flow", chosen.fingerprint))?.reveal()).toBe(chosen.reveal());
    });

    it("is gone when the token begins anew, and when a person gives the mint up", async () => {
      await change({ mint: open, chosen });
      await bench.state.rule("flow", NOW, { rule: "give_up", mint: "m1", events: [] });
      expect(await bench.state.unseal("flow", chosen.fingerprint)).toBeUndefined();
      await change({ mint: mintOf("m2", { chosen: chosen.fingerprint }), chosen });
      await bench.state.enrol([{ key: "flow", issuer: "flowauth", identity: "of another account", targets: [] }], NOW);
      expect(await bench.state.unseal("flow", chosen.fingerprint)).toBeUndefined();
    });
  });

  describe("an extension", () => {
    const later = { startAt: NOW + DAY_MS, expAt: NOW + 31 * DAY_MS, origin: "extended" } as const;

    it("is accepted as the same issue with another expiry: nothing becomes previous, its text stays", async () => {
      await change(acceptOf("one"));
      await change(acceptOf("two"));
      await change(acceptOf("two", later));
      const record = await bench.state.token("flow");
      expect(record).toMatchObject({ desired: issueOf("two", later), previous: issueOf("one") });
      expect((await bench.state.known("flow")).get(textOf("two").fingerprint)).toEqual({
        issue: bare("two", later),
        fate: "accepted",
      });
      expect((await bench.state.unseal("flow", textOf("two").fingerprint))?.reveal()).toBe(textOf("two").reveal());
      expect(await bench.state.unseal("flow", textOf("one").fingerprint)).toBeDefined();
    });

    it("wakes the targets, and its fresh issue needs no text of its own", async () => {
      await change(acceptOf("one"));
      const mint = mintOf("m1", {
        kind: "extend",
        fresh: bare("one", later),
        told: { expAt: later.expAt, scopes: null },
      });
      await change({ mint });
      expect((await bench.state.token("flow"))?.mint).toEqual(mint);
      expect((await bench.state.token("flow"))?.desired).toEqual(issueOf("one"));
      expect(await bench.state.unseal("flow", textOf("one").fingerprint)).toBeDefined();
      await allAsleep();
      await change({ ...acceptOf("one", later), mint: null }, NOW + 1);
      expect(await bench.state.due(NOW + 1, 10)).toEqual([FLOW, AWS, FILE]);
    });
  });

  describe("a quarantined issue", () => {
    const quarantine = async (label: string): Promise<void> => {
      const fresh = bare(label);
      await change({ mint: mintOf(`of ${label}`, { fresh }), sealed: { ...fresh, token: textOf(label) } });
      await change({ mint: null, quarantine: quarantinedOf(label) });
    };

    it("keeps the sealed text of its mint and is known as quarantined", async () => {
      await quarantine("two");
      const { fingerprint } = textOf("two");
      expect((await bench.state.unseal("flow", fingerprint))?.reveal()).toBe(textOf("two").reveal());
      expect((await bench.state.known("flow")).get(fingerprint)).toEqual({ issue: bare("two"), fate: "quarantined" });
    });

    it("loses its sealed text to a newer one, to acceptance of another, and when it is no longer quarantined", async () => {
      const isSealed = async (label: string): Promise<boolean> =>
        (await bench.state.unseal("flow", textOf(label).fingerprint)) !== undefined;
      await quarantine("two");
      await quarantine("three");
      expect([await isSealed("two"), await isSealed("three")]).toEqual([false, true]);
      await change({ quarantine: null });
      expect(await isSealed("three")).toBe(false);
      await quarantine("four");
      await change({ ...acceptOf("five"), quarantine: null });
      expect(await isSealed("four")).toBe(false);
      expect((await bench.state.known("flow")).get(textOf("four").fingerprint)?.fate).toBe("quarantined");
    });

    it("that has expired loses its sealed text when that is asked for, and nothing else does", async () => {
      await change(acceptOf("one"));
      await quarantine("two");
      const { expAt } = bare("two");
      await bench.state.dropExpired(expAt - 1);
      expect(await bench.state.unseal("flow", textOf("two").fingerprint)).toBeDefined();
      await bench.state.dropExpired(expAt);
      expect(await bench.state.unseal("flow", textOf("two").fingerprint)).toBeUndefined();
      expect(await bench.state.unseal("flow", textOf("one").fingerprint)).toBeDefined();
      expect((await bench.state.token("flow"))?.quarantined).toEqual(quarantinedOf("two"));
    });
  });

  describe("acceptance", () => {
    it("over another than the desired one changes nothing, as if the lease were lost", async () => {
      await change(acceptOf("one"));
      const lease = await claim(FLOW);
      const { accept } = acceptOf("two");
      if (accept === undefined) throw new TypeError("it accepts");
      const over = async (desired: string | null): Promise<boolean> =>
        bench.state.changeToken(lease, NOW, { accept: { ...accept, over: desired }, calls: [5] });
      expect(await over(null)).toBe(false);
      expect(await over(textOf("three").fingerprint)).toBe(false);
      expect(await bench.state.token("flow")).toMatchObject({ desired: issueOf("one"), calls: [] });
      expect(await over(textOf("one").fingerprint)).toBe(true);
      expect(await bench.state.token("flow")).toMatchObject({ desired: issueOf("two"), calls: [5] });
    });

    it("makes an issue desired and the desired one previous; the one before that loses its sealed text", async () => {
      for (const label of ["one", "two", "three"]) await change(acceptOf(label));
      expect(await bench.state.token("flow")).toMatchObject({ desired: issueOf("three"), previous: issueOf("two") });
      const texts = ["one", "two", "three"].map((label) => bench.state.unseal("flow", textOf(label).fingerprint));
      const opened = (await Promise.all(texts)).map((text) => text?.reveal());
      expect(opened).toEqual([undefined, textOf("two").reveal(), textOf("three").reveal()]);
      const known = await bench.state.known("flow");
      expect(["one", "two", "three"].map((label) => known.get(textOf(label).fingerprint)?.fate)).toEqual([
        "superseded",
        "accepted",
        "accepted",
      ]);
    });

    it("wakes the token's targets", async () => {
      await allAsleep();
      await change(acceptOf("one"), NOW + 1);
      expect(await bench.state.due(NOW + 1, 10)).toEqual([FLOW, AWS, FILE]);
    });

    it("of the previous one changes the two about, as after a rollback", async () => {
      await change(acceptOf("one"));
      await change(acceptOf("two"));
      await change(acceptOf("one"));
      expect(await bench.state.token("flow")).toMatchObject({ desired: issueOf("one"), previous: issueOf("two") });
      expect(await bench.state.unseal("flow", textOf("two").fingerprint)).toBeDefined();
    });

    it("of the desired one, repeated after a crash, takes nothing from the previous one", async () => {
      await change(acceptOf("one"));
      await change(acceptOf("two"));
      await change(acceptOf("two"));
      expect(await bench.state.token("flow")).toMatchObject({ desired: issueOf("two"), previous: issueOf("one") });
      expect(await bench.state.unseal("flow", textOf("one").fingerprint)).toBeDefined();
    });

    it("forgets what expired long ago, and remembers what expired of late, for an issuer may still list it", async () => {
      const old = bare("old", { expAt: NOW - 3 * DAY_MS });
      const recent = bare("recent", { expAt: NOW - DAY_MS });
      await change({
        fates: [
          { issue: old, fate: "foreign" },
          { issue: recent, fate: "foreign" },
        ],
      });
      await change(acceptOf("one"));
      expect([...(await bench.state.known("flow")).keys()].sort()).toEqual(
        [recent.fingerprint, textOf("one").fingerprint].sort(),
      );
    });
  });

  it("knows every issue with its fate", async () => {
    const fates = ["minted", "quarantined", "superseded", "outlived", "foreign", "withdrawn", "retired"] as const;
    await change({ fates: fates.map((fate) => ({ issue: bare(fate), fate })) });
    const known = await bench.state.known("flow");
    for (const fate of fates) expect(known.get(textOf(fate).fingerprint)).toEqual({ issue: bare(fate), fate });
    for (const fate of fates) expect(await bench.state.unseal("flow", textOf(fate).fingerprint)).toBeUndefined();
  });

  it("a step of a target records its parts and leaves the absent ones as they are", async () => {
    const held = { ...bare("one"), sinceAt: NOW, provedAt: NOW + 1 };
    const part: TargetChange = {
      held,
      ownership: "ours",
      delivery: { phase: "confirmed", fingerprint: held.fingerprint, at: NOW },
      drift: { fingerprint: null, at: NOW },
      lastDrift: { fingerprint: held.fingerprint, at: NOW - 1 },
      observedAt: NOW,
      trouble: troubleOf("store_denied", NOW + 5),
      calls: [NOW],
    };
    const lease = await claim(AWS);
    expect(
      await bench.state.changeTarget(lease, NOW, {
        ...part,
        events: [{ ...asked(NOW), target: "aws" } as DomainEvent],
      }),
    ).toBe(true);
    expect((await bench.state.targets("flow"))[0]).toMatchObject(part);
    expect(await bench.state.changeTarget(lease, NOW, {})).toBe(true);
    expect((await bench.state.targets("flow"))[0]).toMatchObject(part);
    expect((await bench.state.targets("flow"))[1]).toMatchObject({ held: null, ownership: "none", trouble: null });
    const cleared = { held: null, delivery: null, drift: null, lastDrift: null, trouble: null };
    expect(await bench.state.changeTarget(lease, NOW, cleared)).toBe(true);
    expect((await bench.state.targets("flow"))[0]).toMatchObject({ ...cleared, ownership: "ours", observedAt: NOW });
    expect((await bench.state.history("flow", 10))[0]).toMatchObject({ target: "aws", type: "person:asked" });
    expect(await bench.state.allTargets()).toEqual(await bench.state.targets("flow"));
  });
}
