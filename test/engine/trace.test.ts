import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { HOUR_MS, SECOND_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { type Correlation, SPANS } from "../../src/core/trace.ts";
import { systemTracer } from "../../src/runtime/trace.ts";
import { SHORT, type World } from "../support/world.ts";
import { recordSpans, tracedWorld } from "./trace-recorder.ts";

const recorder = recordSpans();

function tree(...lines: readonly string[]): string {
  return lines.join("\n");
}

const RENEWED = tree(
  "renewd.token: done",
  "  renewd.look: done",
  "    renewd.call issuer find: done",
  "  renewd.preflight: done",
  "    renewd.call store preflight: done",
  "  renewd.request: done",
  "    renewd.call issuer request: done",
  "  renewd.verify: done",
  "    renewd.call issuer inspect: done",
);
const OBSERVED = tree("renewd.target: done", "  renewd.observe: done", "    renewd.call store observe: done");
const DELIVERED = tree(
  "renewd.target: done",
  "  renewd.deliver: done",
  "    renewd.call store observe: done",
  "    renewd.call store write: done",
  "  renewd.confirm: done",
  "    renewd.call store observe: done",
);

describe("one renewal", () => {
  it("is a turn of the token and turns of its target, with a span for each step and each call", async () => {
    const world = await tracedWorld();
    await world.event("renewal:settled");
    expect(recorder.trees("renewd.token")).toEqual([RENEWED]);
    expect(recorder.trees("renewd.target")).toEqual([OBSERVED, DELIVERED]);
    expect(recorder.open).toEqual([]);
  });

  it("says which token, target, renewal and fingerprint its spans are about", async () => {
    const world = await tracedWorld();
    await world.event("renewal:settled");
    const { renewal, fingerprint } = world.told("renewal:accepted")[0]!;
    const token = { "renewd.token": "token-1", "renewd.name": "name-of-token-1", "renewd.result": "done" };
    expect(recorder.named("renewd.token")[0]?.attributes).toEqual({
      ...token,
      "renewd.issuer": "issuer",
      "renewd.renewal": renewal,
    });
    expect(recorder.named("renewd.target").at(-1)?.attributes).toEqual({
      ...token,
      "renewd.target": "a",
      "renewd.store": "store-a",
      "renewd.fingerprint": fingerprint,
    });
    expect(new Set(recorder.named("renewd.call").map(({ kind }) => kind))).toEqual(new Set([SpanKind.CLIENT]));
  });

  it("is in traces of its turns, each linked to the sweep that began it", async () => {
    const world = await tracedWorld();
    await world.event("renewal:settled");
    const turns = [...recorder.named("renewd.token"), ...recorder.named("renewd.target")];
    const sweeps = new Set(recorder.named("renewd.sweep").map((span) => span.spanContext().spanId));
    for (const turn of turns) {
      expect(turn.parentSpanContext).toBeUndefined();
      expect(turn.links.map((link) => sweeps.has(link.context.spanId))).toEqual([true]);
    }
    expect(new Set(turns.map((span) => span.spanContext().traceId)).size).toBe(turns.length);
  });

  it("has no name and no attribute that is not documented, and no token in any", async () => {
    const world = await tracedWorld(SHORT);
    await world.run(2 * HOUR_MS);
    world.place().fail("store_unreachable");
    await world.event("target:failed");
    const always = ["renewal", "fingerprint", "result"];
    for (const { name, attributes } of recorder.spans) {
      const own: readonly string[] = SPANS[name as keyof typeof SPANS].attributes;
      const documented = [...own, ...always].map((each) => `renewd.${each}`);
      expect([...documented, "error.type"]).toEqual(expect.arrayContaining(Object.keys(attributes)));
    }
    const told = recorder.spans.map(({ name, attributes, status, events }) => [name, attributes, status, events]);
    for (const { text } of world.issuer.rows) expect(JSON.stringify(told)).not.toContain(text);
  });
});

describe("a failure", () => {
  it("of a store marks the call, its step and the target's turn with its code, and no other turn", async () => {
    const world = await tracedWorld({ targets: ["a", "b"] });
    world.place("b").fail({ code: "store_denied", on: ["write"] });
    await world.event("target:failed");
    const failed = recorder.spans.filter(({ status }) => status.code === SpanStatusCode.ERROR);
    expect(failed.map(({ name }) => name)).toEqual(["renewd.call", "renewd.deliver", "renewd.target"]);
    for (const { attributes, status } of failed) {
      expect(attributes).toMatchObject({ "error.type": "store_denied", "renewd.result": "failed" });
      expect(status.message).toBe("the store says no");
    }
    expect(failed.at(-1)?.attributes).toMatchObject({ "renewd.target": "b", "renewd.store": "store-b" });
    expect(recorder.open).toEqual([]);
  });

  it("that is an answer and not thrown marks its spans, too", async () => {
    const world = await tracedWorld();
    world.issuer.fail({ refuse: "roles_not_held" }, 1);
    await world.event("renewal:failed");
    expect(recorder.trees("renewd.token")[0]).toBe(
      tree(
        "renewd.token: failed (roles_not_held)",
        "  renewd.look: done",
        "    renewd.call issuer find: done",
        "  renewd.preflight: done",
        "    renewd.call store preflight: done",
        "  renewd.request: failed (roles_not_held)",
        "    renewd.call issuer request: failed (roles_not_held)",
      ),
    );
  });

  it("to pass verification marks the step, although every call went well", async () => {
    const world = await tracedWorld();
    world.issuer.fail({ make: { signed: false } }, 1);
    await world.event("renewal:quarantined");
    const lines = recorder.trees("renewd.token")[0]?.split("\n") ?? [];
    expect(lines).toContain("  renewd.verify: failed (token_rejected)");
    expect(lines).toContain("    renewd.call issuer inspect: done");
  });

  it("of one preflight that is put up with does not mark the turn", async () => {
    const world = await tracedWorld({ targets: ["a", "b"] });
    world.place("b").fail({ code: "store_denied", on: ["preflight"] });
    await world.event("renewal:accepted");
    const lines = recorder.trees("renewd.token")[0]?.split("\n") ?? [];
    expect(lines[0]).toBe("renewd.token: done");
    expect(lines).toContain("    renewd.call store preflight: failed (store_denied)");
  });

  it("of the state marks the turn, which ends all the same", async () => {
    const world = await tracedWorld();
    world.daemon.life.beforeChange = (name) => {
      if (name === "changeToken") throw new RenewdError("state_unwritable", "the disk is full");
    };
    await world.event("sweep:failed");
    expect(recorder.named("renewd.token").map(({ status }) => status)).toEqual([
      { code: SpanStatusCode.ERROR, message: "the disk is full" },
    ]);
    expect(recorder.open).toEqual([]);
  });
});

it("a look that fails is a sweep that failed", async () => {
  const world = await tracedWorld();
  const { engine, sweeper } = world.daemon;
  const due = (): Promise<never> => Promise.reject(new RenewdError("state_unwritable", "the disk is full"));
  const { state } = engine;
  Object.assign(engine, {
    state: new Proxy(state, { get: (of, name) => (name === "due" ? due : Reflect.get(of, name)) }),
  });
  await sweeper.sweep();
  expect(recorder.trees("renewd.sweep")).toEqual(["renewd.sweep: failed (state_unwritable)"]);
});

describe("what does not come to its end", () => {
  async function stopped(world: World): Promise<void> {
    const stop = world.daemon.sweeper.stop(5 * SECOND_MS);
    await world.run(6 * SECOND_MS);
    await stop;
  }

  it("is ended with the daemon, as handed back and not as failed", async () => {
    const world = await tracedWorld();
    world.place().fail({ hang: true, on: ["write"] });
    await world.until(() => world.place().count("write") === 1);
    expect(recorder.open).toEqual(["renewd.target", "renewd.deliver", "renewd.call"]);
    await stopped(world);
    expect(recorder.open).toEqual([]);
    expect(recorder.trees("renewd.target").at(-1)).toBe(
      tree(
        "renewd.target: lease_lost",
        "  renewd.deliver: lease_lost",
        "    renewd.call store observe: done",
        "    renewd.call store write: lease_lost",
      ),
    );
  });

  it("is told as waiting where it is to be looked at again", async () => {
    const world = await tracedWorld();
    world.place().staleMs = 10 * SECOND_MS;
    await world.event("renewal:settled");
    const turns = recorder.trees("renewd.target");
    expect(turns).toContain(
      "renewd.target: look_again\n  renewd.confirm: look_again\n    renewd.call store observe: done",
    );
    expect(recorder.spans.some(({ status }) => status.code === SpanStatusCode.ERROR)).toBe(false);
  });
});

it("ten thousand sweeps with nothing to do leave no span", async () => {
  const world = await tracedWorld();
  await world.event("renewal:settled");
  recorder.clear();
  for (let sweep = 0; sweep < 10_000; sweep += 1) await world.daemon.sweeper.sweep();
  expect(world.daemon.sweeper.lastSweepAt).toBe(world.clock.now());
  expect([recorder.spans, recorder.open]).toEqual([[], []]);
});

/** What each event was told with. */
function correlated(world: World): readonly (Correlation & { readonly type: string })[] {
  const { engine } = world.daemon;
  const seen: (Correlation & { readonly type: string })[] = [];
  const emit: typeof engine.emit = (event) => {
    world.events.push(event);
    seen.push({ type: event.type, ...systemTracer.correlation() });
  };
  Object.assign(engine, { emit });
  return seen;
}

describe("correlation", () => {
  it("is common to what happens in one turn, and each turn has one of its own", async () => {
    const world = await tracedWorld();
    const seen = correlated(world);
    await world.event("renewal:settled");
    const { renewal, fingerprint } = world.told("renewal:accepted")[0]!;
    const of = (type: string): Correlation | undefined => seen.find((each) => each.type === type);
    const [started, accepted] = [of("renewal:started"), of("renewal:accepted")];
    const [delivered, settled] = [of("target:delivered"), of("renewal:settled")];
    expect(accepted).toMatchObject({ renewal, sweep: started?.sweep, work: started?.work });
    expect(delivered).toMatchObject({ issue: fingerprint, work: settled?.work });
    expect(delivered?.work).not.toBe(accepted?.work);
    const spanIds = new Set(recorder.spans.map((span) => span.spanContext().spanId));
    for (const { spanId } of seen) expect(spanIds).toContain(spanId);
  });

  it("has the renewal before anything is asked for", async () => {
    const world = await tracedWorld();
    const seen = correlated(world);
    world.place().fail({ code: "store_denied", on: ["preflight"] });
    await world.event("renewal:preflight-failed");
    const { renewal } = world.told("renewal:started")[0]!;
    expect(seen.find(({ type }) => type === "renewal:preflight-failed")).toMatchObject({ renewal });
  });

  it("has the same renewal in a later turn, in which it is gone on with", async () => {
    const world = await tracedWorld();
    const seen = correlated(world);
    world.issuer.fail("lose_answer", 1);
    await world.event("renewal:accepted");
    const [doubt, minted] = ["renewal:in-doubt", "renewal:minted"].map((type) =>
      seen.find((each) => each.type === type),
    );
    expect(minted).toMatchObject({ renewal: doubt?.renewal });
    expect(minted?.work).not.toBe(doubt?.work);
  });
});
