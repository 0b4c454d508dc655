import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { onSignals } from "../../src/runtime/signals.ts";

describe("onSignals", () => {
  const handlers = { terminate: vi.fn(), abort: vi.fn(), reload: vi.fn() };
  let off: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    for (const handler of Object.values(handlers)) handler.mockReset();
    off = onSignals(handlers);
  });

  afterEach(() => {
    off();
    vi.useRealTimers();
  });

  it.each(["SIGTERM", "SIGINT"] as const)("counts %s twice within a second as one, as npm doubles it", (signal) => {
    process.emit(signal, signal);
    vi.advanceTimersByTime(900);
    process.emit(signal, signal);
    expect(handlers.terminate).toHaveBeenCalledTimes(1);
    expect(handlers.abort).not.toHaveBeenCalled();
  });

  it("aborts at a later one", () => {
    process.emit("SIGTERM", "SIGTERM");
    vi.advanceTimersByTime(1_000);
    process.emit("SIGINT", "SIGINT");
    expect(handlers.terminate).toHaveBeenCalledTimes(1);
    expect(handlers.abort).toHaveBeenCalledTimes(1);
  });

  it("reloads at each SIGHUP that is no echo", () => {
    process.emit("SIGHUP", "SIGHUP");
    process.emit("SIGHUP", "SIGHUP");
    vi.advanceTimersByTime(1_000);
    process.emit("SIGHUP", "SIGHUP");
    expect(handlers.reload).toHaveBeenCalledTimes(2);
    expect(handlers.terminate).not.toHaveBeenCalled();
  });

  it("hears nothing once it was told to stop listening", () => {
    const before = process.listenerCount("SIGHUP");
    off();
    expect(process.listenerCount("SIGHUP")).toBe(before - 1);
  });
});
