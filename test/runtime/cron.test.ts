import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compileCron, startTick, type Tick } from "../../src/runtime/cron.ts";

const at = (text: string): number => Date.parse(text);

/** Every minute of the half-open span at which the expression matches, as RFC 3339. */
function matchesBetween(matches: (at: number) => boolean, from: string, until: string): readonly string[] {
  const found: string[] = [];
  for (let minute = at(from); minute < at(until); minute += 60_000) {
    if (matches(minute)) found.push(`${new Date(minute).toISOString().slice(0, 16)}Z`);
  }
  return found;
}

describe("compileCron", () => {
  it("reads the wall time of the zone: nine in London is 08:00Z in July and 09:00Z in January", () => {
    const nine = compileCron("0 9 * * mon-fri", "Europe/London");
    expect(matchesBetween(nine, "2026-07-01T00:00Z", "2026-07-02T00:00Z")).toEqual(["2026-07-01T08:00Z"]);
    expect(matchesBetween(nine, "2026-01-07T00:00Z", "2026-01-08T00:00Z")).toEqual(["2026-01-07T09:00Z"]);
    expect(matchesBetween(nine, "2026-07-04T00:00Z", "2026-07-06T00:00Z")).toEqual([]);
  });

  it("skips a local time that the spring night leaves out, and meets it twice in autumn", () => {
    const halfPastOne = compileCron("30 1 * * *", "Europe/London");
    expect(matchesBetween(halfPastOne, "2026-03-28T12:00Z", "2026-03-29T12:00Z")).toEqual([]);
    expect(matchesBetween(halfPastOne, "2026-10-24T12:00Z", "2026-10-25T12:00Z")).toEqual([
      "2026-10-25T00:30Z",
      "2026-10-25T01:30Z",
    ]);
  });

  it("answers for the whole minute with five fields and for the whole second with six", () => {
    const minute = compileCron("0 9 * * *", "UTC");
    expect(minute(at("2026-07-01T09:00:59.999Z"))).toBe(true);
    expect(minute(at("2026-07-01T09:01:00Z"))).toBe(false);
    const second = compileCron("*/2 * * * * *", "UTC");
    expect(second(at("2026-07-01T09:00:04.999Z"))).toBe(true);
    expect(second(at("2026-07-01T09:00:05Z"))).toBe(false);
  });

  it("leaves no timer behind", () => {
    vi.useFakeTimers();
    compileCron("0 9 * * *", "UTC");
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it.each([
    ["0 9 * *", "UTC", "not a cron expression"],
    ["61 * * * *", "UTC", "61"],
    ["0 0 31 2 *", "UTC", "31 2"],
    ["@daily", "UTC", "5 or 6 fields"],
    ["* * * * * * *", "UTC", "not a cron expression"],
    ["0 9 * * *", "Europe/Lundon", "Europe/Lundon"],
  ])("refuses %s in %s and says why", (expression, timezone, words) => {
    expect(() => compileCron(expression, timezone)).toThrow(
      expect.objectContaining({ code: "settings_invalid", message: expect.stringContaining(words) as string }),
    );
  });
});

describe("startTick", () => {
  const onTick = vi.fn();
  const onError = vi.fn();
  let tick: Tick | undefined;

  beforeEach(() => {
    vi.useFakeTimers({ now: at("2026-07-01T08:00:00.500Z") });
    onTick.mockReset();
    onError.mockReset();
  });

  afterEach(() => {
    tick?.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("ticks at every match until it is stopped", async () => {
    tick = startTick("*/2 * * * * *", onTick, onError);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(onTick).toHaveBeenCalledTimes(5);
    tick.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(onTick).toHaveBeenCalledTimes(5);
  });

  it("goes on after a tick that threw, and hands the error over", async () => {
    onTick.mockImplementationOnce(() => {
      throw new TypeError("once");
    });
    tick = startTick("*/2 * * * * *", onTick, onError);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(onError).toHaveBeenCalledExactlyOnceWith(new TypeError("once"));
    expect(onTick).toHaveBeenCalledTimes(2);
  });

  it("ticks again within seconds after the wall clock was set back by an hour", async () => {
    tick = startTick("*/2 * * * * *", onTick, onError);
    await vi.advanceTimersByTimeAsync(4_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    onTick.mockClear();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(onTick.mock.calls.length).toBeGreaterThanOrEqual(3);
  });

  it("gives one tick, not thousands, for a month asleep", async () => {
    tick = startTick("*/30 * * * * *", onTick, onError);
    vi.setSystemTime(Date.now() + 30 * 86_400_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(onTick).toHaveBeenCalledTimes(1);
    expect(onError).not.toHaveBeenCalled();
  });

  it("gives a late tick all the same", async () => {
    tick = startTick("*/30 * * * * *", onTick, onError);
    for (let step = 0; step < 3; step += 1) {
      vi.setSystemTime(Date.now() + 1_900);
      await vi.advanceTimersByTimeAsync(5_000);
    }
    await vi.advanceTimersByTimeAsync(15_000);
    expect(onTick).toHaveBeenCalledTimes(1);
  });

  it("refuses an expression that is none", () => {
    expect(() => startTick("every second", onTick, onError)).toThrow(
      expect.objectContaining({ code: "settings_invalid" }),
    );
  });
});
