import { describe, expect, it } from "vitest";
import { type Breaker, CLOSED } from "../../src/core/breaker.ts";
import { HOUR_MS } from "../../src/core/duration.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import type { Incident, IncidentChanges } from "../../src/core/incidents.ts";
import { type ChannelRecord, FRESH_CHANNEL } from "../../src/core/telling.ts";
import {
  acceptOf,
  AWS,
  ENROLMENTS,
  FILE,
  FLOW,
  NOW,
  asked,
  bare,
  issueOf,
  textOf,
  troubleOf,
  type StateBench,
} from "./state-bench.ts";

/** What needs no lease: wishes, strays, breakers, incidents, history, facts. */
export function recordsContract(bench: StateBench): void {
  const { claim, change, allAsleep } = bench;

  describe("what a person asks for", () => {
    it("needs no lease, is written into the history, and wakes the token", async () => {
      await allAsleep();
      const lease = await claim(FLOW);
      const wish = { at: NOW, lifetimeMs: null, anew: false };
      expect(await bench.state.ask("flow", NOW + 1, { wish, events: [asked(NOW + 1)] })).toBe(true);
      expect((await bench.state.token("flow"))?.wish).toEqual(wish);
      expect(await bench.state.history("flow", 10)).toEqual([
        { at: NOW + 1, type: "person:asked", target: null, data: { what: "renew" } },
      ]);
      await bench.state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW + 2);
      expect(await bench.state.due(NOW + 2, 10)).toEqual([FLOW]);
    });

    it("when it is a pause or its end concerns the targets as well", async () => {
      await allAsleep();
      await bench.state.ask("flow", NOW + 1, { pause: { since: NOW, until: null, reason: null, deliveries: false } });
      expect(await bench.state.due(NOW + 1, 10)).toEqual([FLOW, AWS, FILE]);
      await bench.state.ask("flow", NOW + 1, { pause: null });
      expect((await bench.state.token("flow"))?.pause).toBeNull();
    });

    it("leaves alone what is not asked for", async () => {
      const pause = { since: NOW, until: null, reason: null, deliveries: false };
      const wish = { at: NOW, lifetimeMs: null, anew: false };
      await bench.state.ask("flow", NOW, { pause });
      await bench.state.ask("flow", NOW, { wish });
      await bench.state.ask("flow", NOW, {});
      expect(await bench.state.token("flow")).toMatchObject({ pause, wish });
    });

    it("of a token that is not there is answered with false", async () => {
      expect(await bench.state.ask("unknown", NOW, { wish: null })).toBe(false);
      expect(await bench.state.allowAdoption("unknown", "aws", NOW, [])).toBe(false);
      expect(await bench.state.allowAdoption("flow", "unknown", NOW, [])).toBe(false);
    });

    it("as leave to adopt is noted, ends the target's backoff and wakes it", async () => {
      const lease = await claim(AWS);
      await bench.state.changeTarget(lease, NOW, { trouble: troubleOf("store_not_owned", NOW + HOUR_MS) });
      await bench.state.release(lease, { wakeAt: NOW + HOUR_MS, deadlineAt: null }, NOW);
      expect(await bench.state.allowAdoption("flow", "aws", NOW + 1, [])).toBe(true);
      expect((await bench.state.targets("flow"))[0]).toMatchObject({ ownership: "granted", trouble: null });
      expect(await bench.state.due(NOW + 1, 10)).toContainEqual(AWS);
      expect((await bench.state.targets("flow"))[1]?.ownership).toBe("none");
    });
  });

  describe("a token that no setting declares", () => {
    const about = {
      key: "created:1",
      issuer: "flowauth",
      name: "by hand",
      comment: "for a test",
      subject: "alice",
      roles: ["viewer"],
    } as const;
    const job = { token: "created:1", target: null } as const;

    it("is told with its record, and stands in no list of the declared ones", async () => {
      expect(await bench.state.described()).toEqual([]);
      await bench.state.describe(about, NOW);
      await bench.state.describe({ ...about, key: "created:0", comment: null, subject: null }, NOW);
      const described = await bench.state.described();
      expect(described.map((each) => each.about.key)).toEqual(["created:0", "created:1"]);
      expect(described[1]).toEqual({ about, record: await bench.state.token("created:1"), others: [] });
      expect((await bench.state.tokens()).map(({ key }) => key)).toEqual(["flow", "other"]);
    });

    it("is never due by itself, and is not forgotten when others are enrolled", async () => {
      await bench.state.describe(about, NOW);
      await bench.state.wake({ all: true }, NOW + 1);
      await bench.state.enrol(ENROLMENTS, NOW + 1);
      expect(await bench.state.due(NOW + HOUR_MS, 10)).not.toContainEqual(job);
      expect(await bench.state.described()).toHaveLength(1);
    });

    it("is asked for, worked on and accepted like any", async () => {
      await bench.state.describe(about, NOW);
      const wish = { at: NOW, lifetimeMs: null, anew: true };
      expect(await bench.state.ask("created:1", NOW, { wish })).toBe(true);
      const lease = await claim(job);
      expect(await bench.state.changeToken(lease, NOW, { ...acceptOf("one"), wish: null })).toBe(true);
      expect((await bench.state.described())[0]?.record).toMatchObject({ desired: issueOf("one"), wish: null });
      expect((await bench.state.unseal("created:1", textOf("one").fingerprint))?.reveal()).toBe(textOf("one").reveal());
      expect((await bench.state.token("flow"))?.desired).toBeNull();
    });

    it("described again keeps its record and says what it is now", async () => {
      await bench.state.describe(about, NOW);
      await bench.state.changeToken(await claim(job), NOW, acceptOf("one"));
      await bench.state.describe({ ...about, comment: "another" }, NOW + 1);
      const [described, ...more] = await bench.state.described();
      expect(more).toEqual([]);
      expect(described?.about.comment).toBe("another");
      expect(described?.record).toMatchObject({ firstSeenAt: NOW, desired: issueOf("one") });
    });

    it("shares its issuer's service, and its issues are told by their fingerprint", async () => {
      await bench.state.describe(about, NOW);
      await bench.state.changeToken(await claim(job), NOW, acceptOf("one"));
      await change(acceptOf("one"));
      await change(acceptOf("two"));
      expect([...(await bench.state.ownersOf(textOf("one").fingerprint))].sort()).toEqual(["created:1", "flow"]);
      expect(await bench.state.ownersOf(textOf("two").fingerprint)).toEqual(["flow"]);
      expect(await bench.state.ownersOf(textOf("three").fingerprint)).toEqual([]);
    });
  });

  it("a stray is appended and never read by the loop", async () => {
    await bench.state.stray("flow", bare("stray"), textOf("stray"), NOW);
    await bench.state.stray("flow", bare("stray"), textOf("stray"), NOW);
    expect((await bench.state.known("flow")).size).toBe(0);
    expect(await bench.state.unseal("flow", textOf("stray").fingerprint)).toBeUndefined();
  });

  it("settling is true the first time that it is said of an issue, and notes the success", async () => {
    expect(await bench.state.settle("flow", "aaaaaaaaaaaaaaaa", NOW)).toBe(true);
    expect(await bench.state.settle("flow", "aaaaaaaaaaaaaaaa", NOW + 1)).toBe(false);
    expect(await bench.state.settle("flow", "bbbbbbbbbbbbbbbb", NOW + 2)).toBe(true);
    expect((await bench.state.token("flow"))?.lastSuccessAt).toBe(NOW + 2);
    expect(await bench.state.settle("unknown", "aaaaaaaaaaaaaaaa", NOW)).toBe(false);
  });

  describe("a breaker", () => {
    const key = { kind: "issuer", key: "flowauth" } as const;
    const failed: Breaker = { ...CLOSED, failures: 1, calls: [NOW], failedCode: "issuer_timeout" };

    it("is closed before anything failed", async () => expect(await bench.state.breaker(key)).toEqual(CLOSED));

    it("is read and replaced in one transaction: no change between the two is lost", async () => {
      const add = (breaker: Breaker): { breaker: Breaker; answer: number } => ({
        breaker: { ...breaker, failures: breaker.failures + 1 },
        answer: breaker.failures,
      });
      const answers = await Promise.all(Array.from({ length: 20 }, () => bench.state.changeBreaker(key, add)));
      expect(answers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
      expect((await bench.state.breaker(key)).failures).toBe(20);
    });

    it("is kept by kind and key, and gone when it closes", async () => {
      await bench.state.changeBreaker(key, () => ({ breaker: failed, answer: null }));
      expect(await bench.state.breaker(key)).toEqual(failed);
      expect(await bench.state.breaker({ kind: "store", key: "flowauth" })).toEqual(CLOSED);
      await bench.state.changeBreaker(key, () => ({ breaker: CLOSED, answer: null }));
      expect(await bench.state.breaker(key)).toEqual(CLOSED);
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
      next: "It tries again.",
      dangerAt: null,
      expAt: null,
      openedAt: NOW,
      tellAgainAt: NOW + HOUR_MS,
      toldTimes: 1,
    };
    const none: IncidentChanges = { opened: [], repeated: [], resolved: [] };
    const opened: DomainEvent = { type: "incident:opened", at: NOW, incident };

    it("are open from when they were told until they are resolved", async () => {
      await bench.state.tell(subject, { ...none, opened: [incident] }, [opened]);
      expect(await bench.state.incidents()).toEqual([incident]);
      expect(await bench.state.incidents(subject)).toEqual([incident]);
      expect(await bench.state.incidents({ token: "flow", target: "aws" })).toEqual([]);
      const again = { ...incident, severity: "critical", toldTimes: 2 } as const;
      await bench.state.tell(subject, { ...none, repeated: [again] }, []);
      expect(await bench.state.incidents()).toEqual([again]);
      await bench.state.tell(subject, { ...none, resolved: [again] }, []);
      expect(await bench.state.incidents()).toEqual([]);
    });

    it("may be told twice: the changes of one subject are idempotent", async () => {
      for (let time = 0; time < 2; time += 1) await bench.state.tell(subject, { ...none, opened: [incident] }, []);
      expect(await bench.state.incidents()).toEqual([incident]);
      for (let time = 0; time < 2; time += 1) await bench.state.tell(subject, { ...none, resolved: [incident] }, []);
      expect(await bench.state.incidents()).toEqual([]);
    });

    const record: ChannelRecord = {
      ...FRESH_CHANNEL,
      failures: 1,
      since: NOW,
      code: "channel_timeout",
      nextTryAt: NOW,
    };

    it("are told by channels, each of which is known by what it was last told until it was told the end", async () => {
      const { state } = bench;
      const telling = { channel: "team", incident, toldAt: NOW };
      expect([await state.tellings(), await state.channels()]).toEqual([[], new Map()]);
      await state.noteChannel("team", {
        record,
        told: [telling, { ...telling, incident: { ...incident, target: "aws" } }],
      });
      await state.noteChannel("pager", { record: FRESH_CHANNEL, told: [{ ...telling, channel: "pager" }] });
      const again = { ...telling, incident: { ...incident, toldTimes: 2 }, toldAt: NOW + 1 };
      await state.noteChannel("team", { record, told: [again], over: [{ ...incident, target: "aws" }] });
      expect(await state.tellings()).toEqual([{ ...telling, channel: "pager" }, again]);
      expect(await state.channels()).toEqual(
        new Map([
          ["team", record],
          ["pager", FRESH_CHANNEL],
        ]),
      );
      await state.noteChannel("team", { record: FRESH_CHANNEL, over: [incident] });
      expect((await state.tellings()).map(({ channel }) => channel)).toEqual(["pager"]);
      expect((await state.channels()).get("team")).toEqual(FRESH_CHANNEL);
    });

    it("of a channel that is forgotten nothing is known, and of the others all", async () => {
      const { state } = bench;
      const telling = { channel: "team", incident, toldAt: NOW };
      await state.noteChannel("team", { record, told: [telling] });
      await state.noteChannel("pager", { record, told: [{ ...telling, channel: "pager" }] });
      for (let time = 0; time < 2; time += 1) await state.forgetChannel("team");
      expect(await state.tellings()).toEqual([{ ...telling, channel: "pager" }]);
      expect(await state.channels()).toEqual(new Map([["pager", record]]));
    });

    it("keep the labels that they were told with", async () => {
      const telling = { channel: "team", incident, labels: { team: "data" }, toldAt: NOW };
      await bench.state.noteChannel("team", { record, told: [telling] });
      expect(await bench.state.tellings()).toEqual([telling]);
    });

    it("read as they were last worded, which stands in no history", async () => {
      await bench.state.tell(subject, { ...none, opened: [incident] }, []);
      const reworded = { ...incident, message: "later" };
      await bench.state.tell(subject, { ...none, reworded: [reworded] }, []);
      expect(await bench.state.incidents()).toEqual([reworded]);
      expect(await bench.state.history("flow", 10)).toEqual([]);
    });

    it("of an earlier version, which did not say what comes next, are to be told again at once", async () => {
      const { next: _, ...before } = { ...incident, tellAgainAt: NOW + HOUR_MS };
      await bench.state.tell(subject, { ...none, opened: [before as Incident] }, []);
      expect(await bench.state.incidents()).toEqual([{ ...before, next: "", tellAgainAt: 0 }]);
    });

    it("stand in the history of their token; the daemon's own in none", async () => {
      await bench.state.tell(subject, none, [opened]);
      expect(await bench.state.history("flow", 1)).toMatchObject([
        { type: "incident:opened", data: { reason: "late" } },
      ]);
      const daemon = { token: "", target: "clock" };
      await bench.state.tell(daemon, { ...none, opened: [{ ...incident, ...daemon }] }, [opened]);
      expect(await bench.state.incidents(daemon)).toHaveLength(1);
      expect(await bench.state.history("", 10)).toEqual([]);
    });
  });

  it("history is newest first, bounded by what is asked for, and of one token", async () => {
    await change({ events: [asked(NOW), asked(NOW + 1), asked(NOW + 2)] });
    expect((await bench.state.history("flow", 2)).map((entry) => entry.at)).toEqual([NOW + 2, NOW + 1]);
    expect(await bench.state.history("other", 10)).toEqual([]);
  });

  it("keeps small facts, the last one said of each", async () => {
    expect(await bench.state.fact("last_sweep_at")).toBeUndefined();
    await bench.state.setFact("last_sweep_at", NOW);
    await bench.state.setFact("last_sweep_at", NOW + 1);
    await bench.state.setFact("other", 0.5);
    expect(await bench.state.fact("last_sweep_at")).toBe(NOW + 1);
    expect(await bench.state.fact("other")).toBe(0.5);
  });

  it("can tell that it takes a row, and leaves nothing behind", async () => {
    const before = [await bench.state.tokens(), await bench.state.nextWakeAt()];
    await expect(bench.state.preflight()).resolves.toBeUndefined();
    expect([await bench.state.tokens(), await bench.state.nextWakeAt()]).toEqual(before);
  });
}
