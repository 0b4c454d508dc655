import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Trouble } from "../../src/core/records.ts";
import type { Job } from "../../src/core/state-store.ts";
import {
  AWS,
  ENROLMENTS,
  FILE,
  FLOW,
  NOW,
  OTHER,
  TTL_MS,
  acceptOf,
  bare,
  issueOf,
  troubleOf,
  type StateBench,
} from "./state-bench.ts";

/** what is due, waking and freeing. */
export function jobsContract(bench: StateBench): void {
  const { claim, change, sleepUntil, allAsleep } = bench;

  describe("enrol", () => {
    it("makes rows for what is declared and new, due at once", async () => {
      expect(await bench.state.due(NOW, 10)).toEqual([FLOW, AWS, FILE, OTHER]);
      expect((await bench.state.tokens()).map((token) => token.key)).toEqual(["flow", "other"]);
      expect((await bench.state.allTargets()).map((target) => target.label)).toEqual(["aws", "file"]);
      expect(await bench.state.token("flow")).toEqual({
        key: "flow",
        firstSeenAt: NOW,
        desired: null,
        previous: null,
        withdrawn: [],
        mint: null,
        quarantined: null,
        pause: null,
        wish: null,
        trouble: null,
        calls: [],
        lastSuccessAt: null,
        retiring: [],
      });
      expect((await bench.state.targets("flow"))[0]).toEqual({
        token: "flow",
        label: "aws",
        firstSeenAt: NOW,
        held: null,
        ownership: "none",
        delivery: null,
        drift: null,
        lastDrift: null,
        observedAt: null,
        trouble: null,
        calls: [],
      });
    });

    it("of a target that is another place now begins anew: nothing is believed of it that was learnt of the other", async () => {
      const lease = await claim(AWS);
      const held = { ...issueOf("one"), sinceAt: NOW, provedAt: NOW };
      await bench.state.changeTarget(lease, NOW, { held, ownership: "ours", observedAt: NOW });
      const moved = ENROLMENTS.map((token) => ({
        ...token,
        targets: token.targets.map((target) =>
          target.label === "aws" ? { ...target, identity: "elsewhere" } : target,
        ),
      }));
      await bench.state.enrol(moved, NOW + 1);
      const [target] = await bench.state.targets("flow");
      expect(target).toMatchObject({ firstSeenAt: NOW + 1, held: null, ownership: "none", observedAt: null });
      expect(await bench.state.changeTarget(lease, NOW + 1, { observedAt: NOW })).toBe(false);
      expect(await bench.state.due(NOW + 1, 10)).toContainEqual(AWS);
    });

    it("of a token that is another one now has no token in use, and knows the old one as superseded", async () => {
      await change(acceptOf("one"));
      await change({ fates: [{ issue: bare("to be ended"), fate: "retiring" }] });
      await bench.state.enrol(
        ENROLMENTS.map((token) => (token.key === "flow" ? { ...token, identity: "another" } : token)),
        NOW + 1,
      );
      const record = await bench.state.token("flow");
      expect(record).toMatchObject({ desired: null, previous: null, mint: null, retiring: [] });
      const fates = [...(await bench.state.known("flow")).values()].map(({ fate }) => fate);
      expect(fates).toEqual(["superseded", "superseded"]);
    });

    it("again with the same settings changes nothing and wakes nobody", async () => {
      await allAsleep();
      await bench.state.enrol(ENROLMENTS, NOW + 1);
      expect(await bench.state.due(NOW + 2, 10)).toEqual([]);
      expect((await bench.state.token("flow"))?.firstSeenAt).toBe(NOW);
    });

    it("makes only the new one due", async () => {
      await allAsleep();
      await bench.state.enrol([...ENROLMENTS, { key: "third", issuer: "flowauth", targets: [] }], NOW + 1);
      expect(await bench.state.due(NOW + 1, 10)).toEqual([{ token: "third", target: null }]);
    });

    it("makes what is no longer declared no longer due, and deletes nothing", async () => {
      await change(acceptOf("one"));
      await bench.state.enrol([], NOW);
      expect(await bench.state.due(NOW + 400 * DAY_MS, 10)).toEqual([]);
      expect(await bench.state.nextWakeAt()).toBeNull();
      expect(await bench.state.tokens()).toEqual([]);
      await bench.state.enrol(ENROLMENTS, NOW + DAY_MS);
      expect(await bench.state.token("flow")).toMatchObject({ firstSeenAt: NOW, desired: issueOf("one") });
      expect(await bench.state.due(NOW + DAY_MS, 10)).toContainEqual(FLOW);
    });
  });

  describe("due", () => {
    it("tells the jobs whose time has come, and no others", async () => {
      await allAsleep();
      await sleepUntil(AWS, NOW + MINUTE_MS);
      expect(await bench.state.due(NOW + MINUTE_MS - 1, 10)).toEqual([]);
      expect(await bench.state.due(NOW + MINUTE_MS, 10)).toEqual([AWS]);
      expect(await bench.state.due(NOW + HOUR_MS, 10)).toHaveLength(4);
    });

    it("is in order of the deadlines, those without one last, then of the keys", async () => {
      await sleepUntil(OTHER, NOW, NOW + 2 * HOUR_MS);
      await sleepUntil(FILE, NOW, NOW + HOUR_MS);
      expect(await bench.state.due(NOW, 10)).toEqual([FILE, OTHER, FLOW, AWS]);
      expect(await bench.state.due(NOW, 2)).toEqual([FILE, OTHER]);
    });

    it("leaves out what somebody works on", async () => {
      await claim(FLOW);
      expect(await bench.state.due(NOW, 10)).not.toContainEqual(FLOW);
      expect(await bench.state.due(NOW + TTL_MS, 10)).toContainEqual(FLOW);
    });

    it("counts a wake that is further off than any can rightly be as come", async () => {
      await allAsleep();
      await sleepUntil(FLOW, NOW + 400 * DAY_MS);
      expect(await bench.state.due(NOW, 10)).toEqual([FLOW]);
    });

    it("comes next at the earliest wake of all", async () => {
      await allAsleep();
      await sleepUntil(OTHER, NOW + MINUTE_MS);
      expect(await bench.state.nextWakeAt()).toBe(NOW + MINUTE_MS);
    });
  });

  describe("wake", () => {
    it.each([
      ["all", { all: true } as const, [FLOW, AWS, FILE, OTHER]],
      ["a token", { token: "flow" }, [FLOW]],
      ["its targets", { targetsOf: "flow" }, [AWS, FILE]],
      [
        "those of the tokens that use a service",
        { service: { kind: "store", key: "aws" } } as const,
        [FLOW, AWS, FILE],
      ],
    ])("makes %s due", async (_, which, jobs) => {
      await allAsleep();
      await bench.state.wake(which, NOW + 1);
      expect(await bench.state.due(NOW + 1, 10)).toEqual(jobs);
    });

    it("for a service leaves alone what sleeps for longer than a breaker can hold it back", async () => {
      await allAsleep();
      await sleepUntil(AWS, NOW + 2 * HOUR_MS);
      await bench.state.wake({ service: { kind: "store", key: "aws" } }, NOW + 1);
      expect(await bench.state.due(NOW + 1, 10)).toEqual([FLOW, FILE]);
    });

    it("during the work on a job makes it due again when that ends", async () => {
      await allAsleep();
      const lease = await claim(FLOW);
      await bench.state.wake({ token: "flow" }, NOW);
      await bench.state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW + 5);
      expect(await bench.state.due(NOW + 5, 10)).toEqual([FLOW]);
    });
  });

  describe("free", () => {
    const later = NOW + HOUR_MS;

    async function failed(job: Job, code: Trouble["last"]["code"]): Promise<void> {
      const lease = await claim(job);
      const trouble = troubleOf(code, later);
      if (job.target === null) await bench.state.changeToken(lease, NOW, { trouble });
      else await bench.state.changeTarget(lease, NOW, { trouble });
      await bench.state.release(lease, { wakeAt: later, deadlineAt: null }, NOW);
    }

    it("ends the backoff of the jobs whose last failure was the service's, and makes them due", async () => {
      await failed(FLOW, "issuer_unreachable");
      await failed(OTHER, "token_absent");
      await failed(AWS, "store_unreachable");
      await sleepUntil(FILE, later);
      await bench.state.free({ kind: "issuer", key: "flowauth" }, NOW + 1);
      expect(await bench.state.due(NOW + 1, 10)).toEqual([FLOW]);
      expect((await bench.state.token("flow"))?.trouble).toEqual(troubleOf("issuer_unreachable", NOW + 1));
      expect((await bench.state.token("other"))?.trouble?.nextTryAt).toBe(later);
      await bench.state.free({ kind: "store", key: "aws" }, NOW + 2);
      expect(await bench.state.due(NOW + 2, 10)).toEqual([FLOW, AWS]);
    });

    it("makes room for one try in an hour that is used up, for a token's targets too, and lets no newer call off", async () => {
      const calls = Array.from({ length: 12 }, (_, index) => NOW - 12 + index);
      for (const job of [FLOW, AWS]) {
        await failed(job, "store_unreachable");
        const lease = await claim(job);
        if (job.target === null) await bench.state.changeToken(lease, NOW, { calls });
        else await bench.state.changeTarget(lease, NOW, { calls });
        await bench.state.release(lease, { wakeAt: later, deadlineAt: null }, NOW);
      }
      await bench.state.free({ token: FLOW.token }, NOW);
      const [target] = (await bench.state.targets(AWS.token)).filter(({ label }) => label === AWS.target);
      expect([(await bench.state.token(FLOW.token))?.calls, target?.calls]).toEqual([calls.slice(2), calls.slice(2)]);
      await bench.state.free({ token: FLOW.token }, NOW);
      expect((await bench.state.token(FLOW.token))?.calls).toEqual(calls.slice(2));
    });

    it("lets no call off where a service is well again: it may fail for this one alone", async () => {
      const calls = Array.from({ length: 12 }, (_, index) => NOW - 12 + index);
      await failed(FLOW, "issuer_unreachable");
      const lease = await claim(FLOW);
      await bench.state.changeToken(lease, NOW, { calls });
      await bench.state.release(lease, { wakeAt: later, deadlineAt: null }, NOW);
      await bench.state.free({ kind: "issuer", key: "flowauth" }, NOW);
      expect((await bench.state.token(FLOW.token))?.calls).toEqual(calls);
    });

    it("leaves the jobs of other services alone", async () => {
      await allAsleep();
      await failed(FLOW, "issuer_unreachable");
      await bench.state.free({ kind: "issuer", key: "another" }, NOW);
      await bench.state.free({ kind: "store", key: "flowauth" }, NOW);
      expect(await bench.state.due(NOW, 10)).toEqual([]);
    });
  });
}
