import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS } from "../../src/core/duration.ts";
import type { TargetChange, TokenChange } from "../../src/core/state-store.ts";
import {
  AWS,
  FLOW,
  NOW,
  OTHER,
  TTL_MS,
  acceptOf,
  asked,
  issueOf,
  mintOf,
  textOf,
  troubleOf,
  type StateBench,
} from "./state-bench.ts";

/** The right of one worker to act, and how it is lost. */
export function leasesContract(bench: StateBench): void {
  const { claim } = bench;

  describe("a lease", () => {
    it("is one worker's alone until its end", async () => {
      await claim(FLOW);
      expect(await bench.state.claim(FLOW, "worker-2", NOW + TTL_MS - 1, TTL_MS)).toBeNull();
      expect(await bench.state.claim(FLOW, "worker-1", NOW + TTL_MS - 1, TTL_MS)).toBeNull();
      expect(await bench.state.claim(FLOW, "worker-2", NOW + TTL_MS, TTL_MS)).not.toBeNull();
    });

    it("of one job is none of another, and of no job is none", async () => {
      await claim(FLOW);
      await claim(AWS);
      await claim(OTHER);
      expect(await bench.state.claim({ token: "unknown", target: null }, "worker-1", NOW, TTL_MS)).toBeNull();
    });

    it("carries a higher fence each time", async () => {
      const first = await claim(FLOW);
      await bench.state.release(first, { wakeAt: NOW, deadlineAt: null }, NOW);
      const second = await claim(FLOW);
      const third = await claim(FLOW, NOW + TTL_MS);
      expect(second.fence).toBeGreaterThan(first.fence);
      expect(third.fence).toBeGreaterThan(second.fence);
    });

    it("that ends later than any can rightly do was written by another clock and is void", async () => {
      await claim(FLOW, NOW + DAY_MS);
      expect(await bench.state.due(NOW, 10)).toContainEqual(FLOW);
      expect(await bench.state.claim(FLOW, "worker-2", NOW, TTL_MS)).not.toBeNull();
    });

    it("is lengthened while it is held", async () => {
      const lease = await claim(FLOW);
      expect(await bench.state.extend(lease, NOW + TTL_MS - 1, TTL_MS)).toBe(true);
      expect(await bench.state.claim(FLOW, "worker-2", NOW + TTL_MS, TTL_MS)).toBeNull();
      expect(await bench.state.extend(lease, NOW + 2 * TTL_MS, TTL_MS)).toBe(false);
    });

    it("ends for everybody when they are freed, for a store that only one daemon opens", async () => {
      const lease = await claim(FLOW);
      await bench.state.freeLeases();
      expect(await bench.state.changeToken(lease, NOW, { calls: [1] })).toBe(false);
      await claim(FLOW, NOW, "worker-2");
    });

    it("that was released is held no more", async () => {
      const lease = await claim(FLOW);
      expect(await bench.state.release(lease, { wakeAt: NOW, deadlineAt: null }, NOW)).toBe(true);
      expect(await bench.state.release(lease, { wakeAt: NOW, deadlineAt: null }, NOW)).toBe(false);
      expect(await bench.state.changeToken(lease, NOW, { calls: [1] })).toBe(false);
    });

    describe.each([
      ["went past its end", async () => Promise.resolve(NOW + TTL_MS)],
      [
        "was taken by another",
        async () => {
          await claim(FLOW, NOW + TTL_MS, "worker-2");
          await claim(AWS, NOW + TTL_MS, "worker-2");
          return NOW + TTL_MS;
        },
      ],
      [
        "was claimed again by the same worker, with a higher fence",
        async () => {
          await claim(FLOW, NOW + TTL_MS);
          await claim(AWS, NOW + TTL_MS);
          return NOW + TTL_MS;
        },
      ],
    ])("that %s", (_, lose) => {
      it("changes nothing of a token and answers false", async () => {
        const lease = await claim(FLOW);
        const now = await lose();
        const before = await bench.state.token("flow");
        const all: Required<Omit<TokenChange, "accept">> = {
          mint: mintOf("m1", { fresh: issueOf("one") }),
          sealed: { fingerprint: textOf("one").fingerprint, token: textOf("one") },
          chosen: textOf("one"),
          quarantine: { ...issueOf("two"), check: "roles", message: "no", at: NOW, validAt: NOW },
          retiring: { fingerprint: textOf("six").fingerprint, trouble: troubleOf("issuer_timeout", NOW) },
          retired: textOf("five").fingerprint,
          lookAgain: ["aws"],
          fates: [{ issue: issueOf("three"), fate: "foreign" }],
          pause: { since: NOW, until: null, reason: null, deliveries: false },
          wish: { at: NOW, lifetimeMs: null, anew: false },
          trouble: troubleOf("issuer_unreachable", NOW),
          calls: [NOW],
          events: [asked(NOW)],
        };
        expect(await bench.state.changeToken(lease, now, { ...all, ...acceptOf("four") })).toBe(false);
        expect(await bench.state.token("flow")).toEqual(before);
        expect((await bench.state.known("flow")).size).toBe(0);
        expect(await bench.state.history("flow", 10)).toEqual([]);
      });

      it("changes nothing of a target and answers false", async () => {
        const lease = await claim(AWS);
        const now = await lose();
        const before = await bench.state.targets("flow");
        const delivery = { phase: "written", fingerprint: "aaaaaaaaaaaaaaaa", at: NOW } as const;
        const part: TargetChange = { ownership: "ours", observedAt: NOW, delivery, calls: [1], events: [asked(NOW)] };
        expect(await bench.state.changeTarget(lease, now, part)).toBe(false);
        expect(await bench.state.targets("flow")).toEqual(before);
        expect(await bench.state.history("flow", 10)).toEqual([]);
      });

      it("is not lengthened", async () => {
        const lease = await claim(FLOW);
        expect(await bench.state.extend(lease, await lose(), TTL_MS)).toBe(false);
      });
    });

    it("that was taken by another does not put the job to sleep", async () => {
      const lease = await claim(FLOW);
      await claim(FLOW, NOW + TTL_MS, "worker-2");
      expect(await bench.state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW + TTL_MS)).toBe(false);
      expect(await bench.state.claim(FLOW, "worker-3", NOW + TTL_MS, TTL_MS)).toBeNull();
    });

    it("that went past its end does not put the job to sleep", async () => {
      const lease = await claim(FLOW);
      expect(await bench.state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW + TTL_MS)).toBe(false);
      expect(await bench.state.due(NOW + TTL_MS, 10)).toContainEqual(FLOW);
    });
  });
}
