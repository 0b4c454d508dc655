/** What every state must do: the sentences of src/core/state-store.ts as tests. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Breaker, CLOSED } from "../../src/core/breaker.ts";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import type { Incident, IncidentChanges } from "../../src/core/incidents.ts";
import type { Issue } from "../../src/core/issue.ts";
import type { AcceptedIssue, Mint, QuarantinedIssue, Trouble } from "../../src/core/records.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { Enrolment, Job, Lease, StateStore, TargetChange, TokenChange } from "../../src/core/state-store.ts";

const NOW: Instant = Date.parse("2026-07-01T08:00:00Z");
const TTL_MS: number = MINUTE_MS;
const FLOW: Job = { token: "flow", target: null };
const AWS: Job = { token: "flow", target: "aws" };
const FILE: Job = { token: "flow", target: "file" };
const OTHER: Job = { token: "other", target: null };

/** Two tokens at one issuer; the first has two targets in two stores. */
const ENROLMENTS: readonly Enrolment[] = [
  {
    key: "flow",
    issuer: "flowauth",
    targets: [
      { label: "aws", store: "aws" },
      { label: "file", store: "files" },
    ],
  },
  { key: "other", issuer: "flowauth", targets: [] },
];

/** The same label is always the same token. */
const textOf = (label: string): SecretText => new SecretText(`header.${label}.signature`);

function issueOf(label: string, over: Partial<AcceptedIssue> = {}): AcceptedIssue {
  return {
    fingerprint: textOf(label).fingerprint,
    issuerId: "7",
    startAt: NOW,
    expAt: NOW + 30 * DAY_MS,
    u: 0.123456789012345,
    scopes: { runner: ["run"] },
    warnings: [{ kind: "lifetime_capped", askedMs: 2, issuedMs: 1 }],
    origin: "minted",
    acceptedAt: NOW,
    ...over,
  };
}

function mintOf(id: string, over: Partial<Mint> = {}): Mint {
  return {
    id,
    kind: "renew",
    cause: "due",
    baseId: "7",
    roles: ["runner"],
    lifetimeMs: DAY_MS,
    known: ["aaaaaaaaaaaaaaaa"],
    sentAt: NOW,
    settleAt: NOW + MINUTE_MS,
    fresh: null,
    ...over,
  };
}

function troubleOf(code: Trouble["last"]["code"], nextTryAt: Instant): Trouble {
  return { attempts: 3, since: NOW, last: { code, message: "it said no", at: NOW }, nextTryAt };
}

const asked = (at: Instant): DomainEvent => ({ type: "person:asked", at, token: "flow", what: "renew" });
const acceptOf = (label: string, over: Partial<AcceptedIssue> = {}): TokenChange => ({
  accept: { issue: issueOf(label, over), token: textOf(label) },
});

