import { expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";

it("runs what falls due in order of time and shows each task its own instant", async () => {
  const clock = new FakeClock(0);
  const seen: [string, number][] = [];
  clock.after(20, () => seen.push(["second", clock.now()]));
  clock.after(10, () => {
    seen.push(["first", clock.now()]);
    clock.after(5, () => seen.push(["between", clock.now()]));
  });
  clock.after(31, () => seen.push(["later", clock.now()]));
  await clock.advance(30);
  expect(seen).toEqual([
    ["first", 10],
    ["between", 15],
    ["second", 20],
  ]);
  expect([clock.now(), clock.pendingTimers]).toEqual([30, 1]);
});

it("lets promises settle before time goes on", async () => {
  const clock = new FakeClock(0);
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const stamps: number[] = [];
  const work = async (): Promise<void> => {
    for (let round = 0; round < 3; round += 1) {
      await wait(10);
      stamps.push(clock.now());
    }
  };
  const working = work();
  await clock.advance(100);
  await working;
  expect(stamps).toEqual([10, 20, 30]);
});

it("sets the wall clock alone when it jumps", async () => {
  const clock = new FakeClock(1_000);
  const [monotonic, uptime] = [clock.monotonicMs(), clock.uptimeMs()];
  let ran = false;
  const cancel = clock.after(10, () => (ran = true));
  clock.jumpTo(500_000);
  await clock.advance(9);
  expect([clock.now(), clock.monotonicMs() - monotonic, clock.uptimeMs() - uptime, ran]).toEqual([
    500_009,
    9,
    9,
    false,
  ]);
  cancel();
  await clock.advance(9);
  expect(ran).toBe(false);
});
