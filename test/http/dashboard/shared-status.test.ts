import { describe, expect, it } from "vitest";
import type { StatusReport } from "../../../src/core/status.ts";
import { sharedStatus } from "../../../src/http/dashboard/shared-status.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { report } from "../fake-control.ts";

/** A status that is made when the test says so. */
function slow() {
  const waiting: PromiseWithResolvers<StatusReport>[] = [];
  return {
    waiting,
    status: (): Promise<StatusReport> => {
      waiting.push(Promise.withResolvers<StatusReport>());
      return waiting.at(-1)!.promise;
    },
  };
}

describe("the status of all who look", () => {
  it("is made once for those who ask while it is made", async () => {
    for (const clock of [new FakeClock(), undefined]) {
      const control = slow();
      const read = sharedStatus(control, clock);
      const [first, second] = [read(), read()];
      expect(control.waiting).toHaveLength(1);
      control.waiting[0]!.resolve(report);
      expect([await first, await second]).toEqual([report, report]);
    }
  });

  it("is kept for less than a second from when it was asked for", async () => {
    const [control, clock] = [slow(), new FakeClock()];
    const read = sharedStatus(control, clock);
    const first = read();
    await clock.advance(600);
    control.waiting[0]!.resolve(report);
    await first;
    await clock.advance(399);
    await read();
    expect(control.waiting).toHaveLength(1);
    await clock.advance(1);
    void read();
    expect(control.waiting).toHaveLength(2);
  });

  it("is not kept without a clock, nor when it failed", async () => {
    const control = slow();
    const read = sharedStatus(control, undefined);
    const first = read();
    control.waiting[0]!.resolve(report);
    await first;
    void read();
    expect(control.waiting).toHaveLength(2);
    const failing = slow();
    const again = sharedStatus(failing, new FakeClock());
    const failed = again();
    failing.waiting[0]!.reject(new Error("no"));
    await expect(failed).rejects.toThrow("no");
    void again();
    expect(failing.waiting).toHaveLength(2);
  });
});