/** `open` answers a new and empty state each time. */
export function stateContract(name: string, open: () => Promise<StateStore>): void {
  describe(`state: ${name}`, () => {
    let state: StateStore;

    beforeEach(async () => {
      state = await open();
      await state.enrol(ENROLMENTS, NOW);
    });

    afterEach(async () => {
      await state.close();
    });

    async function claim(job: Job, now = NOW, holder = "worker-1"): Promise<Lease> {
      const lease = await state.claim(job, holder, now, TTL_MS);
      if (lease === null) throw new TypeError(`nobody should hold ${job.token}/${job.target ?? ""}`);
      return lease;
    }

    async function change(part: TokenChange, now = NOW): Promise<void> {
      const lease = await claim(FLOW, now);
      expect(await state.changeToken(lease, now, part)).toBe(true);
      await state.release(lease, { wakeAt: now, deadlineAt: null }, now);
    }

    async function sleepUntil(job: Job, wakeAt: Instant, deadlineAt: Instant | null = null): Promise<void> {
      expect(await state.release(await claim(job), { wakeAt, deadlineAt }, NOW)).toBe(true);
    }

    async function allAsleep(): Promise<void> {
      for (const job of [FLOW, AWS, FILE, OTHER]) await sleepUntil(job, NOW + HOUR_MS);
    }

    describe("enrol", () => {
      it("makes rows for what is declared and new, due at once", async () => {
        expect(await state.due(NOW, 10)).toEqual([FLOW, AWS, FILE, OTHER]);
        expect((await state.tokens()).map((token) => token.key)).toEqual(["flow", "other"]);
        expect((await state.allTargets()).map((target) => target.label)).toEqual(["aws", "file"]);
        expect(await state.token("flow")).toEqual({
          key: "flow",
          firstSeenAt: NOW,
          desired: null,
          previous: null,
          mint: null,
          quarantined: null,
          pause: null,
          wish: null,
          trouble: null,
          calls: [],
          lastSuccessAt: null,
        });
        expect((await state.targets("flow"))[0]).toEqual({
          token: "flow",
          label: "aws",
          firstSeenAt: NOW,
          held: null,
          ownership: "none",
          delivery: null,
          drift: null,
          observedAt: null,
          trouble: null,
          calls: [],
        });
      });

      it("again with the same settings changes nothing and wakes nobody", async () => {
        await allAsleep();
        await state.enrol(ENROLMENTS, NOW + 1);
        expect(await state.due(NOW + 2, 10)).toEqual([]);
        expect((await state.token("flow"))?.firstSeenAt).toBe(NOW);
      });

      it("makes only the new one due", async () => {
        await allAsleep();
        await state.enrol([...ENROLMENTS, { key: "third", issuer: "flowauth", targets: [] }], NOW + 1);
        expect(await state.due(NOW + 1, 10)).toEqual([{ token: "third", target: null }]);
      });

      it("makes what is no longer declared no longer due, and deletes nothing", async () => {
        await change(acceptOf("one"));
        await state.enrol([], NOW);
        expect(await state.due(NOW + 400 * DAY_MS, 10)).toEqual([]);
        expect(await state.nextWakeAt()).toBeNull();
        expect(await state.tokens()).toEqual([]);
        await state.enrol(ENROLMENTS, NOW + DAY_MS);
        expect(await state.token("flow")).toMatchObject({ firstSeenAt: NOW, desired: issueOf("one") });
        expect(await state.due(NOW + DAY_MS, 10)).toContainEqual(FLOW);
      });
    });

    describe("due", () => {
      it("tells the jobs whose time has come, and no others", async () => {
        await allAsleep();
        await sleepUntil(AWS, NOW + MINUTE_MS);
        expect(await state.due(NOW + MINUTE_MS - 1, 10)).toEqual([]);
        expect(await state.due(NOW + MINUTE_MS, 10)).toEqual([AWS]);
        expect(await state.due(NOW + HOUR_MS, 10)).toHaveLength(4);
      });

      it("is in order of the deadlines, those without one last, then of the keys", async () => {
        await sleepUntil(OTHER, NOW, NOW + 2 * HOUR_MS);
        await sleepUntil(FILE, NOW, NOW + HOUR_MS);
        expect(await state.due(NOW, 10)).toEqual([FILE, OTHER, FLOW, AWS]);
        expect(await state.due(NOW, 2)).toEqual([FILE, OTHER]);
      });

      it("leaves out what somebody works on", async () => {
        await claim(FLOW);
        expect(await state.due(NOW, 10)).not.toContainEqual(FLOW);
        expect(await state.due(NOW + TTL_MS, 10)).toContainEqual(FLOW);
      });

      it("counts a wake that is further off than any can rightly be as come", async () => {
        await allAsleep();
        await sleepUntil(FLOW, NOW + 400 * DAY_MS);
        expect(await state.due(NOW, 10)).toEqual([FLOW]);
      });

      it("comes next at the earliest wake of all", async () => {
        await allAsleep();
        await sleepUntil(OTHER, NOW + MINUTE_MS);
        expect(await state.nextWakeAt()).toBe(NOW + MINUTE_MS);
      });
    });

    describe("wake", () => {
      it.each([
        ["all", { all: true } as const, [FLOW, AWS, FILE, OTHER]],
        ["a token", { token: "flow" }, [FLOW]],
        ["its targets", { targetsOf: "flow" }, [AWS, FILE]],
      ])("makes %s due", async (_, which, jobs) => {
        await allAsleep();
        await state.wake(which, NOW + 1);
        expect(await state.due(NOW + 1, 10)).toEqual(jobs);
      });

      it("during the work on a job makes it due again when that ends", async () => {
        await allAsleep();
        const lease = await claim(FLOW);
        await state.wake({ token: "flow" }, NOW);
        await state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW + 5);
        expect(await state.due(NOW + 5, 10)).toEqual([FLOW]);
      });
    });

    describe("free", () => {
      const later = NOW + HOUR_MS;

      async function failed(job: Job, code: Trouble["last"]["code"]): Promise<void> {
        const lease = await claim(job);
        const trouble = troubleOf(code, later);
        if (job.target === null) await state.changeToken(lease, NOW, { trouble });
        else await state.changeTarget(lease, NOW, { trouble });
        await state.release(lease, { wakeAt: later, deadlineAt: null }, NOW);
      }

      it("ends the backoff of the jobs whose last failure was the service's, and makes them due", async () => {
        await failed(FLOW, "issuer_unreachable");
        await failed(OTHER, "token_absent");
        await failed(AWS, "store_unreachable");
        await sleepUntil(FILE, later);
        await state.free({ kind: "issuer", key: "flowauth" }, NOW + 1);
        expect(await state.due(NOW + 1, 10)).toEqual([FLOW]);
        expect((await state.token("flow"))?.trouble).toEqual(troubleOf("issuer_unreachable", NOW + 1));
        expect((await state.token("other"))?.trouble?.nextTryAt).toBe(later);
        await state.free({ kind: "store", key: "aws" }, NOW + 2);
        expect(await state.due(NOW + 2, 10)).toEqual([FLOW, AWS]);
      });

      it("leaves the jobs of other services alone", async () => {
        await allAsleep();
        await failed(FLOW, "issuer_unreachable");
        await state.free({ kind: "issuer", key: "another" }, NOW);
        await state.free({ kind: "store", key: "flowauth" }, NOW);
        expect(await state.due(NOW, 10)).toEqual([]);
      });
    });

    describe("a lease", () => {
      it("is one worker's alone until its end", async () => {
        await claim(FLOW);
        expect(await state.claim(FLOW, "worker-2", NOW + TTL_MS - 1, TTL_MS)).toBeNull();
        expect(await state.claim(FLOW, "worker-1", NOW + TTL_MS - 1, TTL_MS)).toBeNull();
        expect(await state.claim(FLOW, "worker-2", NOW + TTL_MS, TTL_MS)).not.toBeNull();
      });

      it("of one job is none of another, and of no job is none", async () => {
        await claim(FLOW);
        await claim(AWS);
        await claim(OTHER);
        expect(await state.claim({ token: "unknown", target: null }, "worker-1", NOW, TTL_MS)).toBeNull();
      });

      it("carries a higher fence each time", async () => {
        const first = await claim(FLOW);
        await state.release(first, { wakeAt: NOW, deadlineAt: null }, NOW);
        const second = await claim(FLOW);
        const third = await claim(FLOW, NOW + TTL_MS);
        expect(second.fence).toBeGreaterThan(first.fence);
        expect(third.fence).toBeGreaterThan(second.fence);
      });

      it("that ends later than any can rightly do was written by another clock and is void", async () => {
        await claim(FLOW, NOW + DAY_MS);
        expect(await state.due(NOW, 10)).toContainEqual(FLOW);
        expect(await state.claim(FLOW, "worker-2", NOW, TTL_MS)).not.toBeNull();
      });

      it("is lengthened while it is held", async () => {
        const lease = await claim(FLOW);
        expect(await state.extend(lease, NOW + TTL_MS - 1, TTL_MS)).toBe(true);
        expect(await state.claim(FLOW, "worker-2", NOW + TTL_MS, TTL_MS)).toBeNull();
        expect(await state.extend(lease, NOW + 2 * TTL_MS, TTL_MS)).toBe(false);
      });

      it("ends for everybody when they are freed, for a store that only one daemon opens", async () => {
        const lease = await claim(FLOW);
        await state.freeLeases();
        expect(await state.changeToken(lease, NOW, { calls: [1] })).toBe(false);
        await claim(FLOW, NOW, "worker-2");
      });

      it("that was released is held no more", async () => {
        const lease = await claim(FLOW);
        expect(await state.release(lease, { wakeAt: NOW, deadlineAt: null }, NOW)).toBe(true);
        expect(await state.release(lease, { wakeAt: NOW, deadlineAt: null }, NOW)).toBe(false);
        expect(await state.changeToken(lease, NOW, { calls: [1] })).toBe(false);
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
          const before = await state.token("flow");
          const all: Required<Omit<TokenChange, "accept">> = {
            mint: mintOf("m1", { fresh: issueOf("one") }),
            sealed: { fingerprint: textOf("one").fingerprint, token: textOf("one") },
            quarantine: { ...issueOf("two"), check: "roles", message: "no", at: NOW },
            fates: [{ issue: issueOf("three"), fate: "foreign" }],
            pause: { since: NOW, until: null, reason: null },
            wish: { at: NOW, lifetimeMs: null },
            trouble: troubleOf("issuer_unreachable", NOW),
            calls: [NOW],
            events: [asked(NOW)],
          };
          expect(await state.changeToken(lease, now, { ...all, ...acceptOf("four") })).toBe(false);
          expect(await state.token("flow")).toEqual(before);
          expect((await state.known("flow")).size).toBe(0);
          expect(await state.history("flow", 10)).toEqual([]);
        });

        it("changes nothing of a target and answers false", async () => {
          const lease = await claim(AWS);
          const now = await lose();
          const before = await state.targets("flow");
          const delivery = { phase: "written", fingerprint: "aaaaaaaaaaaaaaaa", at: NOW } as const;
          const part: TargetChange = { ownership: "ours", observedAt: NOW, delivery, calls: [1], events: [asked(NOW)] };
          expect(await state.changeTarget(lease, now, part)).toBe(false);
          expect(await state.targets("flow")).toEqual(before);
          expect(await state.history("flow", 10)).toEqual([]);
        });

        it("is not lengthened", async () => {
          const lease = await claim(FLOW);
          expect(await state.extend(lease, await lose(), TTL_MS)).toBe(false);
        });
      });

      it("that was taken by another does not put the job to sleep", async () => {
        const lease = await claim(FLOW);
        await claim(FLOW, NOW + TTL_MS, "worker-2");
        expect(await state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW + TTL_MS)).toBe(false);
        expect(await state.claim(FLOW, "worker-3", NOW + TTL_MS, TTL_MS)).toBeNull();
      });

      it.fails("that went past its end does not put the job to sleep", async () => {
        const lease = await claim(FLOW);
        expect(await state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW + TTL_MS)).toBe(false);
        expect(await state.due(NOW + TTL_MS, 10)).toContainEqual(FLOW);
      });
    });

    describe("a step of a token", () => {
      it("records all its parts at once and leaves the absent ones as they are", async () => {
        const quarantined: QuarantinedIssue = { ...bare("two"), check: "roles", message: "no", at: NOW };
        await change({
          mint: mintOf("m1"),
          quarantine: quarantined,
          pause: { since: NOW, until: null, reason: "audit" },
          wish: { at: NOW, lifetimeMs: 5 },
          trouble: troubleOf("issuer_timeout", NOW + 1),
          calls: [NOW - 1, NOW],
          events: [asked(NOW)],
        });
        const full = {
          mint: mintOf("m1"),
          quarantined,
          pause: { since: NOW, until: null, reason: "audit" },
          wish: { at: NOW, lifetimeMs: 5 },
          trouble: troubleOf("issuer_timeout", NOW + 1),
          calls: [NOW - 1, NOW],
        };
        expect(await state.token("flow")).toMatchObject(full);
        await change({});
        expect(await state.token("flow")).toMatchObject(full);
        await change({ mint: null, quarantine: null, pause: null, wish: null, trouble: null, calls: [] });
        expect(await state.token("flow")).toMatchObject({
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
        const all = await state.tokens();
        expect(all.find((token) => token.key === "flow")).toEqual(await state.token("flow"));
        expect(await state.token("unknown")).toBeUndefined();
      });

      it("of another token shows nowhere else", async () => {
        await change({ ...acceptOf("one"), mint: mintOf("m1") });
        expect(await state.token("other")).toMatchObject({ desired: null, mint: null });
        expect(await state.unseal("other", textOf("one").fingerprint)).toBeUndefined();
        expect((await state.known("other")).size).toBe(0);
      });
    });

    describe("a mint", () => {
      it("is replaced while it is open, and can follow one that was closed", async () => {
        await change({ mint: mintOf("m1") });
        await change({ mint: mintOf("m1", { settleAt: NOW + 9 }) });
        expect((await state.token("flow"))?.mint).toEqual(mintOf("m1", { settleAt: NOW + 9 }));
        await change({ mint: null });
        await change({ mint: mintOf("m2") });
        expect((await state.token("flow"))?.mint?.id).toBe("m2");
      });

      it("is one at a time: a second is refused whole", async () => {
        await change({ mint: mintOf("m1") });
        const lease = await claim(FLOW);
        await expect(state.changeToken(lease, NOW, { mint: mintOf("m2"), calls: [5] })).rejects.toThrow();
        expect(await state.token("flow")).toMatchObject({ mint: { id: "m1" }, calls: [] });
      });

      it("keeps its fresh token sealed until it is closed by acceptance or given up", async () => {
        const fresh = bare("fresh");
        const sealed = { fingerprint: fresh.fingerprint, token: textOf("fresh") };
        await change({ mint: mintOf("m1", { fresh }), sealed });
        expect((await state.token("flow"))?.mint?.fresh).toEqual(fresh);
        expect((await state.unseal("flow", fresh.fingerprint))?.reveal()).toBe(textOf("fresh").reveal());
        expect((await state.known("flow")).get(fresh.fingerprint)).toEqual({ issue: fresh, fate: "minted" });
        await change({ mint: null, fates: [{ issue: fresh, fate: "outlived" }] });
        expect(await state.unseal("flow", fresh.fingerprint)).toBeUndefined();
      });
    });

    describe("acceptance", () => {
      it("makes an issue desired and the desired one previous; the one before that loses its sealed text", async () => {
        for (const label of ["one", "two", "three"]) await change(acceptOf(label));
        expect(await state.token("flow")).toMatchObject({ desired: issueOf("three"), previous: issueOf("two") });
        const texts = ["one", "two", "three"].map((label) => state.unseal("flow", textOf(label).fingerprint));
        const opened = (await Promise.all(texts)).map((text) => text?.reveal());
        expect(opened).toEqual([undefined, textOf("two").reveal(), textOf("three").reveal()]);
        const known = await state.known("flow");
        expect(["one", "two", "three"].map((label) => known.get(textOf(label).fingerprint)?.fate)).toEqual([
          "superseded",
          "accepted",
          "accepted",
        ]);
      });

      it("wakes the token's targets", async () => {
        await allAsleep();
        await change(acceptOf("one"), NOW + 1);
        expect(await state.due(NOW + 1, 10)).toEqual([FLOW, AWS, FILE]);
      });

      it("of the previous one changes the two about, as after a rollback", async () => {
        await change(acceptOf("one"));
        await change(acceptOf("two"));
        await change(acceptOf("one"));
        expect(await state.token("flow")).toMatchObject({ desired: issueOf("one"), previous: issueOf("two") });
        expect(await state.unseal("flow", textOf("two").fingerprint)).toBeDefined();
      });

      it.fails("of the desired one, repeated after a crash, takes nothing from the previous one", async () => {
        await change(acceptOf("one"));
        await change(acceptOf("two"));
        await change(acceptOf("two"));
        expect(await state.token("flow")).toMatchObject({ desired: issueOf("two"), previous: issueOf("one") });
        expect(await state.unseal("flow", textOf("one").fingerprint)).toBeDefined();
      });

      it("forgets what expired long ago, and remembers what expired of late, for an issuer may still list it", async () => {
        const old = bare("old", { expAt: NOW - 31 * DAY_MS });
        const recent = bare("recent", { expAt: NOW - 29 * DAY_MS });
        await change({
          fates: [
            { issue: old, fate: "foreign" },
            { issue: recent, fate: "foreign" },
          ],
        });
        await change(acceptOf("one"));
        expect([...(await state.known("flow")).keys()].sort()).toEqual(
          [recent.fingerprint, textOf("one").fingerprint].sort(),
        );
      });
    });

    it("knows every issue with its fate", async () => {
      const fates = ["minted", "quarantined", "superseded", "outlived", "foreign"] as const;
      await change({ fates: fates.map((fate) => ({ issue: bare(fate), fate })) });
      const known = await state.known("flow");
      for (const fate of fates) expect(known.get(textOf(fate).fingerprint)).toEqual({ issue: bare(fate), fate });
      for (const fate of fates) expect(await state.unseal("flow", textOf(fate).fingerprint)).toBeUndefined();
    });

    it("a step of a target records its parts and leaves the absent ones as they are", async () => {
      const held = { ...bare("one"), sinceAt: NOW, provedAt: NOW + 1 };
      const part: TargetChange = {
        held,
        ownership: "ours",
        delivery: { phase: "confirmed", fingerprint: held.fingerprint, at: NOW },
        drift: { fingerprint: null, at: NOW },
        observedAt: NOW,
        trouble: troubleOf("store_denied", NOW + 5),
        calls: [NOW],
      };
      const lease = await claim(AWS);
      expect(
        await state.changeTarget(lease, NOW, { ...part, events: [{ ...asked(NOW), target: "aws" } as DomainEvent] }),
      ).toBe(true);
      expect((await state.targets("flow"))[0]).toMatchObject(part);
      expect(await state.changeTarget(lease, NOW, {})).toBe(true);
      expect((await state.targets("flow"))[0]).toMatchObject(part);
      expect((await state.targets("flow"))[1]).toMatchObject({ held: null, ownership: "none", trouble: null });
      const cleared = { held: null, delivery: null, drift: null, trouble: null };
      expect(await state.changeTarget(lease, NOW, cleared)).toBe(true);
      expect((await state.targets("flow"))[0]).toMatchObject({ ...cleared, ownership: "ours", observedAt: NOW });
      expect((await state.history("flow", 10))[0]).toMatchObject({ target: "aws", type: "person:asked" });
      expect(await state.allTargets()).toEqual(await state.targets("flow"));
    });

    describe("what a person asks for", () => {
      it("needs no lease, is written into the history, and wakes the token", async () => {
        await allAsleep();
        const lease = await claim(FLOW);
        const wish = { at: NOW, lifetimeMs: null };
        expect(await state.ask("flow", NOW + 1, { wish, events: [asked(NOW + 1)] })).toBe(true);
        expect((await state.token("flow"))?.wish).toEqual(wish);
        expect(await state.history("flow", 10)).toEqual([
          { at: NOW + 1, type: "person:asked", target: null, data: { what: "renew" } },
        ]);
        await state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW + 2);
        expect(await state.due(NOW + 2, 10)).toEqual([FLOW]);
      });

      it("when it is a pause or its end concerns the targets as well", async () => {
        await allAsleep();
        await state.ask("flow", NOW + 1, { pause: { since: NOW, until: null, reason: null } });
        expect(await state.due(NOW + 1, 10)).toEqual([FLOW, AWS, FILE]);
        await state.ask("flow", NOW + 1, { pause: null });
        expect((await state.token("flow"))?.pause).toBeNull();
      });

      it("of a token that is not there is answered with false", async () => {
        expect(await state.ask("unknown", NOW, { wish: null })).toBe(false);
        expect(await state.allowAdoption("unknown", "aws", NOW)).toBe(false);
        expect(await state.allowAdoption("flow", "unknown", NOW)).toBe(false);
      });

      it("as leave to adopt is noted, ends the target's backoff and wakes it", async () => {
        const lease = await claim(AWS);
        await state.changeTarget(lease, NOW, { trouble: troubleOf("store_not_owned", NOW + HOUR_MS) });
        await state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW);
        expect(await state.allowAdoption("flow", "aws", NOW + 1)).toBe(true);
        expect((await state.targets("flow"))[0]).toMatchObject({ ownership: "granted", trouble: null });
        expect(await state.due(NOW + 1, 10)).toContainEqual(AWS);
        expect((await state.targets("flow"))[1]?.ownership).toBe("none");
      });
    });

    it("a stray is appended and never read by the loop", async () => {
      await state.stray("flow", bare("stray"), textOf("stray"), NOW);
      await state.stray("flow", bare("stray"), textOf("stray"), NOW);
      expect((await state.known("flow")).size).toBe(0);
      expect(await state.unseal("flow", textOf("stray").fingerprint)).toBeUndefined();
    });

    it("settling is true the first time that it is said of an issue, and notes the success", async () => {
      expect(await state.settle("flow", "aaaaaaaaaaaaaaaa", NOW)).toBe(true);
      expect(await state.settle("flow", "aaaaaaaaaaaaaaaa", NOW + 1)).toBe(false);
      expect(await state.settle("flow", "bbbbbbbbbbbbbbbb", NOW + 2)).toBe(true);
      expect((await state.token("flow"))?.lastSuccessAt).toBe(NOW + 2);
      expect(await state.settle("unknown", "aaaaaaaaaaaaaaaa", NOW)).toBe(false);
    });

    describe("a breaker", () => {
      const key = { kind: "issuer", key: "flowauth" } as const;
      const failed: Breaker = { ...CLOSED, failures: 1, calls: [NOW], failedCode: "issuer_timeout" };

      it("is closed before anything failed", async () => expect(await state.breaker(key)).toEqual(CLOSED));

      it("is read and replaced in one transaction: no change between the two is lost", async () => {
        const add = (breaker: Breaker): { breaker: Breaker; answer: number } => ({
          breaker: { ...breaker, failures: breaker.failures + 1 },
          answer: breaker.failures,
        });
        const answers = await Promise.all(Array.from({ length: 20 }, () => state.changeBreaker(key, add)));
        expect(answers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
        expect((await state.breaker(key)).failures).toBe(20);
      });

      it("is kept by kind and key, and gone when it closes", async () => {
        await state.changeBreaker(key, () => ({ breaker: failed, answer: null }));
        expect(await state.breaker(key)).toEqual(failed);
        expect(await state.breaker({ kind: "store", key: "flowauth" })).toEqual(CLOSED);
        await state.changeBreaker(key, () => ({ breaker: CLOSED, answer: null }));
        expect(await state.breaker(key)).toEqual(CLOSED);
      });
    });

    describe("incidents", () => {
      const subject = { token: "flow", target: "" };
      const incident: Incident = {
        ...subject,
        reason: "late",
        severity: "warning",
        message: "late",
        action: "look",
        openedAt: NOW,
        tellAgainAt: NOW + HOUR_MS,
        toldTimes: 1,
      };
      const none: IncidentChanges = { opened: [], repeated: [], resolved: [] };
      const opened: DomainEvent = { type: "incident:opened", at: NOW, incident };

      it("are open from when they were told until they are resolved", async () => {
        await state.tell(subject, { ...none, opened: [incident] }, [opened]);
        expect(await state.incidents()).toEqual([incident]);
        expect(await state.incidents(subject)).toEqual([incident]);
        expect(await state.incidents({ token: "flow", target: "aws" })).toEqual([]);
        const again = { ...incident, severity: "critical", toldTimes: 2 } as const;
        await state.tell(subject, { ...none, repeated: [again] }, []);
        expect(await state.incidents()).toEqual([again]);
        await state.tell(subject, { ...none, resolved: [again] }, []);
        expect(await state.incidents()).toEqual([]);
      });

      it("may be told twice: the changes of one subject are idempotent", async () => {
        for (let time = 0; time < 2; time += 1) await state.tell(subject, { ...none, opened: [incident] }, []);
        expect(await state.incidents()).toEqual([incident]);
        for (let time = 0; time < 2; time += 1) await state.tell(subject, { ...none, resolved: [incident] }, []);
        expect(await state.incidents()).toEqual([]);
      });

      it("stand in the history of their token; the daemon's own in none", async () => {
        await state.tell(subject, none, [opened]);
        expect(await state.history("flow", 1)).toMatchObject([{ type: "incident:opened", data: { reason: "late" } }]);
        const daemon = { token: "", target: "clock" };
        await state.tell(daemon, { ...none, opened: [{ ...incident, ...daemon }] }, [opened]);
        expect(await state.incidents(daemon)).toHaveLength(1);
        expect(await state.history("", 10)).toEqual([]);
      });
    });

    it("history is newest first, bounded by what is asked for, and of one token", async () => {
      await change({ events: [asked(NOW), asked(NOW + 1), asked(NOW + 2)] });
      expect((await state.history("flow", 2)).map((entry) => entry.at)).toEqual([NOW + 2, NOW + 1]);
      expect(await state.history("other", 10)).toEqual([]);
    });

    it("keeps small facts, the last one said of each", async () => {
      expect(await state.fact("last_sweep_at")).toBeUndefined();
      await state.setFact("last_sweep_at", NOW);
      await state.setFact("last_sweep_at", NOW + 1);
      await state.setFact("other", 0.5);
      expect(await state.fact("last_sweep_at")).toBe(NOW + 1);
      expect(await state.fact("other")).toBe(0.5);
    });

    it("can tell that it takes a row, and leaves nothing behind", async () => {
      const before = [await state.tokens(), await state.nextWakeAt()];
      await expect(state.preflight()).resolves.toBeUndefined();
      expect([await state.tokens(), await state.nextWakeAt()]).toEqual(before);
    });
  });
}

/** What an issue is before it was accepted. */
function bare(label: string, over: Partial<AcceptedIssue> = {}): Issue {
  const { fingerprint, issuerId, startAt, expAt, u } = issueOf(label, over);
  return { fingerprint, issuerId, startAt, expAt, u };
}
