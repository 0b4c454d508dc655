import { describe, expect, it } from "vitest";
import { DAY_MS } from "../../src/core/duration.ts";
import type { AcceptedIssue } from "../../src/core/records.ts";
import type { TokenChange } from "../../src/core/state-store.ts";
import { AWS, FILE, FLOW, NOW, acceptOf, bare, issueOf, textOf, troubleOf, type StateBench } from "./state-bench.ts";

/** What is to be ended at the issuer, and who still has it. */
export function retiringContract(bench: StateBench): void {
  const { change } = bench;

  describe("an issue that is to be ended", () => {
    const old = textOf("one").fingerprint;
    const of = (label: string): string => textOf(label).fingerprint;
    const fateOf = async (label: string): Promise<string | undefined> =>
      (await bench.state.known("flow")).get(of(label))?.fate;
    const tries = async (label: string, nextTryAt: number | null): Promise<boolean> => {
      const lease = await bench.claim(FLOW);
      const trouble = nextTryAt === null ? null : troubleOf("issuer_timeout", nextTryAt);
      const answer = await bench.state.changeToken(lease, NOW, { retiring: { fingerprint: of(label), trouble } });
      await bench.state.release(lease, { wakeAt: NOW, deadlineAt: null }, NOW);
      return answer;
    };

    it("is previous no more, and keeps its text and its failures until it was ended", async () => {
      for (const label of ["one", "two"]) await change(acceptOf(label));
      expect(await tries("one", null)).toBe(true);
      const begun = await bench.state.token("flow");
      expect(begun).toMatchObject({ previous: null, retiring: [{ ...bare("one"), trouble: null }] });
      expect(await tries("one", NOW + 1)).toBe(true);
      const failed = await bench.state.token("flow");
      expect(failed?.retiring).toEqual([{ ...bare("one"), trouble: troubleOf("issuer_timeout", NOW + 1) }]);
      expect((await bench.state.tokens()).find(({ key }) => key === "flow")).toEqual(failed);
      for (const label of ["three", "four"]) await change(acceptOf(label), NOW + 40 * DAY_MS);
      expect((await bench.state.token("flow"))?.retiring).toEqual(failed?.retiring);
      expect((await bench.state.unseal("flow", old))?.reveal()).toBe(textOf("one").reveal());
      await change({ retired: old });
      expect(await bench.state.token("flow")).toMatchObject({ desired: issueOf("four"), retiring: [] });
      expect(await fateOf("one")).toBe("retired");
      expect(await bench.state.unseal("flow", old)).toBeUndefined();
      await change(acceptOf("five"));
      expect(await fateOf("one")).toBe("retired");
    });

    it("is not touched when it is desired, or was in use long ago", async () => {
      for (const label of ["one", "two", "three"]) await change(acceptOf(label));
      const before = await bench.state.token("flow");
      for (const label of ["one", "three", "never"]) expect(await tries(label, NOW + 1)).toBe(false);
      expect(await bench.state.token("flow")).toEqual(before);
      expect(await tries("two", NOW + 1)).toBe(true);
    });

    it("becomes so when a newer one is accepted that says so, if renewd minted it, and oldest first", async () => {
      const next = (label: string, day: number, over: Partial<AcceptedIssue> = {}): TokenChange => {
        const issue = issueOf(label, { startAt: NOW + day * DAY_MS, ...over });
        return { accept: { issue, token: textOf(label), retires: true } };
      };
      await change(next("one", 1));
      await change(next("theirs", 2, { origin: "adopted" }));
      await change(next("two", 3));
      await change(next("three", 4));
      await change(next("four", 5));
      const record = await bench.state.token("flow");
      expect(record?.retiring.map(({ fingerprint }) => fingerprint)).toEqual([of("one"), of("two")]);
      expect(record?.previous?.fingerprint).toBe(of("three"));
      expect([await fateOf("theirs"), await fateOf("three")]).toEqual(["superseded", "accepted"]);
      expect(await bench.state.unseal("flow", of("two"))).toBeDefined();
      await change({ ...next("five", 6), fates: [{ issue: bare("one"), fate: "superseded" }] });
      expect((await bench.state.token("flow"))?.retiring.map(({ fingerprint }) => fingerprint)).toEqual([
        of("two"),
        of("three"),
      ]);
      expect(await bench.state.unseal("flow", old)).toBeUndefined();
    });

    it("that becomes desired again is to be ended no more", async () => {
      for (const label of ["one", "two"]) await change(acceptOf(label));
      await tries("one", NOW + 1);
      await change(acceptOf("one"));
      expect(await bench.state.token("flow")).toMatchObject({ desired: issueOf("one"), retiring: [] });
    });
  });

  it("targets that are to look again do so at once", async () => {
    const lease = await bench.claim(AWS);
    await bench.state.changeTarget(lease, NOW, { observedAt: NOW });
    await bench.state.release(lease, { wakeAt: NOW + DAY_MS, deadlineAt: null }, NOW);
    expect(await bench.state.due(NOW, 10)).not.toContainEqual(AWS);
    await change({ lookAgain: ["aws"] });
    expect((await bench.state.targets("flow"))[0]).toMatchObject({ label: "aws", observedAt: null });
    expect(await bench.state.due(NOW, 10)).toContainEqual(AWS);
  });

  it("who was seen to hold a text is found, declared or not any more, whatever it takes it for", async () => {
    const { fingerprint } = textOf("one");
    expect(await bench.state.holdersOf(fingerprint)).toEqual([]);
    const held = { ...bare("one"), sinceAt: NOW, provedAt: NOW };
    await bench.state.changeTarget(await bench.claim(AWS), NOW, { held });
    await bench.state.changeTarget(await bench.claim(FILE), NOW, { drift: { fingerprint, at: NOW } });
    await bench.state.enrol([], NOW);
    const holders = await bench.state.holdersOf(fingerprint);
    expect(holders.map(({ label }) => label).sort()).toEqual(["aws", "file"]);
    expect(holders.find(({ label }) => label === "aws")?.held).toEqual(held);
    expect(await bench.state.holdersOf(textOf("two").fingerprint)).toEqual([]);
  });
}
