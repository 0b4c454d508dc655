import { expect, it } from "vitest";
import { breatheBy } from "../../src/runtime/breathe.ts";
import { FakeClock } from "../support/fake-clock.ts";

it("lets others have their turn when a turn has lasted, and not between any two pieces of work", async () => {
  const clock = new FakeClock();
  const breathe = breatheBy(clock);
  const turns: boolean[] = [];
  for (const workMs of [0, 1, 3, 1, 0, 4, 1, 100]) {
    clock.monotonic += workMs;
    let othersHadTheirs = false;
    setImmediate(() => (othersHadTheirs = true));
    await breathe();
    turns.push(othersHadTheirs);
  }
  expect(turns).toEqual([true, false, false, true, false, false, true, true]);
});

it("counts from when a turn began, however long others took before that", async () => {
  const clock = new FakeClock();
  const breathe = breatheBy(clock);
  setImmediate(() => (clock.monotonic += 1_000));
  await breathe();
  let ended = false;
  setImmediate(() => (ended = true));
  await breathe();
  expect(ended).toBe(false);
});
