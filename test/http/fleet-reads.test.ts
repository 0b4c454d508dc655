import { describe, expect, it } from "vitest";
import type { StatusReport } from "../../src/core/status.ts";
import { present } from "../../src/core/present.ts";
import { fleetReads } from "../../src/http/fleet-reads.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeControl, report, token } from "./fake-control.ts";
import { bearer, serving } from "./serving.ts";

/** A control whose readings end when the test says so. */
class Slow extends FakeControl {
  readonly waiting: PromiseWithResolvers<void>[] = [];

  override async status(): Promise<StatusReport> {
    await this.#wait();
    return super.status();
  }

  override async calendar(days: number): ReturnType<FakeControl["calendar"]> {
    await this.#wait();
    return super.calendar(days);
  }

  async end(nth: number, failure?: Error): Promise<void> {
    const found = this.waiting[nth];
    if (failure === undefined) found?.resolve();
    else found?.reject(failure);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #wait(): Promise<void> {
    this.waiting.push(Promise.withResolvers());
    await this.waiting.at(-1)?.promise;
  }
}

const parsed = (json: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(json));

describe("the status of all who look", () => {
  it("is made once for those who ask while it is made", async () => {
    for (const clock of [new FakeClock(), undefined]) {
      const control = new Slow();
      const reads = fleetReads(control, clock);
      const [first, second, text] = [reads.report(), reads.report(), reads.statusJson()];
      expect(control.waiting).toHaveLength(1);
      await control.end(0);
      expect([await first, await second]).toEqual([report, report]);
      expect(parsed(await text)).toEqual(present(report));
    }
  });

  it("is kept for less than a second from when it was asked for, and then let go", async () => {
    const [control, clock] = [new Slow(), new FakeClock()];
    const reads = fleetReads(control, clock);
    const first = reads.report();
    await clock.advance(600);
    await control.end(0);
    await first;
    await clock.advance(399);
    await reads.report();
    expect([control.waiting.length, clock.pendingTimers]).toEqual([1, 1]);
    await clock.advance(1);
    void reads.report();
    expect([control.waiting.length, clock.pendingTimers]).toEqual([2, 0]);
  });

  it("is not kept without a clock, nor when it failed, nor when somebody acted", async () => {
    const control = new Slow();
    const reads = fleetReads(control, undefined);
    void reads.report();
    await control.end(0);
    void reads.report();
    expect(control.waiting).toHaveLength(2);

    const failing = new Slow();
    const again = fleetReads(failing, new FakeClock());
    const failed = expect(again.report()).rejects.toThrow("no");
    await failing.end(0, new Error("no"));
    await failed;
    void again.report();
    expect(failing.waiting).toHaveLength(2);

    const acted = new Slow();
    const kept = fleetReads(acted, new FakeClock());
    void kept.report();
    kept.forget();
    void kept.report();
    expect(acted.waiting).toHaveLength(2);
  });

  it("is worded in parts that let others have their turn", async () => {
    const control = new FakeControl();
    control.report = { ...report, tokens: Array.from({ length: 1_000 }, (_, nth) => ({ ...token, token: `t${nth}` })) };
    let breaths = 0;
    const reads = fleetReads(control, undefined, async () => void (breaths += 1));
    expect(parsed(await reads.statusJson())).toEqual(present(control.report));
    expect(breaths).toBeGreaterThanOrEqual(10);
  });
});

describe("readings that differ", () => {
  it("are made two at a time, the others in their order, and beyond a bound refused until later", async () => {
    const control = new Slow();
    const reads = fleetReads(control, new FakeClock());
    const asked = Array.from({ length: 18 }, (_, nth) => reads.calendarJson(nth + 1));
    expect(control.waiting).toHaveLength(2);
    await expect(reads.calendarJson(19)).rejects.toMatchObject({ code: "busy", headers: { "Retry-After": "5" } });
    // What is being made already is not refused, nor who reads by itself.
    const joined = reads.calendarJson(1);
    const alone = reads.inTurn(() => Promise.resolve("read"));
    for (let nth = 0; nth < 18; nth += 1) {
      expect(control.waiting.length).toBeLessThanOrEqual(nth + 2);
      await control.end(nth);
    }
    expect(await alone).toBe("read");
    expect(await joined).toBe(await asked[0]);
    expect(control.asked.map(([, days]) => days)).toEqual(Array.from({ length: 18 }, (_, nth) => nth + 1));
    expect(parsed(await asked[17])).toMatchObject({ days: 18, calendar: [{ token: "flowapi" }] });
  });

  it("over HTTP are answered 503 when there are too many", async () => {
    const control = new Slow();
    await using server = await serving(control);
    const asked = Array.from({ length: 18 }, (_, nth) =>
      server.call("GET", `/api/v1/calendar?days=${nth + 1}`, bearer("viewer")),
    );
    while (control.waiting.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const refused = await Promise.race([...asked, server.call("GET", "/api/v1/calendar?days=99", bearer("viewer"))]);
    expect([refused.status, refused.headers["retry-after"]]).toEqual([503, "5"]);
    expect(JSON.parse(refused.body)).toMatchObject({ code: "busy" });
    expect((await server.call("GET", "/healthz")).status).toBe(200);
    // The page of one token needs no reading of the fleet.
    expect((await server.call("GET", "/tokens/flowapi", bearer("viewer"))).status).toBe(200);
  });
});
