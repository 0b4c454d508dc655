import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";

const DAY_MS = 86_400_000;

describe("systemClock", () => {
  it("tells the wall clock, a clock that never goes back, and the host's uptime, all in milliseconds", () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
    const before = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
    expect(systemClock.uptimeMs()).toBeGreaterThan(performance.now());
  });
});

describe("systemClock.after", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("runs the task once, when the delay is over", () => {
    const task = vi.fn();
    systemClock.after(50, task);
    vi.advanceTimersByTime(49);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it("waits out a delay longer than one of Node's timers can be", () => {
    const task = vi.fn();
    systemClock.after(60 * DAY_MS, task);
    vi.advanceTimersByTime(60 * DAY_MS - 1);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it("does nothing once cancelled, also in the second part of a long delay", () => {
    const task = vi.fn();
    systemClock.after(50, task)();
    const cancel = systemClock.after(60 * DAY_MS, task);
    vi.advanceTimersByTime(30 * DAY_MS);
    cancel();
    vi.advanceTimersByTime(60 * DAY_MS);
    expect(task).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("refuses a delay that is no number", () => {
    expect(() => systemClock.after(Number.NaN, () => undefined)).toThrow(TypeError);
  });
});

describe("a pending timer", () => {
  it("does not keep the process alive", () => {
    const before = process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
    const cancel = systemClock.after(60_000, () => undefined);
    expect(process.getActiveResourcesInfo().filter((each) => each === "Timeout").length).toBe(before);
    cancel();
  });
});
